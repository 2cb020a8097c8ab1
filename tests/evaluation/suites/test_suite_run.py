"""Runs on several datasets: on files as MOABB downloads them, and where some of them fail."""

from __future__ import annotations

import pandas as pd
import pytest

from bci_dann import load_dataset
from bci_dann.evaluation import load_suite, run_regimes, run_suite, suite_tables
from bci_dann.evaluation.runs.executors import dask_workers
from bci_dann.exceptions import ConfigError, ResultsError

SMALL = {
    "name": "mine-v1",
    "datasets": {
        name: {"dataset": "SimulatedMI", "params": {"n_subjects": n, "n_trials": 4, "sfreq": 64.0}}
        for name, n in (("few", 3), ("more", 4))
    },
    "preprocessing": {"band": [8, 28]},
    "pipelines": ["csp_lda", "ea_csp_lda"],
    "protocols": ["train"],
    "reference": "csp_lda",
}


def test_tables_join_the_data_sets(tmp_path):
    protocols = ["train", "train_and_target_unlabeled_50p"]
    scores = run_suite({**SMALL, "protocols": protocols}, tmp_path, progress=False)
    assert len(scores) == 2 * 2 * 2
    assert scores.groupby("dataset", sort=False)["n_subjects"].first().to_dict() == {
        "few": 3,
        "more": 4,
    }
    assert scores["chance"].notna().all()
    n_common = scores.groupby("dataset")["n_common"].unique().map(list).to_dict()
    assert n_common == {"few": [3 * 4], "more": [4 * 4]}
    half = scores[scores["protocol"] == protocols[1]]  # which scores the common trials only
    assert half["common_accuracy"].tolist() == pytest.approx(half["accuracy"].tolist())
    over = pd.read_csv(tmp_path / "meta_analysis.csv")
    assert over[["pipeline", "reference"]].values.tolist() == [["ea_csp_lda", "csp_lda"]] * 2
    assert over["n_datasets"].tolist() == [2, 2]
    assert over["n_subjects"].tolist() == [7, 7]
    assert len(pd.read_csv(tmp_path / "comparisons.csv")) == 4
    assert (tmp_path / "few" / "results.csv").is_file()


def test_nothing_is_compared_until_the_reference_has_results(tmp_path):
    without = {key: value for key, value in SMALL.items() if key != "reference"}
    without["pipelines"] = ["ea_csp_lda", "mdm"]
    run_suite(without, tmp_path, progress=False)
    suite = load_suite({**SMALL, "pipelines": ["ea_csp_lda", "mdm", "csp_lda"]})
    tables = suite_tables(tmp_path, suite)
    assert len(tables.scores) == 4
    assert len(tables.comparisons) == len(tables.over_datasets) == 0
    assert "reference" in tables.comparisons
    run_suite(suite, tmp_path, progress=False, datasets=["more"])
    tables = suite_tables(tmp_path, suite)
    assert set(tables.comparisons["dataset"]) == {"more"}
    assert set(tables.comparisons["reference"]) == {"csp_lda"}
    assert len(suite_tables(tmp_path, load_suite(without)).over_datasets) == 1  # of one pair


