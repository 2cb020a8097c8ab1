"""Datasets that do not fit each other are refused before anything is read."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann._config import validate
from bci_dann.data import CombinedDataConfig, DataConfig, Preprocessing
from bci_dann.data.combined.combined_dataset import CombinedDataset, excluding
from bci_dann.data.fingerprint import dataset_fingerprint
from bci_dann.exceptions import ConfigError, DataError

HANDS = {"dataset": "SimulatedMI", "name": "Hands", "params": {"n_subjects": 3}}
LAYOUT = {"pattern": "s{subject}_raw.fif", "events": {"l": "left_hand", "r": "right_hand"}}


def several(*entries):
    return validate(CombinedDataConfig, {"datasets": [HANDS, *entries]}, "here")


def other(**changes):
    return {"dataset": "SimulatedMI", "name": "Other", "params": {"random_state": 1}, **changes}


def recorded(folder, subject, seed):
    folder.mkdir(exist_ok=True)
    noise = np.random.default_rng(seed).normal(0, 1e-5, (3, 1500))
    raw = mne.io.RawArray(noise, mne.create_info(["C3", "Cz", "C4"], 100.0, "eeg"), verbose="error")
    raw.set_annotations(mne.Annotations([1, 6], 0, ["l", "r"]))
    raw.save(folder / f"s{subject}_raw.fif", verbose="error")


def test_subjects_are_named_after_their_data_set():
    dataset = CombinedDataset(several(other(subjects=[6, 2])))
    assert dataset.subject_list == ["Hands:1", "Hands:2", "Hands:3", "Other:2", "Other:6"]
    assert dataset.code == "Hands + Other"


def test_the_fingerprint_is_of_every_data_set():
    first, same, changed = (
        dataset_fingerprint(CombinedDataset(several(other(params={"random_state": seed}))))
        for seed in (1, 1, 2)
    )
    assert first == same != changed


def test_other_classes_are_listed():
    feet = {"classes": ["feet", "rest"]}
    message = r"Hands has left_hand, right_hand; Other has feet, rest\. Choose the same"
    with pytest.raises(ConfigError, match=message):
        CombinedDataset(several(other(**feet)))


def test_classes_that_all_have_are_offered():
    three = other(params={"classes": ["right_hand", "feet", "left_hand"]})
    with pytest.raises(ConfigError, match="All have left_hand, right_hand: choose among these"):
        CombinedDataset(several(three))
    CombinedDataset(several({**three, "classes": ["right_hand", "left_hand"]}))


def test_errors_name_the_data_set():
    with pytest.raises(ConfigError, match=r"^Other: .* has no subject 9"):
        CombinedDataset(several(other(subjects=[9])))


def test_tasks_of_different_lengths_need_a_window_with_an_end(tmp_path):
    recorded(tmp_path / "own", 1, 0)
    own = {"dataset": "Recordings", "folder": "own", "recordings": {**LAYOUT, "interval": [0, 3]}}
    dataset = CombinedDataset(several(own), tmp_path)
    with pytest.raises(ConfigError, match=r"4 s in Hands, 3 s in Recordings.*such as \[0, 3\]"):
        dataset.check(Preprocessing())
    dataset.check(Preprocessing(window=(0, 3)))
    with pytest.raises(ConfigError, match=r"^Recordings: "):
        dataset.check(Preprocessing(window=(0, 3), band=(8, 70)))


def test_a_file_in_two_folders_is_refused(tmp_path):
    recorded(tmp_path / "one", 1, 0)
    recorded(tmp_path / "two", 2, 1)
    entries = [
        {"dataset": "Recordings", "name": name, "folder": name, "recordings": LAYOUT}
        for name in ("one", "two")
    ]
    CombinedDataset(several(*entries), tmp_path)
    (tmp_path / "two" / "s3_raw.fif").write_bytes((tmp_path / "one" / "s1_raw.fif").read_bytes())
    with pytest.raises(DataError, match=r"s3_raw\.fif of two is also in one"):
        CombinedDataset(several(*entries), tmp_path)


def test_subjects_are_excluded_by_their_names():
    changed, excluded = excluding(several(other()), ["Other:2", "Hands:1"], None)
    assert excluded == ["Hands:1", "Other:2"]
    assert CombinedDataset(changed).subject_list[:3] == ["Hands:2", "Hands:3", "Other:1"]
    alone, excluded = excluding(
        DataConfig(**{k: HANDS[k] for k in ("dataset", "params")}), [2], None
    )
    assert (alone.subjects, excluded) == (["1", "3"], ["2"])


@pytest.mark.parametrize(
    ("excluded", "message"),
    [
        (["Other:7"], "'Other:7' cannot be excluded.*Did you mean 'Other:"),
        ([1], "'1' cannot be excluded.*They are Hands:1"),
        (["Hands:1", "Hands:2", "Hands:3"], "Hands: all 3 subjects are excluded"),
    ],
)
def test_who_cannot_be_excluded_is_told(excluded, message):
    with pytest.raises(ConfigError, match=message):
        excluding(several(other()), excluded, None)


def test_classes_may_get_the_names_of_the_first():
    params = {"classes": ["feet", "tongue"], "random_state": 1}
    renamed = {"feet": "left_hand", "tongue": "right_hand"}
    dataset = CombinedDataset(several(other(params=params, rename_classes=renamed)))
    assert dataset.parts[1].classes == ["left_hand", "right_hand"]


@pytest.mark.parametrize(
    ("renamed", "message"),
    [
        ({"feett": "left_hand"}, r"Other: rename_classes: .* class 'feett'.*mean 'feet'"),
        ({"feet": "left_hand"}, "Other has left_hand, tongue"),
        ({"feet": "both", "tongue": "both"}, "feet, tongue all become both"),
    ],
)
def test_wrong_names_of_classes_are_refused(renamed, message):
    params = {"classes": ["feet", "tongue"], "random_state": 1}
    with pytest.raises(ConfigError, match=message):
        CombinedDataset(several(other(params=params, rename_classes=renamed)))


def test_classes_of_the_first_data_set_keep_their_names():
    entries = [{**HANDS, "rename_classes": {"left_hand": "left"}}, other()]
    with pytest.raises(ConfigError, match="Hands is the first dataset, whose classes keep"):
        validate(CombinedDataConfig, {"datasets": entries}, "here")
