"""Accuracy against the number of missing electrodes, leave one subject out, on MI-OpenBCI.

One decoder is fitted to each nine subjects. The recordings of the tenth are interpolated where
electrodes are missing, as `adapt` and `predict` do it; then the decoder adapts to the first of
them without labels, and predicts the others. Sets of electrodes are: none, each one, random
triples, and whole regions. Some twenty minutes on a quiet machine. The table is written after each
subject; with `--rows` a run that was stopped goes on where it was.

    python tests/benchmarks/bench_electrodes.py --data-dir FOLDER --rows scores.csv
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import mne
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from timing import markdown, say

from bci_dann import serving
from bci_dann.alignment import ResultCache
from bci_dann.data import EEGTrials, make_dataset, open_trials, prepare_trials
from bci_dann.data.channels.electrode_names import resolve_names
from bci_dann.data.channels.interpolation import interpolate_electrodes
from bci_dann.evaluation import RunConfig, build, load_config
from bci_dann.evaluation.config.run_config import pipeline_specs
from bci_dann.exceptions import BCIDannWarning
from bci_dann.reporting import publish_own

NOTE = (
    "MI-OpenBCI (Peterson et al. 2020), 15 electrodes, of which some are missing in the target and "
    "interpolated; fitted to nine subjects, adapted to the first run of the tenth without labels, "
    "scored on the others"
)
MONTAGE = "standard_1020"
REGIONS = {
    "frontal": ["F7", "F3", "Fz", "F4", "F8"],
    "central": ["T7", "C3", "Cz", "C4", "T8"],
    "parietal": ["P7", "P3", "Pz", "P4", "P8"],
}


class Missing(NamedTuple):
    """Electrodes that are missing together, and what they stand for."""

    region: str
    electrodes: tuple[str, ...]


def missing_sets(n_random: int, seed: int = 0) -> list[Missing]:
    """Return none, each electrode, random triples, and whole regions."""
    rng = np.random.default_rng(seed)
    every = [name for names in REGIONS.values() for name in names]
    triples = {tuple(sorted(rng.choice(every, 3, replace=False).tolist())) for _ in range(n_random)}
    return [
        Missing("none", ()),
        *(Missing(region, (name,)) for region, names in REGIONS.items() for name in names),
        *(Missing("any", one) for one in sorted(triples)),
        *(Missing(region, tuple(names)) for region, names in REGIONS.items()),
    ]


def recordings_of(run: RunConfig, data_dir: Path, subject: Any) -> list[mne.io.BaseRaw]:
    """Read the recordings of a subject as they are."""
    dataset = make_dataset(run.data, data_dir)
    sessions = dataset.get_data([subject])[subject]
    paths = [dataset.recording_path(subject, s, r) for s, runs in sessions.items() for r in runs]
    return [mne.io.read_raw(data_dir / path, preload=True, verbose="error") for path in paths]


def without(raw: mne.io.BaseRaw, electrodes: Sequence[str]) -> mne.io.BaseRaw:
    """Return a recording with some electrodes interpolated from all others."""
    if not electrodes:
        return raw
    names = resolve_names(electrodes, raw.ch_names)
    donors = [name for name in raw.ch_names if name not in names]
    return interpolate_electrodes(raw.copy(), names, donors, MONTAGE)


def scores(
    model: serving.ServedModel, raws: Sequence[mne.io.BaseRaw], electrodes: Sequence[str]
) -> dict[str, float]:
    """Adapt to the first recording of a subject without some electrodes, and score the others."""
    first, *others = [serving.prepare(without(raw, electrodes), model) for raw in raws]
    trials = EEGTrials.concatenate(others)
    truth = trials.metadata["event"].map(model.recipe.layout.events_of()).to_numpy()
    adapted = model.estimator.adapt(first)
    probabilities = adapted.predict_proba(trials)
    right = adapted.classes_[probabilities.argmax(axis=1)] == truth
    auc = roc_auc_score(truth == adapted.classes_[1], probabilities[:, 1])
    return {"accuracy": 100.0 * float(right.mean()), "roc_auc": float(auc)}


def scores_by_subject(
    data_dir: Path, sets: Sequence[Missing], pipeline: str, done: Collection[str]
) -> Iterator[list[dict[str, Any]]]:
    """Yield for each subject that is not done one row a set."""
    run = load_config("mi_openbci")
    trials = open_trials(prepare_trials(run.data, run.preprocessing, data_dir))
    recipe = serving.fit_model(run, pipeline="ea_csp_lda", data_dir=data_dir).recipe
    spec = next(one for one in pipeline_specs(run) if one.name == pipeline)
    remembered = ResultCache()
    for subject in np.setdiff1d(trials.subjects, list(done)):
        others = trials[trials.subjects != subject]
        estimator = build(spec, 0).use_cache(remembered).fit(others.unlabelled(), others.y)
        model = serving.ServedModel(estimator, recipe)
        raws = recordings_of(run, data_dir, subject)
        yield [
            {"subject": subject, "set": index, **scores(model, raws, one.electrodes)}
            for index, one in enumerate(sets)
        ]


def summarised(by_subject: pd.DataFrame, sets: Sequence[Missing]) -> pd.DataFrame:
    """Return one row a set, and one for all sets of a number and region, with the loss."""
    accuracy = by_subject.pivot(index="set", columns="subject", values="accuracy")
    auc = by_subject.pivot(index="set", columns="subject", values="roc_auc")
    rows = pd.DataFrame(
        {
            "n_missing": [len(one.electrodes) for one in sets],
            "region": [one.region for one in sets],
            "electrodes": [" ".join(one.electrodes) for one in sets],
            "n_sets": 1,
            "accuracy": accuracy.mean(axis=1),
            "std_subjects": accuracy.std(axis=1),
            "roc_auc": auc.mean(axis=1),
            "accuracy_difference": (accuracy - accuracy.loc[0]).mean(axis=1),
            "roc_auc_difference": (auc - auc.loc[0]).mean(axis=1),
        }
    )
    rows.insert(4, "n_subjects", accuracy.shape[1])
    rows["worst_difference"] = rows["accuracy_difference"]
    groups = rows[rows["n_missing"] > 0].groupby(["n_missing", "region"], sort=False)
    means = groups.mean(numeric_only=True).assign(
        electrodes="all sets",
        n_sets=groups.size(),
        n_subjects=accuracy.shape[1],
        worst_difference=groups["accuracy_difference"].min(),
    )
    several = means[means["n_sets"] > 1].reset_index()
    return pd.concat([rows, several], ignore_index=True)[rows.columns]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder of MI-OpenBCI")
    parser.add_argument("--table", type=Path, help="CSV file for docs/results")
    parser.add_argument("--rows", type=Path, help="CSV file of single scores, to go on from")
    parser.add_argument("--pipeline", default="bci_dann_light")
    parser.add_argument("--random", type=int, default=6, help="random triples")
    o = parser.parse_args()
    sets, rows = missing_sets(o.random), []
    if o.rows and o.rows.exists():
        rows = pd.read_csv(o.rows, dtype={"subject": str}).to_dict("records")
    done = {row["subject"] for row in rows}
    with warnings.catch_warnings():  # on signals: the same for every set
        warnings.simplefilter("ignore", BCIDannWarning)
        for more in scores_by_subject(o.data_dir, sets, o.pipeline, done):
            rows += more
            say(f"subject {more[0]['subject']}: {more[0]['accuracy']:.1f} % with all electrodes")
            if o.rows:
                pd.DataFrame(rows).to_csv(o.rows, index=False)
            if o.table:
                table = summarised(pd.DataFrame(rows), sets)
                publish_own(table, f"{NOTE}; {o.pipeline}", o.table)
    table = summarised(pd.DataFrame(rows), sets)
    say(markdown(table.to_dict("records")))


if __name__ == "__main__":
    main()
