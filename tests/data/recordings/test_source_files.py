"""Trials of MOABB's datasets follow the files that they were prepared from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import mne
import numpy as np
import pytest
from moabb.datasets.base import BaseDataset

from bci_dann.data import load_dataset
from bci_dann.exceptions import ConfigError

EVENTS = {"left_hand": 1, "right_hand": 2}


class Downloaded(BaseDataset):
    """A dataset whose files lie in the folder that ``MNE_DATA`` names."""

    def __init__(self):
        super().__init__([1, 2], 1, EVENTS, "Downloaded", [0, 2], "imagery")
        self.METADATA = None

    def data_path(self, subject, *args, **kwargs):
        return str(Path(os.environ["MNE_DATA"]) / f"s{subject}_raw.fif")

    def _get_single_subject_data(self, subject):
        raw = mne.io.read_raw(self.data_path(subject), preload=True, verbose="error")
        return {"0": {"0": raw}}


def write(path, seed):
    signals = 1e-5 * np.random.default_rng(seed).standard_normal((2, 4000))
    raw = mne.io.RawArray(signals, mne.create_info(["C3", "C4"], 100.0, "eeg"), verbose="error")
    raw.set_annotations(mne.Annotations([2, 7, 12, 17], 0, list(EVENTS) * 2))
    raw.save(path, overwrite=True, verbose="error")


@pytest.fixture
def folder(tmp_path):
    for subject in (1, 2):
        write(tmp_path / f"s{subject}_raw.fif", subject)
    return tmp_path


def load(folder, **keys):
    return load_dataset(Downloaded(), data_dir=folder, preprocessing={"band": None}, **keys)


def test_the_same_files_give_the_same_trials_without_being_read_again(folder, monkeypatch):
    first = load(folder)
    monkeypatch.setattr(Downloaded, "_get_single_subject_data", None)
    assert load(folder).X.filename == first.X.filename


def test_a_file_that_was_replaced_gives_its_own_trials(folder):
    first = np.array(load(folder).X)
    before = (folder / "s1_raw.fif").stat()
    for _ in range(2):
        write(folder / "s1_raw.fif", 7)
        os.utime(folder / "s1_raw.fif", ns=(before.st_atime_ns, before.st_mtime_ns))
        changed = load(folder)
        assert not np.array_equal(changed.X[:4], first[:4])
        np.testing.assert_array_equal(changed.X[4:], first[4:])
    assert load(folder).X.filename == changed.X.filename
    write(folder / "s1_raw.fif", 1)
    np.testing.assert_array_equal(load(folder).X, first)


def test_other_subjects_do_not_matter(folder):
    first = load(folder, subjects=[1])
    write(folder / "s2_raw.fif", 7)
    assert load(folder, subjects=[1]).X.filename == first.X.filename


def test_a_copy_in_another_folder_is_the_same_and_another_download_is_not(folder, tmp_path_factory):
    first = load(folder)
    copy = shutil.copytree(folder, tmp_path_factory.mktemp("other") / "copy")
    assert load(copy).X.filename == first.X.filename
    write(copy / "s2_raw.fif", 7)
    assert not np.array_equal(load(copy).X, first.X)
    assert load(folder).X.filename == first.X.filename


def test_prepared_trials_outlive_the_download(folder):
    first = load(folder)
    for path in folder.iterdir():
        path.unlink()
    assert load(folder).X.filename == first.X.filename


def test_a_file_that_is_missing_is_a_change(folder):
    load(folder)
    (folder / "s2_raw.fif").unlink()
    with pytest.raises(ValueError, match="subject 2 of Downloaded cannot be loaded"):
        load(folder)


@pytest.mark.parametrize("paths", [None, [], 3, ["none.fif", None], {"x": ["/none/y.mat"]}])
def test_datasets_without_files_of_their_own_are_loaded_all_the_same(folder, paths, monkeypatch):
    first = load(folder)

    def read(_, subject):
        raw = mne.io.read_raw(folder / f"s{subject}_raw.fif", preload=True, verbose="error")
        return {"0": {"0": raw}}

    monkeypatch.setattr(Downloaded, "_get_single_subject_data", read)
    monkeypatch.setattr(Downloaded, "data_path", lambda *_, **__: paths)
    trials = load(folder, cache_dir=folder / "cache")
    np.testing.assert_array_equal(trials.X, first.X)
    assert not (folder / "cache" / "sources").exists()


@pytest.mark.parametrize("wrap", [Path, lambda path: [path], lambda path: {"x": [[Path(path)]]}])
def test_files_are_found_in_whatever_a_dataset_returns(folder, wrap, monkeypatch):
    get = Downloaded.data_path
    monkeypatch.setattr(
        Downloaded,
        "_get_single_subject_data",
        lambda self, one: {"0": {"0": mne.io.read_raw(get(self, one), preload=True)}},
    )
    monkeypatch.setattr(Downloaded, "data_path", lambda self, one: wrap(get(self, one)))
    first = np.array(load(folder, cache_dir=folder / "cache").X)
    write(folder / "s1_raw.fif", 7)
    assert not np.array_equal(load(folder, cache_dir=folder / "cache").X, first)


def test_a_session_that_no_subject_has_is_told_after_loading(folder):
    with pytest.raises(ConfigError, match=r"Downloaded has no session '1'\. .*It has 0\."):
        load(folder, sessions=["0", "1"])
