"""Diagnoses and results folders from made-up numbers: nothing is trained."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann.data.screening.cues import ACCOUNT_KEYS, REASONS
from bci_dann.evaluation import Diagnosis, load_config, load_pipeline
from bci_dann.evaluation.diagnosis.interpretation import overlap_level, reweighting_advice
from bci_dann.evaluation.runs.invocations import Invocation, add_invocation
from bci_dann.evaluation.runs.manifest import manifest_of
from bci_dann.evaluation.runs.records import Record, Task, versions, write_record
from bci_dann.evaluation.runs.results import ResultsFolder, results_table

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


DATA_KEY = "made-up"
CLASSES = np.array(["left_hand", "right_hand"])


def make_run(
    path,
    pipelines=("csp_lda", "ea_csp_lda", "ra_ts_logistic"),
    n_subjects=8,
    protocols=("train", "train_and_target_unlabeled_50p"),
    seeds=(0,),
    n_trials=40,
    skipped=(),
):
    """Write a results folder; later pipelines are better, subject 1 loses by all but the first.

    ``skipped`` lists (pipeline, subject) without a record.
    """
    config = load_config(
        {
            "name": "mine",
            "data": {"dataset": "SimulatedMI"},
            "pipelines": list(dict.fromkeys(name.partition("[")[0] for name in pipelines)),
            "protocols": list(protocols),
            "seeds": list(seeds),
        }
    )
    files = {load_pipeline(file).name: load_pipeline(file) for file in config.pipelines}
    specs = [replace(files[name.partition("[")[0]], name=name) for name in pipelines]
    folder = ResultsFolder(path)
    folder.open(replace(manifest_of(config, specs), data_key=DATA_KEY, versions=versions()))
    finished = []
    for place, spec in enumerate(specs):
        for protocol in protocols:
            for subject in map(str, range(1, n_subjects + 1)):
                if (spec.name, subject) in skipped:
                    continue
                for seed in seeds:
                    task = Task("SimulatedMI", DATA_KEY, spec, protocol, subject, seed)
                    record = _record(place / len(specs), protocol, int(subject), seed, n_trials)
                    write_record(folder.record_path(task), task, record)
                    finished.append((task, record))
    folder.write_table(results_table(finished))
    folder.write_account(_account(n_subjects, n_trials))
    add_invocation(
        path, Invocation("2026-01-01T00:00:00+00:00", "bci-dann run my", "abc", "CPU", versions())
    )
    return path


def _record(quality, protocol, subject, seed, n_trials):
    rng = np.random.default_rng([int(1000 * quality), len(protocol), subject, seed])
    skill = 0.2 + quality * (-1.0 if subject == 1 else 1.0) + 0.02 * (subject % 7)
    start = n_trials // 2 if protocol.endswith("50p") else 0
    truth = np.tile(CLASSES, n_trials // 2)[start:]
    scores = rng.normal(0, 1, len(truth)) + skill * np.where(truth == CLASSES[1], 1, -1)
    second = 1 / (1 + np.exp(-2 * scores))
    sessions = np.repeat(["0", "1"], n_trials // 2)[start:]
    return Record(
        np.stack([1 - second, second], axis=1),
        truth,
        CLASSES,
        sessions,
        np.arange(n_trials)[start:] + n_trials * (subject - 1),
        100,
        fit_seconds=1.0 + quality,
        predict_seconds=0.1,
    )


def _account(n_subjects, n_trials):
    rows = [
        {
            **dict.fromkeys(ACCOUNT_KEYS, ""),
            "subject": str(subject),
            "found": n_trials + 2,
            "used": n_trials,
            **dict.fromkeys(REASONS, 0),
            "flat": 2,
        }
        for subject in range(1, n_subjects + 1)
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def write_run():
    """Return the function that writes a results folder."""
    return make_run


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """A finished run of three pipelines, eight subjects and two protocols; not to be changed."""
    return make_run(tmp_path_factory.mktemp("report") / "small")


class Page(HTMLParser):
    """What a reader sees: text, figures with their titles, and addresses that are loaded."""

    def __init__(self, source):
        super().__init__()
        self.words, self.figures, self.loaded, self._hidden = [], [], [], 0
        self.feed(source)

    @property
    def text(self):
        """All text, with single spaces."""
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag in ("script", "style"):
            self._hidden += 1
        if tag == "img":
            self.figures.append(values.get("alt", ""))
        if tag in ("img", "script", "iframe", "source") and values.get("src"):
            self.loaded.append(values["src"])
        if tag == "link":
            self.loaded.append(values.get("href", ""))

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._hidden -= 1

    def handle_data(self, data):
        if not self._hidden:
            self.words.append(data)


@pytest.fixture(scope="session")
def read_page():
    """Return the function that reads a page as its reader does."""
    return lambda path: Page(path.read_text(encoding="utf-8"))
