"""Results folders: manifests that may grow, records, and the table made of them."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.metrics import score
from bci_dann.evaluation.runs.manifest import Manifest
from bci_dann.evaluation.runs.records import Record, Task, write_record
from bci_dann.evaluation.runs.results import COLUMNS, ResultsFolder, results_table
from bci_dann.exceptions import BCIDannWarning, ResultsError

CLASSES = np.array(["left", "right"])
SPEC = PipelineSpec("a", ({"name": "A", "from": "b", "parameters": {}},))


def task(subject="1", **changes):
    return dataclasses.replace(Task("Set", "trials", SPEC, "train", subject, 0), **changes)


def record(sessions=("0",) * 4, seed=0, **more):
    rng = np.random.default_rng(seed)
    n = len(sessions)
    return Record(
        probabilities=rng.dirichlet([1, 1], n),
        truth=np.resize(CLASSES, n),
        classes=CLASSES,
        sessions=np.array(sessions),
        test_index=np.arange(n),
        n_train=30,
        fit_seconds=1.5,
        **more,
    )


def manifest(**changes):
    given = {
        "fixed": {"data": {"dataset": "Set"}, "threads": 1},
        "pipelines": {"a": list(SPEC.definition)},
        "protocols": ["train"],
        "seeds": [0],
    }
    return Manifest(**{**given, **changes})


@pytest.fixture
def folder(tmp_path):
    return ResultsFolder(tmp_path / "out")


def test_a_new_folder_is_empty_and_not_made_by_reading(folder):
    assert folder.manifest() is None
    assert folder.merged(manifest()) == manifest()
    assert folder.read(task()) is None
    assert list(folder.finished([task()])) == []
    assert not folder.path.exists()


def test_what_is_written_is_read_again(folder):
    assert folder.open(manifest()) == manifest()
    assert folder.manifest() == manifest()
    write_record(folder.record_path(task()), task(), record())
    (pair,) = folder.finished([task("2"), task()])
    assert pair[0] == task()
    np.testing.assert_array_equal(pair[1].probabilities, record().probabilities)


def test_a_folder_grows_by_what_is_new(folder):
    folder.open(manifest(data_key="one", versions={"torch": "1"}, recordings="r"))
    other = {"b": list(SPEC.definition)}
    grown = folder.open(manifest(pipelines=other, protocols=["online"], seeds=[1, 0]))
    assert list(grown.pipelines) == ["a", "b"]
    assert (grown.protocols, grown.seeds) == (["train", "online"], [0, 1])
    # what the new run does not know stays
    assert (grown.data_key, grown.versions, grown.recordings) == ("one", {"torch": "1"}, "r")
    later = folder.open(manifest(data_key="two", versions={"torch": "2"}))
    assert (later.data_key, later.versions) == ("two", {"torch": "2"})
    assert folder.manifest() == later


def test_two_definitions_under_one_name_never_share_a_folder(folder):
    folder.open(manifest())
    changed = {"a": [{**SPEC.definition[0], "parameters": {"c": 1}}]}
    with pytest.raises(ResultsError, match=r"pipelines\.a\[0\]\.parameters\.c") as raised:
        folder.open(manifest(pipelines=changed))
    assert "Choose another folder with --out" in str(raised.value)
    assert folder.manifest() == manifest()


def test_other_recordings_are_refused_where_both_are_known(folder):
    folder.open(manifest())
    folder.open(manifest(recordings="one"))
    with pytest.raises(ResultsError, match="results of other recordings: --data-dir"):
        folder.merged(manifest(recordings="two"))
    assert folder.merged(manifest()).recordings == "one"


def test_a_file_instead_of_a_results_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(ResultsError, match=r"out is a file, and results .* folder of a run"):
        ResultsFolder(tmp_path / "out").manifest()


@pytest.mark.parametrize("text", ["{", '{"fixed": {}}', "[1]", '{"unknown": 1}'])
def test_an_unreadable_manifest_is_an_error(folder, text):
    folder.path.mkdir()
    (folder.path / "config.json").write_text(text)
    with pytest.raises(ResultsError, match=r"config\.json cannot be read.*delete this file"):
        folder.manifest()


def test_a_damaged_record_counts_as_missing(folder):
    path = folder.record_path(task())
    write_record(path, task(), record())
    path.write_bytes(path.read_bytes()[:100])
    with pytest.warns(BCIDannWarning, match="damaged"):
        assert folder.read(task()) is None


def test_each_session_is_a_row_with_its_own_scores():
    made = record(("1", "0", "1", "0", "0"), diagnostics={"ess": 12.5})
    table = results_table([(task(), made)])
    assert tuple(table.columns) == COLUMNS
    assert list(table["session"]) == ["0", "1"]
    assert list(table["n_test"]) == [3, 2]
    rows = made.sessions == "0"
    by_hand = score(made.probabilities[rows], made.truth[rows], ["left", "right"])
    for name, value in by_hand.items():
        assert table[name][0] == pytest.approx(value, nan_ok=True)
    assert list(table["ess"]) == [12.5, 12.5]
    assert table["domain_auc"].isna().all()
    assert set(table["n_train"]) == {30}
    assert table.attrs["n_classes"] == 2


def test_rows_are_in_an_order_of_their_own_and_subject_2_precedes_10():
    tasks = [task(subject, seed=seed) for seed in (1, 0) for subject in ("10", "x", "2")]
    pairs = [(one, record(seed=index)) for index, one in enumerate(tasks)]
    table = results_table(pairs)
    assert list(table["seed"]) == [0, 0, 0, 1, 1, 1]
    assert list(table["subject"]) == ["2", "10", "x"] * 2
    pd.testing.assert_frame_equal(table, results_table(pairs[::-1]))


def test_no_records_are_a_table_without_rows():
    table = results_table([])
    assert tuple(table.columns) == COLUMNS
    assert table.empty
    assert "n_classes" not in table.attrs


def test_the_table_is_written_as_csv(folder):
    table = results_table([(task(), record())])
    folder.write_table(table)
    assert folder.table_path == folder.path / "results.csv"
    read = pd.read_csv(folder.table_path, dtype={"subject": str, "session": str})
    pd.testing.assert_frame_equal(read, table, check_dtype=False)


def test_the_manifest_of_the_version_before_is_read(folder):
    """Earlier versions knew neither recordings nor the key of the trials."""
    folder.path.mkdir()
    old = {name: value for name, value in vars(manifest()).items() if value is not None}
    (folder.path / "config.json").write_text(json.dumps(old))
    assert folder.manifest() == manifest()
