"""Source-free adaptation against joint training, leave one subject out, on MI-OpenBCI.

One decoder is fitted to each nine subjects and saved. Processes of their own, `bci-dann adapt` and
`bci-dann predict`, adapt it to the first run of the tenth without labels, and predict the other
runs; what they predict is compared with the model in memory. Joint training is that of the protocol
`train_and_target_unlabeled_20p`: the first fifth of each run is there, without labels, when the
decoder is fitted. Some ten minutes on a quiet machine. With `--rows` a run that was stopped goes on
where it was.

    python tests/benchmarks/bench_source_free.py --data-dir FOLDER --table source_free.csv
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from timing import markdown, say

from bci_dann import serving
from bci_dann.alignment import ResultCache
from bci_dann.data import EEGTrials, make_dataset, open_trials, prepare_trials
from bci_dann.evaluation import PipelineSpec, build, load_config, split
from bci_dann.evaluation.config.run_config import pipeline_specs
from bci_dann.exceptions import BCIDannWarning
from bci_dann.reporting import publish_own

NOTE = (
    "MI-OpenBCI (Peterson et al. 2020), 15 electrodes, fitted to nine subjects; source_free: "
    "saved, and in processes of their own adapted to the first run of the tenth without labels and "
    "used on the others; joint: fitted together with the first fifth of each run of the tenth, "
    "without labels, protocol train_and_target_unlabeled_20p"
)
JOINT = "train_and_target_unlabeled_20p"
# All that a model has not seen, or the later four fifths of all runs but the first.
OWN, COMMON = "all not seen", "not seen by either"


class Predictions(NamedTuple):
    """Probabilities of the second class for trials of a subject, by their position in it."""

    positions: np.ndarray
    probabilities: np.ndarray


def recordings_of(trials: EEGTrials, data_dir: Path) -> list[tuple[str, Path]]:
    """Return session and path of each recording of the one subject of some trials."""
    dataset = make_dataset(load_config("mi_openbci").data, data_dir)
    rows = trials.metadata[["subject", "session", "run"]].drop_duplicates()
    return [
        (row.session, data_dir / dataset.recording_path(row.subject, row.session, row.run))
        for row in rows.itertuples()
    ]


def joint(spec: PipelineSpec, trials: EEGTrials, subject: str, cache: ResultCache) -> Predictions:
    """Fit on the others together with a fifth of a subject's trials, and predict the rest."""
    fold = split(trials.metadata, subject, JOINT)
    others = trials[fold.train]
    seen = trials[fold.unlabelled].unlabelled()
    model = build(spec, 0).use_cache(cache)
    model.fit(others.unlabelled(), others.y, X_target_unlabeled=seen)
    first = np.flatnonzero(trials.subjects == subject)[0]
    test = trials[fold.test].unlabelled()
    return Predictions(fold.test - first, model.predict_proba(test)[:, 1])


def source_free(
    model: serving.ServedModel, own: EEGTrials, data_dir: Path, folder: Path
) -> Predictions:
    """Save a model, and serve a subject with it in processes of their own."""
    (_, first), *others = recordings_of(own, data_dir)
    model.save(folder / "model")
    command("adapt", folder / "model", first, "-o", folder / "adapted")
    paths = [path for _, path in others]
    command("predict", folder / "adapted", *paths, "-o", folder / "predictions.csv")
    table = pd.read_csv(folder / "predictions.csv", keep_default_na=False)
    used = table[table["left_out"] == ""]
    sessions = own.metadata["session"].to_numpy()
    positions = np.flatnonzero(sessions != sessions[0])
    probabilities = used[f"p_{model.recipe.classes[1]}"].to_numpy(float)
    compare(model, first, paths, probabilities)
    return Predictions(positions, probabilities)


