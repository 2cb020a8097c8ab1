"""Diagnoses of made-up people, without computing any."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation import Diagnosis
from bci_dann.evaluation.diagnosis.interpretation import overlap_level, reweighting_advice

CHANNELS = ["Fz", "C3", "Cz", "C4", "Pz"]
ALIGNMENTS = ("none", "euclidean")


def make_diagnosis(n_subjects=3, n_sessions=2, bands=("mu", "beta"), few=(), montage=True):
    """Draw one; subjects in ``few`` have too few trials."""
    rng = np.random.default_rng(0)
    subjects = [f"{index:02d}" for index in range(1, n_subjects + 1)]
    rows = []
    for alignment in ALIGNMENTS:
        for subject in subjects:
            rows.append(_row(rng, subject, alignment, few=subject in few))
    info = mne.create_info(CHANNELS, 128.0, "eeg")
    if montage:
        info.set_montage(mne.channels.make_standard_montage("biosemi64"))
    return Diagnosis(
        pd.DataFrame(rows),
        _square(rng, "subject", subjects),
        _square(rng, "session", [f"{s}/{n}" for s in subjects for n in range(n_sessions)]),
        _shifts(rng, subjects, bands, few),
        info,
    )


def _row(rng, subject, alignment, few):
    auc = 0.99 if alignment == "none" else 0.7
    row = {
        "subject": subject,
        "alignment": alignment,
        "n_source": 100,
        "n_target": 3 if few else 50,
        "domain_auc": np.nan if few else auc,
        "a_distance": np.nan if few else 1.0,
        "mmd2": np.nan if few else 0.1,
        "mmd_p": np.nan if few else 0.01,
        "source_error": np.nan if few else 0.1,
        "ess": np.nan if few else 40.0,
        "ess_share": np.nan if few else 0.4,
        "top_share": np.nan if few else 0.1,
        "distance": rng.uniform(1, 3),
        "within_distance": 0.5,
    }
    row["overlap"] = overlap_level(row)
    row["advice"] = reweighting_advice(row, 5)
    return row


def _square(rng, what, names):
    tables = []
    for scale, alignment in zip((1.0, 0.1), ALIGNMENTS, strict=True):
        points = scale * rng.standard_normal((len(names), 4))
        square = np.linalg.norm(points[:, None] - points[None], axis=2)
        table = pd.DataFrame(square, columns=names)
        table.insert(0, what, names)
        table.insert(0, "alignment", alignment)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _shifts(rng, subjects, bands, few):
    edges = {"mu": (8.0, 13.0), "beta": (13.0, 30.0)}
    rows = [
        (s, b, *edges[b], c, *(rng.standard_normal(2) if s not in few else (np.nan, np.nan)))
        for s in subjects
        for b in bands
        for c in CHANNELS
    ]
    columns = ["subject", "band", "low_hz", "high_hz", "channel", "mean_shift", "variance_shift"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def draw_diagnosis():
    return make_diagnosis


@pytest.fixture(autouse=True)
def _matplotlib_left_alone():
    """No picture may leave a window, another backend, or another style behind."""
    import matplotlib as mpl
    from matplotlib import pyplot

    # the entry of an automatic backend resolves itself when it is read
    before = {key: mpl.rcParams[key] for key in mpl.rcParams}
    yield
    assert not pyplot.get_fignums()
    assert {key: mpl.rcParams[key] for key in mpl.rcParams} == before


def make_regimes(n_regimes=3, pipelines=("new", "newer"), protocols=("train",), held_out=()):
    """Draw a table of regimes with two baselines, as ``run_regimes`` returns it."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "regime": f"situation_{index:02d}",
            "held_out": index in held_out,
            "pipeline": name,
            "is_baseline": name in ("old", "older"),
            "protocol": protocol,
            "n_subjects": 9,
            "accuracy": 70.0,
            "balanced_accuracy": 70.0,
            "roc_auc": 0.75,
            "best_baseline": "old",
            "baseline_accuracy": 71.25,
            "baseline_roc_auc": 0.8125,
            "accuracy_difference": 0.0 if name == "old" else rng.normal(2, 4),
            "roc_auc_difference": 0.0 if name == "old" else rng.normal(0.02, 0.04),
        }
        for index in range(n_regimes)
        for protocol in protocols
        for name in (*pipelines, "old", "older")
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def draw_regimes_table():
    """Return the function that draws one."""
    return make_regimes
