"""Calibration by source subjects, for subjects who take no part in it.

Each subject in turn is new: `CalibratedClassifier` learns temperature, prediction sets and the
threshold of abstention from the others, adapts to all trials of the new one without labels, and
predicts them. Probabilities of the method itself are compared with the calibrated ones. Half an
hour on a quiet machine; with `--rows` a run that was stopped goes on where it was.

    python tests/benchmarks/bench_calibration.py --data-dir FOLDER --table calibration.csv
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from timing import markdown, say

from bci_dann import CalibratedClassifier, load_dataset
from bci_dann.alignment import ResultCache
from bci_dann.data import EEGTrials, open_trials, prepare_trials
from bci_dann.evaluation import load_config
from bci_dann.evaluation.metrics import score
from bci_dann.exceptions import BCIDannWarning
from bci_dann.reporting import publish_own

NOTE = (
    "CalibratedClassifier for new subjects: each subject is left out, and calibrated by the "
    "others; MI-OpenBCI (Peterson et al. 2020), and two simulated datasets of eight subjects; "
    "negative log-likelihood and expected calibration error before and after, coverage and size "
    "of prediction sets, share of answered trials and the error among them"
)
METHODS = ("bci_dann_light", "ra_ts_logistic")
SET_COVERAGE, MAX_ERROR = 0.9, 0.1
WORLDS, BANDS = 2, {"band": [8, 30], "window": [0.5, 3.5], "resample": 64}


def datasets(data_dir: Path) -> Iterator[tuple[str, list[EEGTrials]]]:
    """Yield each kind of data: its name, and the trials of its datasets."""
    run = load_config("mi_openbci")
    yield "MI-OpenBCI", [open_trials(prepare_trials(run.data, run.preprocessing, data_dir))]
    settings = {"n_subjects": 8, "n_trials": 30, "snr": 0.7, "preprocessing": BANDS}
    yield (
        "simulated",
        [load_dataset("SimulatedMI", **settings, random_state=seed) for seed in range(WORLDS)],
    )


def measured(method: str, trials: EEGTrials, subject: str, cache: ResultCache) -> dict[str, Any]:
    """Return what calibration changes for a new subject."""
    new = trials.subjects == subject
    source, target = trials[~new], trials[new]
    model = CalibratedClassifier(method, set_coverage=SET_COVERAGE, max_error=MAX_ERROR)
    model.use_cache(cache).fit(source.unlabelled(), source.y)
    adapted = model.adapt(target.unlabelled())
    truth, names = np.asarray(target.y), adapted.classes_.tolist()
    raw = score(adapted.method_.predict_proba(target.unlabelled()), truth, names)
    calibrated = score(adapted.predict_proba(target.unlabelled()), truth, names)
    sets = adapted.predict_set(target.unlabelled())
    is_true = truth[:, None] == adapted.classes_
    predicted = adapted.predict(target.unlabelled())
    answered = np.array([one is not None for one in predicted])
    return {
        "accuracy": raw["accuracy"],
        "temperature": adapted.calibration_.temperature,
        "nll": raw["nll"],
        "calibrated_nll": calibrated["nll"],
        "ece": raw["ece"],
        "calibrated_ece": calibrated["ece"],
        "set_coverage": float(sets[is_true].mean()),
        "set_size": float(sets.sum(axis=1).mean()),
        "answered": float(answered.mean()),
        "n_answered": int(answered.sum()),
        "n_wrong": int((predicted[answered] != truth[answered]).sum()),
    }


def rows_of(data_dir: Path, done: set[tuple[str, ...]]) -> Iterator[dict[str, Any]]:
    for kind, parts in datasets(data_dir):
        for number, trials in enumerate(parts):
            cache = ResultCache(2**30)
            for method in METHODS:
                for subject in np.unique(trials.subjects).tolist():
                    key = {"set": kind, "pipeline": method, "part": str(number), "subject": subject}
                    if tuple(key.values()) not in done:
                        yield {**key, **measured(method, trials, subject, cache)}


def summarised(rows: pd.DataFrame) -> pd.DataFrame:
    """Return means over subjects, and the error among all answered trials."""
    table = []
    for (kind, method), own in rows.groupby(["set", "pipeline"], sort=False):
        means = own.drop(columns=["set", "pipeline", "part", "subject"]).mean()
        table.append(
            {
                "set": kind,
                "pipeline": method,
                "n_subjects": len(own),
                "accuracy": 100 * means["accuracy"],
                **means[["temperature", "nll", "calibrated_nll", "ece", "calibrated_ece"]],
                "set_coverage": 100 * means["set_coverage"],
                "lowest_set_coverage": 100 * own["set_coverage"].min(),
                "set_size": means["set_size"],
                "answered": 100 * means["answered"],
                "error_of_answered": 100 * own["n_wrong"].sum() / max(1, own["n_answered"].sum()),
            }
        )
    return pd.DataFrame(table)


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
        rows = pd.read_csv(o.rows, dtype={"subject": str, "part": str}).to_dict("records")
    done = {(row["set"], row["pipeline"], row["part"], row["subject"]) for row in rows}
    with warnings.catch_warnings():  # of subjects that are not adapted to yet
        warnings.simplefilter("ignore", BCIDannWarning)
        for row in rows_of(o.data_dir, done):
            rows.append(row)
            if o.rows:
                pd.DataFrame(rows).to_csv(o.rows, index=False)
    table = summarised(pd.DataFrame(rows))
    if o.table:
        publish_own(table, NOTE, o.table)
    say(markdown(table.round(3).to_dict("records")))


if __name__ == "__main__":
    main()