def command(verb: str, *arguments: object) -> None:
    """Run a verb of the command line in a process of its own."""
    subprocess.run(
        [sys.executable, "-m", "bci_dann", verb, *map(str, arguments)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def compare(
    model: serving.ServedModel, first: Path, others: Sequence[Path], probabilities: np.ndarray
) -> None:
    """Raise where processes of their own have predicted other than the model in memory."""
    adapted = serving.adapt_model(model, first).model
    table = serving.predict_recordings(adapted, list(others))
    expected = table.loc[table["left_out"] == "", f"p_{model.recipe.classes[1]}"].to_numpy()
    if not np.array_equal(expected.round(6), probabilities):  # the file has six decimals
        raise SystemExit("the reloaded model predicts other than the model in memory")


def scores(predictions: Predictions, truth: np.ndarray, among: np.ndarray) -> dict[str, float]:
    """Return the scores of predictions on some of the trials of a subject."""
    chosen = np.isin(predictions.positions, among)
    classes = truth[predictions.positions[chosen]]
    probabilities = predictions.probabilities[chosen]
    return {
        "n_trials": int(chosen.sum()),
        "accuracy": 100.0 * float(np.mean((probabilities > 0.5) == classes)),
        "roc_auc": float(roc_auc_score(classes, probabilities)),
    }


def scores_by_subject(
    data_dir: Path, pipeline: str, done: Collection[str]
) -> Iterator[list[dict[str, Any]]]:
    """Yield for each subject that is not done one row a choice of trials."""
    run = load_config("mi_openbci")
    trials = open_trials(prepare_trials(run.data, run.preprocessing, data_dir))
    recipe = serving.fit_model(run, pipeline="ea_csp_lda", data_dir=data_dir).recipe
    spec = next(one for one in pipeline_specs(run) if one.name == pipeline)
    cache = ResultCache()
    for subject in np.setdiff1d(trials.subjects, list(done)):
        own, others = trials[trials.subjects == subject], trials[trials.subjects != subject]
        estimator = build(spec, 0).use_cache(cache).fit(others.unlabelled(), others.y)
        with tempfile.TemporaryDirectory() as folder:
            model = serving.ServedModel(estimator, recipe)
            served = source_free(model, own, data_dir, Path(folder))
        together = joint(spec, trials, subject, cache)
        truth = np.asarray(own.y) == recipe.classes[1]
        shared = np.intersect1d(served.positions, together.positions)
        everything = np.arange(len(own))
        yield [
            row(subject, kind, scores(together, truth, among), scores(served, truth, among))
            for kind, among in ((OWN, everything), (COMMON, shared))
        ]


def row(
    subject: str, kind: str, together: dict[str, float], served: dict[str, float]
) -> dict[str, Any]:
    """Return the scores of a subject by both ways, and their differences."""
    values: dict[str, Any] = {"subject": subject, "trials": kind}
    values["n_joint"], values["n_source_free"] = together["n_trials"], served["n_trials"]
    for name in ("accuracy", "roc_auc"):
        values[f"{name}_joint"] = together[name]
        values[f"{name}_source_free"] = served[name]
        values[f"{name}_difference"] = served[name] - together[name]
    return values


def with_means(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the rows of subjects, and the means over the subjects below them."""
    table = pd.DataFrame(rows)
    means = table.groupby("trials", sort=False).mean(numeric_only=True).reset_index()
    both = pd.concat([table, means.assign(subject="mean")], ignore_index=True)
    return both[table.columns].sort_values("trials", kind="stable", ignore_index=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder of MI-OpenBCI")
    parser.add_argument("--table", type=Path, help="CSV file for docs/results")
    parser.add_argument("--rows", type=Path, help="CSV file of single scores, to go on from")
    parser.add_argument("--pipeline", default="bci_dann_light")
    o = parser.parse_args()
    rows: list[dict[str, Any]] = []
    if o.rows and o.rows.exists():
        rows = pd.read_csv(o.rows, dtype={"subject": str}).to_dict("records")
    with warnings.catch_warnings():  # on signals: the same for both ways
        warnings.simplefilter("ignore", BCIDannWarning)
        for more in scores_by_subject(o.data_dir, o.pipeline, {one["subject"] for one in rows}):
            rows += more
            say(f"subject {more[0]['subject']}: {more[1]['accuracy_difference']:+.1f} points")
            if o.rows:
                pd.DataFrame(rows).to_csv(o.rows, index=False)
    table = with_means(rows)
    if o.table:
        publish_own(table, f"{NOTE}; {o.pipeline}", o.table)
    say(markdown(table.to_dict("records")))


if __name__ == "__main__":
    main()
