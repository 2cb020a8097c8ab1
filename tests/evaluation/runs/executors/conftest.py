"""Pipelines of the classifiers in ``crash_estimators``, and what their runs leave."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation import run_benchmark
from bci_dann.evaluation.runs.executors.dask_workers import local_workers


@pytest.fixture(autouse=True, scope="module")
def _importable():
    """Let workers, which are given this process's path, import ``crash_estimators``."""
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "trainings.log"


@pytest.fixture
def noting_config(config, write_pipeline, log):
    """Return a configuration of a pipeline that notes its trainings."""

    def make(kind="Noting", seeds=(0, 1), **parameters):
        given = {"log": str(log), **parameters}
        step = {"name": kind, "from": "crash_estimators", "parameters": given}
        return {
            **config,
            "pipelines": [str(write_pipeline("noting", step))],
            "seeds": list(seeds),
        }

    return make


@pytest.fixture
def trainings(log):
    """How often each task was begun."""
    return lambda: Counter(log.read_text().split("\n")[:-1]) if log.exists() else Counter()


@pytest.fixture
def deadly_config(prepared, noting_config, tmp_path, log, trainings):
    """Return a configuration of which one task ends its process, as often as is asked for."""

    def make(deaths=10**6):
        run_benchmark(noting_config(), tmp_path / "before", progress=False)
        victim = next(iter(trainings()))
        log.unlink()
        return noting_config("Deadly", victim=victim, deaths=deaths)

    return make


@pytest.fixture
def same_records():
    """Assert that two results folders hold the same, but for the seconds."""

    def compare(one, other):
        left, right = (sorted((folder / "records").glob("*.npz")) for folder in (one, other))
        assert [path.name for path in left] == [path.name for path in right]
        for first, second in zip(left, right, strict=True):
            with np.load(first) as a, np.load(second) as b:
                assert all(a[key].tobytes() == b[key].tobytes() for key in a if key != "seconds")
        tables = [pd.read_csv(folder / "results.csv", dtype=str) for folder in (one, other)]
        pd.testing.assert_frame_equal(*(table.drop(columns="fit_seconds") for table in tables))

    return compare


@pytest.fixture(scope="module")
def _workers_of_module(_importable):
    with local_workers(2, show=False) as workers:
        yield workers


@pytest.fixture
def two_workers(_workers_of_module):
    """Two Dask workers, the same for all tests of a module unless one ends them."""
    _workers_of_module._replace_lost()
    _workers_of_module._client.wait_for_workers(2, timeout=300)
    return _workers_of_module
