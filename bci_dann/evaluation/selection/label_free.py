"""Label-free model selection: scores that choose a pipeline for a subject, and their regret.

For each target subject a label-free score ranks the pipelines of a results folder. Labels are then
used to compute the accuracy of the chosen pipeline, and the regret compared with the best choice in
hindsight. They influence choices only in the rows ``other_subjects`` and ``oracle``.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
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
ByPipelineAndSubject = dict[str, dict[str, SubjectPredictions]]
# Smallest probability of which a logarithm is taken, so that an entropy of predictions with zeros
# is finite; p log p is below 3e-11 there.
MIN_PROBABILITY = 1e-12
# Temperature of Saito et al. (2021).
NEIGHBOURS_TEMPERATURE = 0.05


@dataclass(frozen=True)
class Candidate:
    """The predictions of one pipeline for the trials of one target.

    Attributes
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Predicted probabilities, in the order of recording.
    sessions : ndarray of str, shape (n_trials,)
        The session of each trial.
    committee : ndarray, shape (n_trials, n_classes)
        The mean probabilities over all pipelines.
    """

    probabilities: Floats
    sessions: NDArray[np.str_]
    committee: Floats


def certainty(candidate: Candidate) -> float:
    """Return the negative mean entropy of the predictions.

    Morerio, Cavazza and Murino (2018), "Minimal-entropy correlation alignment for unsupervised
    deep domain adaptation", ICLR, section 4.

    Parameters
    ----------
    candidate : Candidate
        The predictions of one pipeline for one target.

    Returns
    -------
    float
        The score, at most 0 (nats); higher is better.
    """
    return -float(_entropy(candidate.probabilities).mean())


def information(candidate: Candidate) -> float:
    """Return the mutual information of trials and predictions.

    The entropy of the mean prediction minus the mean entropy of the predictions: Musgrave,
    Belongie and Lim (2022), "Benchmarking validation methods for unsupervised domain adaptation",
    arXiv:2208.07360.

    Parameters
    ----------
    candidate : Candidate
        The predictions of one pipeline for one target.

    Returns
    -------
    float
        The score, at least 0 (nats); higher is better.
    """
    return float(_entropy(candidate.probabilities.mean(0))) + certainty(candidate)


def neighbourhood_density(candidate: Candidate) -> float:
    """Return the soft neighbourhood density of the predictions.

    Saito, Kim, Teterwak, Sclaroff, Darrell and Saenko (2021), "Tune it the right way: unsupervised
    validation of domain adaptation via soft neighborhood density", ICCV, eqs. 2 to 4.

    Parameters
    ----------
    candidate : Candidate
        The predictions of one pipeline for one target.

    Returns
    -------
    float
        The mean entropy of each trial's similarities to the others (nats); higher is better.
    """
    p = candidate.probabilities
    unit = p / np.linalg.norm(p, axis=1, keepdims=True)
    similarity = unit @ unit.T / NEIGHBOURS_TEMPERATURE
    np.fill_diagonal(similarity, -np.inf)
    shares = np.exp(similarity - similarity.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    return float(_entropy(shares).mean())


def steadiness(candidate: Candidate) -> float:
    """Return the negative serial correlation of the outputs, as computed by the drift guard.

    Cues are in random order, so outputs that follow the cues have no serial correlation, whereas
    outputs that follow a drift of the signals do.

    Parameters
    ----------
    candidate : Candidate
        The predictions of one pipeline for one target.

    Returns
    -------
    float
        The score; higher is better. See
        :func:`bci_dann.adaptation.drift_guard.serial_correlation`.
    """
    from bci_dann.adaptation.drift_guard import serial_correlation

    logs = np.log(np.maximum(candidate.probabilities, MIN_PROBABILITY))
    return -serial_correlation(logs, candidate.sessions)


def guarded_information(candidate: Candidate) -> float:
    """Return the information score of outputs without drift, and the negative drift of others.

    Parameters
    ----------
    candidate : Candidate
        The predictions of one pipeline for one target.

    Returns
    -------
    float
        The score, above 0 for outputs that the drift guard accepts, below 0 for others; higher is
        better.
    """
    from bci_dann.adaptation.drift_guard import drift_limit

    drift = -steadiness(candidate)
    is_trusted = drift <= drift_limit(len(candidate.probabilities))
    return information(candidate) if is_trusted else -drift


def consensus(candidate: Candidate) -> float:
    """Return the share of trials with the same predicted class as the committee.

    Parameters
    ----------
    candidate : Candidate
        The predictions of one pipeline for one target.

    Returns
    -------
    float
        The score, between 0 and 1; higher is better.
    """
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
    """Return accuracy and regret of several rules for choosing a pipeline for each subject.

    Parameters
    ----------
    folder : str or pathlib.Path
        A results folder with records; nothing is trained.
    pipelines : sequence of str, optional
        The candidate pipelines; by default all that have predictions for every subject.

    Returns
    -------
    pandas.DataFrame
        One row for each protocol and rule, with decreasing accuracy. ``accuracy`` (%) and
        ``roc_auc`` (0 to 1) are means over subjects and seeds, each computed over all trials of a
        subject, whereas ``results.csv`` has one value for each session. ``regret`` and
        ``worst_regret`` are the loss of accuracy compared with the best choice in hindsight, mean
        and worst subject (points). The rules are the label-free :data:`SCORES`;
        ``other_subjects``, the pipeline that is best for all other subjects, whose labels are known
        (in their folds, the target was among the sources); ``always NAME``;
        and ``oracle``, the best choice in hindsight, which uses the labels of the target.

    Raises
    ------
    ResultsError
        When the folder has no records, or a pipeline is missing for some subjects.
    ConfigError
        When there are fewer than two candidate pipelines, or one is not in the folder.

    See Also
    --------
    nested_choice : Chooses by nested evaluation on the other subjects, whose labels are known.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import run_benchmark
    >>> from bci_dann.evaluation import selection_table
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "protocols": ["train"]}
    >>> config["pipelines"] = ["csp_lda", "ea_csp_lda"]
    >>> with TemporaryDirectory() as folder:
    ...     results = run_benchmark(config, out=folder, progress=False)
    ...     table = selection_table(folder)
    >>> "oracle" in set(table["choice"])
    True
    """
    import pandas as pd

    groups = _predictions_by_protocol_and_seed(folder, pipelines)
    rows = [
        {"protocol": protocol, "seed": seed, **row}
        for (protocol, seed), predictions in groups.items()
        for row in _choices(predictions, must_be_complete=pipelines is not None)
    ]
    table = pd.DataFrame(rows).groupby(["protocol", "choice", "subject"]).mean(numeric_only=True)
    by_choice = table.groupby(["protocol", "choice"])
    result = by_choice[["accuracy", "roc_auc", "regret"]].mean()
    result["worst_regret"] = by_choice["regret"].max()
    result = result.reset_index().sort_values(
        ["protocol", "accuracy"], ascending=[True, False], ignore_index=True
    )
    result[["accuracy", "regret", "worst_regret"]] *= 100
    return result


def _predictions_by_protocol_and_seed(
    folder: str | Path, pipelines: Sequence[str] | None
) -> dict[tuple[str, int], list[SubjectPredictions]]:
    manifest = ResultsFolder(folder).manifest()
    if manifest is not None:
        for name in pipelines or ():
            check_option("each of --pipelines", name, manifest.pipelines)
    groups: dict[tuple[str, int], list[SubjectPredictions]] = defaultdict(list)
    for predictions in read_predictions(folder):
        if pipelines is None or predictions.pipeline in pipelines:
            groups[predictions.protocol, predictions.seed].append(predictions)
    if not groups:
        raise ResultsError(f"{folder} has no records of these pipelines. Run a benchmark first.")
    return groups


def _choices(
    predictions: Sequence[SubjectPredictions], must_be_complete: bool
) -> list[dict[str, str | float]]:
    """Return one row for each subject and rule, for one protocol and seed."""
    by_name: ByPipelineAndSubject = defaultdict(dict)
    for prediction in predictions:
        by_name[prediction.pipeline][prediction.subject] = prediction
    subjects = sorted(set(itertools.chain.from_iterable(by_name.values())))
    names = _complete_pipelines(by_name, subjects, must_be_complete)
    scores = {
        (name, subject): _accuracy_and_auc(by_name[name][subject])
        for name in names
        for subject in subjects
    }
    rows: list[dict[str, str | float]] = []
    for subject in subjects:
        best = max(scores[name, subject][0] for name in names)
        candidates = _candidates({name: by_name[name][subject] for name in names})
        choices = {**_label_free_choices(candidates), **_labelled_choices(names, scores, subject)}
        for choice, name in choices.items():
            accuracy, auc = scores[name, subject]
            row: dict[str, str | float] = {"choice": choice, "subject": subject}
            row.update(accuracy=accuracy, roc_auc=auc, regret=best - accuracy)
            rows.append(row)
    return rows


def _complete_pipelines(
    by_name: ByPipelineAndSubject, subjects: Sequence[str], must_be_complete: bool
) -> list[str]:
    """Return the pipelines that have predictions for every subject."""
    missing = {
        name: set(subjects) - set(by_subject)
        for name, by_subject in by_name.items()
        if len(by_subject) < len(subjects)
    }
    if missing and must_be_complete:
        raise ResultsError(
            f"predictions are missing for these subjects: {_subjects_text(missing)}. Finish the "
            "run first."
        )
    names = sorted(set(by_name) - set(missing))
    if len(names) < 2:
        raise ConfigError(
            f"a choice needs at least two pipelines with predictions for all subjects, but there "
            f"are only {len(names)}: {', '.join(names) or 'none'}."
        )
    return names


def _subjects_text(subjects: Mapping[str, set[str]]) -> str:
    """Return the subjects of each pipeline as text, for a message."""
    return "; ".join(f"{name}: {', '.join(sorted(own))}" for name, own in subjects.items())


def _candidates(predictions: Mapping[str, SubjectPredictions]) -> dict[str, Candidate]:
    """Return the candidates for one subject, by pipeline."""
    committee = np.mean([prediction.probabilities for prediction in predictions.values()], axis=0)
    return {
        name: Candidate(prediction.probabilities, prediction.sessions, committee)
        for name, prediction in predictions.items()
    }


def _label_free_choices(candidates: Mapping[str, Candidate]) -> dict[str, str]:
    """Return the pipeline that each label-free score chooses for a subject."""
    choices = {}
    for label, rate in SCORES.items():
        ratings = {name: rate(candidate) for name, candidate in candidates.items()}
        choices[label] = max(candidates, key=ratings.__getitem__)
    return choices


def _labelled_choices(
    names: Sequence[str], scores: Mapping[tuple[str, str], tuple[float, float]], subject: str
) -> dict[str, str]:
    """Return the choices of the rules that use labels, and of those that are constant."""
    others = [other for name, other in scores if name == names[0] and other != subject]
    choices = {
        "other_subjects": max(
            names, key=lambda name: sum(scores[name, other][0] for other in others)
        ),
        "oracle": max(names, key=lambda name: scores[name, subject][0]),
    }
    return choices | {f"always {name}": name for name in names}


def _accuracy_and_auc(predictions: SubjectPredictions) -> tuple[float, float]:
    scores = score(predictions.probabilities, predictions.truth, predictions.classes.tolist())
    return scores["accuracy"], scores["roc_auc"]


def _entropy(p: Floats) -> Floats:
    entropy: Floats = -(p * np.log(np.maximum(p, MIN_PROBABILITY))).sum(-1)
    return entropy
