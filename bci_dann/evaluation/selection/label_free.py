"""Choosing among methods for a person without labels, and what each way to choose costs.

For every target subject a label-free score ranks the pipelines of a results folder; the labels
then tell what that choice was worth, and the regret against the best choice in hindsight. The
labels never enter a choice, but for the two rows that say so.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann._validation import check_option
from bci_dann.evaluation.metrics import score
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.evaluation.selection.subject_predictions import SubjectPredictions, read_predictions
from bci_dann.exceptions import ConfigError, ResultsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SCORES", "selection_table"]

Floats = NDArray[np.float64]
TINY = 1e-12
# Temperature of Saito et al. (2021).
NEIGHBOURS_TEMPERATURE = 0.05


@dataclass(frozen=True)
class Candidate:
    """What one pipeline says of one target's trials.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        In the order of recording.
    sessions : ndarray of str, shape (n_trials,)
        The session of each trial.
    committee : ndarray, shape (n_trials, n_classes)
        The mean over all pipelines.
    """

    probabilities: Floats
    sessions: NDArray[np.str_]
    committee: Floats


def certainty(candidate: Candidate) -> float:
    """Return minus the mean entropy of the predictions (nats).

    Morerio, Cavazza and Murino (2018), "Minimal-entropy correlation alignment for unsupervised
    deep domain adaptation", ICLR, section 4.
    """
    return -float(_entropy(candidate.probabilities).mean())


def information(candidate: Candidate) -> float:
    """Return the mutual information of trials and predictions (nats).

    Musgrave, Belongie and Lim (2022), "Benchmarking validation methods for unsupervised domain
    adaptation", arXiv:2208.07360.
    """
    return float(_entropy(candidate.probabilities.mean(0))) + certainty(candidate)


def neighbourhood_density(candidate: Candidate) -> float:
    """Return how densely the predictions of the trials lie together (nats).

    Saito, Kim, Teterwak, Sclaroff, Darrell and Saenko (2021), "Tune it the right way: unsupervised
    validation of domain adaptation via soft neighborhood density", ICCV, eqs. 2 to 4.
    """
    p = candidate.probabilities
    unit = p / np.linalg.norm(p, axis=1, keepdims=True)
    similarity = unit @ unit.T / NEIGHBOURS_TEMPERATURE
    np.fill_diagonal(similarity, -np.inf)
    shares = np.exp(similarity - similarity.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    return float(_entropy(shares).mean())


def steadiness(candidate: Candidate) -> float:
    """Return minus the serial correlation of the outputs; see the guard of the estimators."""
    from bci_dann.adaptation.drift_guard import serial_correlation

    logs = np.log(np.maximum(candidate.probabilities, TINY))
    return -serial_correlation(logs, candidate.sessions)


def guarded_information(candidate: Candidate) -> float:
    """Return the information where the outputs do not drift, and what is below it where they do."""
    from bci_dann.adaptation.drift_guard import drift_limit

    drift = -steadiness(candidate)
    trusted = drift <= drift_limit(len(candidate.probabilities))
    return information(candidate) if trusted else -drift


def consensus(candidate: Candidate) -> float:
    """Return the share of trials in which the candidate agrees with the committee."""
    agree = candidate.probabilities.argmax(1) == candidate.committee.argmax(1)
    return float(agree.mean())


SCORES: dict[str, Callable[[Candidate], float]] = {
    "certainty": certainty,
    "information": information,
    "neighbourhood_density": neighbourhood_density,
    "steadiness": steadiness,
    "guarded_information": guarded_information,
    "consensus": consensus,
}


def selection_table(folder: str | Path, pipelines: Sequence[str] | None = None) -> pd.DataFrame:
    """Return what choosing a pipeline for each subject would have brought.

    Parameters
    ----------
    folder : path
        A results folder; its records are read, nothing is computed anew.
    pipelines : sequence of str, optional
        Those to choose among; all that every subject has where it is not given.

    Returns
    -------
    pandas.DataFrame
        One row for each protocol and way to choose, by falling accuracy: ``accuracy`` and
        ``roc_auc`` (means over subjects and seeds, % and 0 to 1; each over all trials of a
        subject, where ``results.csv`` has one for each session), ``regret`` and
        ``worst_regret`` (accuracy lost against the best choice in hindsight, mean and worst
        subject, points). The ways are the label-free :data:`SCORES`;
        ``other_subjects``, the pipeline that was best for all others, whose labels are known
        (though the folds of the others had the target among their sources); ``always NAME``;
        and ``oracle``, which looks at the target's labels and is no choice at all.

    Raises
    ------
    ResultsError
        When the folder has no records, or a pipeline is missing for some subjects.
    ConfigError
        When there are not two pipelines to choose among, or one is not in the folder.
    """
    import pandas as pd

    manifest = ResultsFolder(folder).manifest()
    if manifest is not None:
        for name in pipelines or ():
            check_option("each of --pipelines", name, manifest.pipelines)
    groups: dict[tuple[str, int], list[SubjectPredictions]] = defaultdict(list)
    for outcome in read_predictions(folder):
        if pipelines is None or outcome.pipeline in pipelines:
            groups[outcome.protocol, outcome.seed].append(outcome)
    if not groups:
        raise ResultsError(f"{folder} holds no records of these pipelines. Run a benchmark first.")
    found = [
        {"protocol": protocol, "seed": seed, **row}
        for (protocol, seed), outcomes in groups.items()
        for row in _choices(outcomes, pipelines)
    ]
    table = pd.DataFrame(found).groupby(["protocol", "choice", "subject"]).mean(numeric_only=True)
    by_choice = table.groupby(["protocol", "choice"])
    result = by_choice[["accuracy", "roc_auc", "regret"]].mean()
    result["worst_regret"] = by_choice["regret"].max()
    result = result.reset_index().sort_values(
        ["protocol", "accuracy"], ascending=[True, False], ignore_index=True
    )
    result[["accuracy", "regret", "worst_regret"]] *= 100
    return result


def _choices(
    outcomes: Sequence[SubjectPredictions], wanted: Sequence[str] | None
) -> list[dict[str, str | float]]:
    """Return one row for each subject and way to choose, for one protocol and seed."""
    by_name: dict[str, dict[str, SubjectPredictions]] = defaultdict(dict)
    for outcome in outcomes:
        by_name[outcome.pipeline][outcome.subject] = outcome
    subjects = sorted(set(itertools.chain.from_iterable(by_name.values())))
    missing = {
        n: set(subjects) - set(own) for n, own in by_name.items() if len(own) < len(subjects)
    }
    if missing and wanted is not None:
        raise ResultsError(f"subjects are missing: {missing}. Finish the run first.")
    names = sorted(set(by_name) - set(missing))
    if len(names) < 2:
        raise ConfigError(
            f"a choice needs at least two pipelines with all subjects; there is {names}."
        )
    marks = {(n, s): _mark(by_name[n][s]) for n in names for s in subjects}
    rows: list[dict[str, str | float]] = []
    for subject in subjects:
        best = max(marks[n, subject][0] for n in names)
        for choice, name in _chosen(by_name, names, subjects, subject, marks).items():
            accuracy, auc = marks[name, subject]
            row: dict[str, str | float] = {"choice": choice, "subject": subject}
            row.update(accuracy=accuracy, roc_auc=auc, regret=best - accuracy)
            rows.append(row)
    return rows


def _chosen(
    by_name: dict[str, dict[str, SubjectPredictions]],
    names: list[str],
    subjects: list[str],
    subject: str,
    marks: dict[tuple[str, str], tuple[float, float]],
) -> dict[str, str]:
    """Return the pipeline that each way chooses for a subject."""
    committee = np.mean([by_name[n][subject].probabilities for n in names], axis=0)
    candidates = {
        n: Candidate(by_name[n][subject].probabilities, by_name[n][subject].sessions, committee)
        for n in names
    }
    chosen = {}
    for label, rate in SCORES.items():
        rated = {name: rate(candidates[name]) for name in names}
        chosen[label] = max(names, key=rated.__getitem__)
    others = [other for other in subjects if other != subject]
    chosen["other_subjects"] = max(names, key=lambda n: sum(marks[n, o][0] for o in others))
    chosen["oracle"] = max(names, key=lambda n: marks[n, subject][0])
    return chosen | {f"always {name}": name for name in names}


def _mark(outcome: SubjectPredictions) -> tuple[float, float]:
    """Return accuracy and ROC AUC."""
    marks = score(outcome.probabilities, outcome.truth, outcome.classes.tolist())
    return marks["accuracy"], marks["roc_auc"]


def _entropy(p: Floats) -> Floats:
    entropy: Floats = -(p * np.log(np.maximum(p, TINY))).sum(-1)
    return entropy
