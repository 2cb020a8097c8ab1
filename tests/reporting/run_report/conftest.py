"""Results folders as a run writes them, from made-up probabilities: nothing is trained."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from bci_dann.data.screening.cues import ACCOUNT_KEYS, REASONS
from bci_dann.evaluation import load_config, load_pipeline
from bci_dann.evaluation.runs.invocations import Invocation, add_invocation
from bci_dann.evaluation.runs.manifest import manifest_of
from bci_dann.evaluation.runs.records import Record, Task, versions, write_record
from bci_dann.evaluation.runs.results import ResultsFolder, results_table

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
