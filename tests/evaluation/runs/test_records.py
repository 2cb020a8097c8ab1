from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.runs import records
from bci_dann.evaluation.runs.records import (
    Record,
    Task,
    read_record,
    set_aside,
    write_record,
)
from bci_dann.exceptions import BCIDannWarning, ResultsError

TASK = Task("Set", "key", PipelineSpec("p", ({"name": "A", "parameters": {}},)), "train", "1", 0)
RECORD = Record(
    probabilities=np.array([[0.25, 0.75], [0.5, 0.5]]),
    truth=np.array(["right", "left"]),
    classes=np.array(["left", "right"]),
    sessions=np.array(["0", "0"]),
    test_index=np.array([4, 5]),
    n_train=4,
    fit_seconds=1.5,
    predict_seconds=0.25,
    diagnostics={"ess": 12.5},
)
MAP = {"points": np.array([[0.5, 1.0]], dtype=np.float32), "labels": np.array(["left"])}


def test_round_trip(tmp_path):
    write_record(tmp_path / "a.npz", TASK, RECORD)
    back = read_record(tmp_path / "a.npz", TASK)
    for field in dataclasses.fields(Record):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(RECORD, field.name))


def test_a_feature_map_is_kept(tmp_path):
    write_record(tmp_path / "a.npz", TASK, dataclasses.replace(RECORD, feature_map=MAP))
    back = read_record(tmp_path / "a.npz", TASK).feature_map
    assert list(back) == list(MAP)
    for name, values in MAP.items():
        np.testing.assert_array_equal(back[name], values)


def test_equal_records_are_equal_files(tmp_path):
    for name in ("a.npz", "b.npz"):
        write_record(tmp_path / name, TASK, RECORD)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"data_key": "other"},
        {"pipeline": PipelineSpec("q", TASK.pipeline.definition)},
        {"pipeline": PipelineSpec("p", ({"name": "A", "parameters": {"C": 1}},))},
        {"protocol": "train_trialwise"},
        {"subject": "2"},
        {"seed": 1},
        {"threads": 2},
        {"without": "2"},
    ],
)
def test_whatever_determines_the_result_is_in_the_key(change):
    assert dataclasses.replace(TASK, **change).key != TASK.key


def test_ordinary_tasks_keep_the_keys_they_had_before_there_were_others():
    content = {
        "data": "key",
        "pipeline": ["p", *TASK.pipeline.definition],
        "protocol": "train",
        "subject": "1",
        "seed": 0,
        "threads": 1,
        "versions": records.versions(),
    }
    text = json.dumps(content, sort_keys=True)
    assert TASK.key == hashlib.sha256(text.encode()).hexdigest()


def test_the_label_names_who_is_left_out():
    assert TASK.label == "p, train, subject 1, seed 0"
    assert dataclasses.replace(TASK, without="2").label == "p, train, subject 1 without 2, seed 0"


def test_versions_are_in_the_key(monkeypatch):
    before = TASK.key
    assert dataclasses.replace(TASK, versions={**TASK.versions, "torch": "99"}).key != before
    monkeypatch.setattr(records, "versions", lambda: {"torch": "99"})
    assert Task("Set", "key", TASK.pipeline, "train", "1", 0).key != before
    assert dataclasses.replace(TASK).key == before  # a task keeps those of the run's beginning


def test_the_key_does_not_depend_on_the_order_of_parameters():
    one, other = (
        dataclasses.replace(TASK, pipeline=PipelineSpec("p", (parameters,)))
        for parameters in ({"a": 1, "b": 2}, {"b": 2, "a": 1})
    )
    assert one.key == other.key


@pytest.mark.parametrize("keep", [0, 10, 200, -30])
def test_damaged_record_is_none_with_a_warning(tmp_path, keep):
    path = tmp_path / "a.npz"
    write_record(path, TASK, RECORD)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.warns(BCIDannWarning, match="damaged"):
        assert read_record(path, TASK) is None


def test_record_with_a_flipped_bit_is_damaged(tmp_path):
    path = tmp_path / "a.npz"
    write_record(path, TASK, RECORD)
    content = bytearray(path.read_bytes())
    content[content.index(RECORD.probabilities.tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.warns(BCIDannWarning, match="damaged"):
        assert read_record(path, TASK) is None


@pytest.mark.parametrize(("in_entry", "in_directory"), [(6, 8), (8, 10)])
def test_record_with_a_damaged_zip_header_is_damaged(tmp_path, in_entry, in_directory):
    # the flag of encryption and the method of compression, for which zipfile raises RuntimeError
    path = tmp_path / "a.npz"
    write_record(path, TASK, RECORD)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x03\x04") + in_entry] ^= 1
    content[content.index(b"PK\x01\x02") + in_directory] ^= 1
    path.write_bytes(content)
    with pytest.warns(BCIDannWarning, match="damaged"):
        assert read_record(path, TASK) is None


def test_record_of_another_task_is_not_taken(tmp_path):
    write_record(tmp_path / "a.npz", TASK, RECORD)
    with pytest.warns(BCIDannWarning, match="another task"):
        assert read_record(tmp_path / "a.npz", dataclasses.replace(TASK, seed=3)) is None


def test_no_record(tmp_path):
    assert read_record(tmp_path / "a.npz", TASK) is None


@pytest.mark.parametrize("failing", ["os.fsync", "pathlib.Path.replace"])
def test_full_disk_leaves_the_former_record_and_nothing_half_written(
    tmp_path, monkeypatch, failing
):
    path = tmp_path / "a.npz"
    write_record(path, TASK, RECORD)
    before = path.read_bytes()

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(failing, fail)
    with pytest.raises(ResultsError, match="No space left on device"):
        write_record(path, TASK, dataclasses.replace(RECORD, n_train=99))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_no_pickle_is_needed(tmp_path):
    write_record(Path(tmp_path / "a.npz"), TASK, RECORD)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:
        assert all(stored[name].dtype != object for name in stored)


def test_a_damaged_record_is_set_aside_and_a_good_one_is_not(tmp_path):
    path = tmp_path / "a.npz"
    write_record(path, TASK, RECORD)
    assert set_aside(path, TASK) is None
    path.write_bytes(path.read_bytes()[:100])
    half = path.read_bytes()
    assert set_aside(path, TASK) == tmp_path / "a.npz.damaged"
    assert (tmp_path / "a.npz.damaged").read_bytes() == half
    assert not path.exists()
    assert set_aside(path, TASK) is None


def test_a_record_that_cannot_be_read_at_present_is_left_where_it_is(tmp_path, monkeypatch):
    """As on a network folder that does not answer."""
    path = tmp_path / "a.npz"
    write_record(path, TASK, RECORD)

    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fail)
        assert set_aside(path, TASK) is None
    assert read_record(path, TASK) is not None
