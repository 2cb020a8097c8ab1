"""The accuracy to expect of a new subject, without labels, against the true one.

What `fit --expect-accuracy` learns of training subjects and `adapt` says of a new one: of each
subject of MI-OpenBCI from the other nine, which takes a model of each eight; and of new subjects of
simulated worlds, in which subjects differ widely in the strength of their rhythms. The rival is the
mean accuracy of the training subjects. An hour on a quiet machine; with `--rows` a run that was
stopped goes on where it was.

    python tests/benchmarks/bench_expected_accuracy.py --data-dir FOLDER --table expected.csv
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from timing import markdown, say

from bci_dann import load_dataset
from bci_dann.alignment import ResultCache
from bci_dann.data import EEGTrials, SimulatedMI, open_trials, prepare_trials
from bci_dann.estimators import build_method
from bci_dann.evaluation import load_config
from bci_dann.exceptions import BCIDannWarning
from bci_dann.reporting import publish_own
from bci_dann.serving.expected_accuracy import AccuracyExpectation, confidence_and_accuracy

NOTE = (
    "Accuracy to expect of a new subject, from the confidence of bci_dann_light on 40 trials "
    "without labels, against the accuracy on the 80 that follow: MI-OpenBCI (Peterson et al. "
    "2020), each subject from the other nine; simulated, 16 new subjects of each world from 8"
)
REAL, SIMULATED = "MI-OpenBCI", "simulated"
N_SOURCES, N_NEW, N_WORLDS = 8, 16, 6


def measured(trials: EEGTrials, train: np.ndarray, subject: str, cache: ResultCache) -> Any:
    """Return confidence and accuracy of a model of some trials for a subject."""
    sources, own = trials[train], trials[trials.subjects == subject]
    model = build_method("bci_dann_light").use_cache(cache)
    model.fit(sources.unlabelled(), sources.y)
    pair = confidence_and_accuracy(model, own.unlabelled(), np.asarray(own.y))
    return dict(zip(("confidence", "accuracy"), pair, strict=True))


def real_rows(data_dir: Path, done: set[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """Yield what is known of each subject where one is new, by models of the others."""
    run = load_config("mi_openbci")
    trials = open_trials(prepare_trials(run.data, run.preprocessing, data_dir))
    subjects, cache = trials.subjects, ResultCache(2**30)
    names = np.unique(subjects).tolist()
    for new in names:
        if (REAL, new, "new", new) not in done:
            scores = measured(trials, subjects != new, new, cache)
            yield {"set": REAL, "world": new, "role": "new", "subject": new, **scores}
    for pair in combinations(names, 2):
        for new, source in (pair, pair[::-1]):
            if (REAL, new, "source", source) not in done:
                scores = measured(trials, ~np.isin(subjects, pair), source, cache)
                yield {"set": REAL, "world": new, "role": "source", "subject": source, **scores}


def world_trials(world: int) -> EEGTrials:
    """Return the trials of a world, whose subjects differ in their rhythms."""
    rng, parts = np.random.default_rng(world), []
    for subject in range(1, N_SOURCES + N_NEW + 1):
        erd = float(rng.uniform(0, 0.8))
        dataset = SimulatedMI(
            n_subjects=subject,
            n_trials=60,
            erd=erd,
            snr=float(rng.uniform(0.5, 1.2)),
            random_state=100 * world,
        )
        parts.append(load_dataset(dataset, subjects=[subject]))
    return EEGTrials.concatenate(parts)


def simulated_rows(done: set[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """Yield what is known of each training subject and each new one of simulated worlds."""
    for world in range(N_WORLDS):
        if (SIMULATED, str(world), "new", str(N_SOURCES + N_NEW)) in done:
            continue
        trials, cache = world_trials(world), ResultCache(2**30)
        names = [str(number) for number in range(1, N_SOURCES + N_NEW + 1)]
        is_source = np.isin(trials.subjects, names[:N_SOURCES])
        for number, name in enumerate(names):
            role = "source" if number < N_SOURCES else "new"
            key = {"set": SIMULATED, "world": str(world), "role": role, "subject": name}
            if tuple(key.values()) not in done:
                train = is_source & (trials.subjects != name)
                yield {**key, **measured(trials, train, name, cache)}


def summarised(rows: pd.DataFrame) -> pd.DataFrame:
    """Return for each set how far what is expected is from what is true."""
    table = [{"set": kind, **errors(of_set)} for kind, of_set in rows.groupby("set", sort=False)]
    return pd.DataFrame(table)


def errors(rows: pd.DataFrame) -> dict[str, float]:
    """Compare expected and true accuracies of the new subjects of some worlds."""
    expected, truth, means = [], [], []
    for _, world in rows.groupby("world"):
        known, new = world[world["role"] == "source"], world[world["role"] == "new"]
        learned = AccuracyExpectation(
            confidences=known["confidence"].tolist(),
            accuracies=known["accuracy"].tolist(),
            n_classes=2,
        )
        expected += [learned.of(confidence) for confidence in new["confidence"]]
        truth += new["accuracy"].tolist()
        means += [known["accuracy"].mean()] * len(new)
    values, true = np.array([one.value for one in expected]), np.array(truth)
    is_poor = true < expected[0].worth_from
    is_warned = np.array([not one.is_worth_it for one in expected])
    inside = [one.low <= is_so <= one.high for one, is_so in zip(expected, true, strict=True)]
    return {
        "n_worlds": rows["world"].nunique(),
        "n_subjects": len(true),
        "accuracy": 100 * float(true.mean()),
        "std_subjects": 100 * float(true.std()),
        "error": 100 * float(np.abs(values - true).mean()),
        "error_of_mean": 100 * float(np.abs(np.array(means) - true).mean()),
        "stated_error": 100 * float(np.mean([one.error for one in expected])),
        "correlation": float(np.corrcoef(values, true)[0, 1]),
        "within_interval": 100 * float(np.mean(inside)),
        "interval_width": 100 * float(np.mean([one.high - one.low for one in expected])),
        "n_below": int(is_poor.sum()),
        "warned_below": int((is_warned & is_poor).sum()),
        "warned_above": int((is_warned & ~is_poor).sum()),
        "uses_confidence": 100 * float(np.mean([one.uses_confidence for one in expected])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder of MI-OpenBCI")
    parser.add_argument("--table", type=Path, help="CSV file for docs/results")
    parser.add_argument("--rows", type=Path, help="CSV file of single subjects, to go on from")
    o = parser.parse_args()
    rows: list[dict[str, Any]] = []
    if o.rows and o.rows.exists():
        rows = pd.read_csv(o.rows, dtype={"subject": str, "world": str}).to_dict("records")
    done = {(row["set"], row["world"], row["role"], row["subject"]) for row in rows}
    with warnings.catch_warnings():  # of subjects that are not adapted to yet
        warnings.simplefilter("ignore", BCIDannWarning)
        for more in chain(real_rows(o.data_dir, done), simulated_rows(done)):
            rows.append(more)
            if o.rows:
                pd.DataFrame(rows).to_csv(o.rows, index=False)
    table = summarised(pd.DataFrame(rows))
    if o.table:
        publish_own(table, NOTE, o.table)
    say(markdown(table.to_dict("records")))


if __name__ == "__main__":
    main()