def test_a_suite_with_regimes_is_run_by_another_function(tmp_path):
    content = {key: value for key, value in SMALL.items() if key != "reference"}
    content |= {"regimes": {"whole": {}}, "baselines": ["csp_lda"]}
    with pytest.raises(ConfigError, match="use `bci-dann run`, or run_regimes in Python"):
        run_suite(content, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_without_a_scheduler_nothing_is_written(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask_workers, "CONNECT_TIMEOUT_S", 1)
    given = {"progress": False, "executor": "tcp://127.0.0.1:1"}
    with pytest.raises(ConfigError, match="no Dask scheduler answers"):
        run_suite(SMALL, tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()
    content = {key: value for key, value in SMALL.items() if key != "reference"}
    content |= {"regimes": {"whole": {}}, "baselines": ["csp_lda"]}
    with pytest.raises(ConfigError, match="no Dask scheduler answers"):
        run_regimes(content, tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_transfers_between_data_sets_may_be_entries(tmp_path):
    params = {"n_trials": 4, "sfreq": 64.0}
    several = [
        {"dataset": "SimulatedMI", "name": "A", "params": {**params, "n_subjects": 2}},
        {
            "dataset": "SimulatedMI",
            "name": "B",
            "params": {**params, "n_subjects": 3, "random_state": 1},
        },
    ]
    ways = {f"to_{name}": {"datasets": several, "target_dataset": name} for name in ("A", "B")}
    suite = {**SMALL, "datasets": {**ways, "few": SMALL["datasets"]["few"]}}
    planned = run_suite(suite, tmp_path, progress=False, dry_run=True)
    assert planned.groupby("dataset")["subject"].nunique().to_dict() == {
        "few": 3,
        "to_A": 2,
        "to_B": 3,
    }
    scores = run_suite(suite, tmp_path, progress=False)
    counts = scores.groupby("dataset", sort=False)["n_subjects"].first().to_dict()
    assert counts == {"to_A": 2, "to_B": 3, "few": 3}
    assert scores["chance"].notna().all()


# By dataset: classes, channels, samples per s, seconds, sessions of subject 1, runs of a session.
LAYOUTS = {
    "BNCI2014_001": (4, 22, 250, 4, ["0train", "1test"], 6),
    "BNCI2014_002": (2, 15, 512, 5, ["0"], 8),
    "BNCI2014_004": (2, 3, 250, 4.5, ["0train", "1train", "2train", "3test", "4test"], 1),
    "BNCI2015_001": (2, 13, 512, 5, ["0A", "1B"], 1),
    "Lee2019_MI": (2, 62, 1000, 4, ["1", "2"], 1),
    "Cho2017": (2, 64, 512, 3, ["0"], 1),
    "PhysionetMI": (5, 64, 160, 3, ["0"], 6),
    "Schirrmeister2017": (4, 128, 500, 4, ["0"], 2),
    "Dreyer2023": (2, 27, 512, 5, ["0"], 4),
}

# MOABB's readers name the montage by its former name
reads_downloads = pytest.mark.filterwarnings("ignore:Montage name:FutureWarning")


@reads_downloads
@pytest.mark.parametrize("name", LAYOUTS)
def test_downloads_are_read_as_the_publications_describe_them(downloads, name):
    n_classes, n_chans, sfreq, duration, sessions, n_runs = LAYOUTS[name]
    downloads(name, [1])
    trials = load_dataset(name, subjects=[1], preprocessing={"band": [4, 38]})
    assert len(set(trials.y)) == n_classes
    assert trials.X.shape[1:] == (n_chans, duration * sfreq + 1)
    assert trials.sfreq == sfreq
    runs = trials.metadata.drop_duplicates(["session", "run"])["session"].value_counts()
    assert runs.to_dict() == dict.fromkeys(sessions, n_runs)
    assert 1 < trials.X.std() < 30  # µV


@reads_downloads
def test_a_download_that_fails_does_not_end_the_others(downloads, monkeypatch, tmp_path):
    from moabb.datasets import BNCI2015_001

    downloads("BNCI2014_004")

    def no_network(self, subject):
        raise ConnectionError("the server does not answer")

    monkeypatch.setattr(BNCI2015_001, "_get_single_subject_data", no_network)
    suite = {
        **SMALL,
        "datasets": {
            "gone": {"dataset": "BNCI2015_001", "subjects": [1, 2]},
            "there": {"dataset": "BNCI2014_004", "subjects": [1, 2]},
        },
        "preprocessing": {"resample": 64},
    }
    with pytest.raises(ResultsError, match=r"gone: .*the server does not answer") as raised:
        run_suite(suite, tmp_path, progress=False)
    assert "1 of 2 datasets" in str(raised.value)
    assert "there:" not in str(raised.value)
    assert set(pd.read_csv(tmp_path / "suite.csv")["dataset"]) == {"there"}


@pytest.mark.parametrize("name", ["mi-v1", "mi-4class-v1"])
def test_a_dry_run_tells_sizes_and_loads_nothing(downloads, name, tmp_path):
    folder = downloads("BNCI2014_001", [])
    suite = load_suite(f"suites/{name}").with_replaced({"pipelines": ["csp_lda"], "seeds": [0]})
    tasks = run_suite(suite, tmp_path / "run", progress=False, dry_run=True)
    sizes = tasks.attrs["sizes"]
    assert list(sizes) == list(suite.runs)
    assert sizes["BNCI2014_001"]["n_tasks"] == 9 * 3
    n_classes = len(suite.runs["BNCI2014_001"].data.classes)
    assert sizes["BNCI2014_001"]["trials"] == 9 * 2 * 72 * n_classes
    assert all(size["megabytes"] > 0 for size in sizes.values())
    assert not list(folder.iterdir())
    assert not (tmp_path / "run").exists()


def test_a_dry_run_finds_a_pipeline_that_cannot_be_built(tmp_path):
    suite = {**SMALL, "pipeline_parameters": {"csp_lda": {"n_components": -3}}}
    with pytest.raises(ConfigError, match="n_components"):
        run_suite(suite, tmp_path, progress=False, dry_run=True)


def shortened(name, datasets=None):
    """Keep everything of a shipped suite but most subjects, pipelines and seeds."""
    suite = load_suite(f"suites/{name}", ["reference=csp_lda", "pipelines=[csp_lda, ea_csp_lda]"])
    for one in suite.runs.values():
        one.data.__dict__["subjects"] = [1, 2]
    return suite.of_datasets(datasets).with_replaced({"seeds": [0], "protocols": ["train"]})


@reads_downloads
@pytest.mark.parametrize(
    ("name", "datasets"),
    [
        ("mi-v1", ["BNCI2014_002", "BNCI2014_004", "PhysionetMI"]),
        pytest.param("mi-v1", None, marks=pytest.mark.slow),
        pytest.param("mi-4class-v1", None, marks=pytest.mark.slow),
    ],
)
def test_shipped_suites_run_on_downloads(downloads, name, datasets, tmp_path):
    suite = shortened(name, datasets)
    for run in suite.runs.values():
        downloads(run.data.dataset)
    scores = run_suite(suite, tmp_path / "out", progress=False, cache_dir=tmp_path / "cache")
    assert scores["dataset"].drop_duplicates().tolist() == list(suite.runs)
    assert len(scores) == 2 * len(suite.runs)
    n_classes = 2 if name == "mi-v1" else 4
    best = scores.groupby("dataset")["accuracy"].max()
    assert best.between(0, 100).all()
    assert best.median() > 100 / n_classes + 10  # some have 128 channels and few trials
