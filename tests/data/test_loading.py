"""Datasets by name, by configuration and as objects, compared with MOABB's own trials."""

from __future__ import annotations

import os
import subprocess
import sys

import mne
import numpy as np
import pytest

from bci_dann.data import (
    DataConfig,
    SimulatedMI,
    load_dataset,
    make_dataset,
    open_trials,
    prepare_trials,
)
from bci_dann.data.cache import cache_key
from bci_dann.data.preparation import keyed_selection
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.subset import resolve_subset
from bci_dann.exceptions import ConfigError

# MOABB's fake and PhysioNet datasets still use the names of montages that MNE 1.14 renames
pytestmark = pytest.mark.filterwarnings("ignore:Montage name:FutureWarning")

SMALL = {"n_subjects": 2, "n_trials": 3}


def test_importing_the_package_does_not_import_moabb():
    code = "import sys, bci_dann.data as d; d.EEGTrials, d.open_trials, d.check_signals; "
    code += "assert not {'moabb', 'mne'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ})


def test_unknown_names_of_the_package():
    import bci_dann.data

    assert "load_dataset" in dir(bci_dann.data)
    with pytest.raises(AttributeError, match="load_datasets"):
        bci_dann.data.load_datasets  # noqa: B018


def test_every_public_name_loads():
    import bci_dann.data

    for name in bci_dann.data.__all__:
        assert getattr(bci_dann.data, name).__name__ == name


@pytest.mark.parametrize("events", [{"stim": True}, {"stim": False, "annotations": True}])
def test_default_trials_are_those_of_moabb(fake_dataset, events):
    from moabb.paradigms import LeftRightImagery

    dataset = fake_dataset(n_sessions=1, n_runs=2, **events)
    X, y, metadata = LeftRightImagery(fmin=8, fmax=32).get_data(dataset)
    trials = load_dataset(dataset)
    np.testing.assert_array_equal(trials.X, X.astype(np.float32))
    np.testing.assert_array_equal(trials.y, y)
    for column in ("subject", "session", "run"):
        np.testing.assert_array_equal(trials.metadata[column], metadata[column].astype(str))


def test_window_channels_and_resampling_are_those_of_moabb(fake_dataset):
    from moabb.paradigms import MotorImagery

    dataset = fake_dataset(n_sessions=1, n_runs=2)
    paradigm = MotorImagery(
        n_classes=2,
        events=["left_hand", "right_hand"],
        fmin=4,
        fmax=38,
        tmin=0.5,
        tmax=2.5,
        channels=["C4", "C3"],
        resample=100,
    )
    X, _, _ = paradigm.get_data(dataset)
    steps = {"band": (4, 38), "window": (0.5, 2.5), "channels": ["C4", "C3"], "resample": 100}
    trials = load_dataset(dataset, preprocessing=steps)
    assert trials.ch_names == ["C4", "C3"]
    assert trials.sfreq == 100
    np.testing.assert_allclose(trials.X, X, rtol=1e-5, atol=1e-5)


@pytest.mark.real_data
def test_real_trials_are_those_of_moabb(shared_data, monkeypatch):
    from moabb.datasets import PhysionetMI
    from moabb.paradigms import LeftRightImagery

    monkeypatch.setitem(os.environ, "MNE_DATASETS_EEGBCI_PATH", str(shared_data / "eegmmidb-s001"))
    monkeypatch.setitem(os.environ, "MOABB_DOWNLOAD_PROVIDER", "upstream")
    dataset = PhysionetMI()
    X, y, metadata = LeftRightImagery(fmin=8, fmax=30).get_data(dataset, subjects=[1])
    trials = load_dataset(
        dataset,
        subjects=[1],
        classes=["left_hand", "right_hand"],
        preprocessing={"band": (8, 30)},
    )
    assert trials.X.shape == (45, 64, 481)
    np.testing.assert_array_equal(trials.X, X.astype(np.float32))
    np.testing.assert_array_equal(trials.y, y)
    np.testing.assert_array_equal(trials.metadata["run"], metadata["run"])


def test_scale_and_channels_of_moabbs_fake_dataset_pass_the_checks(fake_dataset):
    trials = load_dataset(fake_dataset())
    assert trials.ch_names == ["C3", "Cz", "C4"]
    assert 5 < trials.X.std() < 30


def test_by_name_by_configuration_and_as_object_are_the_same():
    by_name = load_dataset("SimulatedMI", **SMALL)
    by_config = load_dataset(DataConfig(dataset="SimulatedMI", params=SMALL))
    as_object = load_dataset(SimulatedMI(**SMALL))
    np.testing.assert_array_equal(by_name.X, by_config.X)
    np.testing.assert_array_equal(by_name.X, as_object.X)


def test_loading_is_preparing_and_opening(tmp_path):
    config = DataConfig(dataset="SimulatedMI", params=SMALL)
    folder = prepare_trials(config, Preprocessing(), cache_dir=tmp_path)
    loaded = load_dataset(config, cache_dir=tmp_path)
    assert list((tmp_path / "trials").iterdir()) == [folder]
    np.testing.assert_array_equal(loaded.X, open_trials(folder).X)


def test_preprocessing_may_be_a_mapping_or_a_model():
    steps = {"band": (8, 30), "window": (0.5, 2.5)}
    mapping = load_dataset("SimulatedMI", preprocessing=steps, **SMALL)
    model = load_dataset("SimulatedMI", preprocessing=Preprocessing(**steps), **SMALL)
    assert mapping.X.shape[2] == 257
    np.testing.assert_array_equal(mapping.X, model.X)


def test_arguments_replace_those_of_the_configuration():
    config = DataConfig(dataset="SimulatedMI", params=SMALL, subjects=[1, 2])
    assert set(load_dataset(config, subjects=[2]).subjects) == {"2"}
    assert len(load_dataset(config, n_trials=2)) == 8


def test_subjects_sessions_and_classes_are_selected():
    dataset = SimulatedMI(n_sessions=3, classes=("left_hand", "right_hand", "feet"), **SMALL)
    choice = {"sessions": ["0", "2"], "classes": ["feet", "left_hand"]}
    trials = load_dataset(dataset, subjects=["2"], **choice)
    assert set(trials.subjects) == {"2"}
    assert set(trials.metadata["session"]) == {"0", "2"}
    assert set(trials.y) == {"feet", "left_hand"}
    assert len(trials) == 2 * 2 * 3


def test_the_first_session_of_each_subject(fake_dataset):
    trials = load_dataset(fake_dataset(), sessions="first")
    assert set(trials.metadata["session"]) == {"0"}
    assert set(trials.subjects) == {"1", "2"}


def test_a_dataset_from_elsewhere():
    class Theirs(SimulatedMI):
        fingerprint = None

        def __init__(self, seed):
            super().__init__(n_subjects=1, n_trials=2, random_state=seed)
            self.helper = lambda x: x  # cannot be compared, so it is never reused

    assert len(load_dataset(Theirs(1))) == 4
    assert not np.array_equal(load_dataset(Theirs(1)).X, load_dataset(Theirs(2)).X)


def test_the_state_of_a_moabb_dataset_is_its_identity(fake_dataset):
    same, other = load_dataset(fake_dataset(seed=5)), load_dataset(fake_dataset(seed=6))
    assert np.array_equal(same.X, load_dataset(fake_dataset(seed=5)).X)
    assert not np.array_equal(same.X, other.X)


@pytest.mark.parametrize("before", ["before", None])
def test_the_environment_is_put_back(tmp_path, monkeypatch, before):
    folders = []

    class Watching(SimulatedMI):
        def _get_single_subject_data(self, subject):
            folders.append(os.environ["MNE_DATA"])
            return super()._get_single_subject_data(subject)

    if before is None:
        monkeypatch.delenv("MNE_DATA")
    else:
        monkeypatch.setenv("MNE_DATA", before)
    load_dataset(Watching(**SMALL), data_dir=tmp_path, cache_dir=tmp_path / "cache")
    assert folders == [str(tmp_path)] * 2
    assert os.environ.get("MNE_DATA") == before


def test_keys_of_one_data_set_are_those_of_trials_that_were_prepared_before(monkeypatch, tmp_path):
    """The keys are constants, so that whoever changes them notices."""
    monkeypatch.setattr(keyed_selection, "version", lambda _: "1")
    config = DataConfig(dataset="SimulatedMI", params={"n_subjects": 2})
    subset = resolve_subset(make_dataset(config), config)
    selection = keyed_selection.KeyedSelection(
        make_dataset(config), subset, Preprocessing(), tmp_path, None
    )
    key = "134ec970d065c36fe55d0465a804418287298e0ae83dcae026fc9f394e56e720"
    assert cache_key(selection.parts) == key


def test_the_environment_is_put_back_after_a_failure(tmp_path, monkeypatch):
    class Broken(SimulatedMI):
        def _get_single_subject_data(self, subject):
            raise KeyboardInterrupt

    monkeypatch.setenv("MNE_DATA", "before")
    with pytest.raises(KeyboardInterrupt):
        load_dataset(Broken(**SMALL), data_dir=tmp_path, cache_dir=tmp_path)
    assert os.environ["MNE_DATA"] == "before"


def test_nothing_is_written_to_the_users_mne_configuration():
    before = mne.get_config()
    load_dataset("SimulatedMI", n_subjects=1, n_trials=2)
    assert mne.get_config() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dataset": "BNCI2014_01"}, r"unknown dataset 'BNCI2014_01'. Did you mean 'BNCI2014"),
        ({"dataset": "SimulatedMI", "n_subject": 3}, "no parameter 'n_subject'. Did you mean"),
        ({"dataset": "SimulatedMI", "subjects": [9]}, r"no subject 9.*It has 1, 2"),
        ({"dataset": "SimulatedMI", "subjects": []}, "load_dataset: subjects must not be empty"),
        ({"dataset": "SimulatedMI", "classes": ["left_hand"]}, "at least two"),
        ({"dataset": "SimulatedMI", "classes": ["left_hand", "foot"]}, "got 'foot'"),
        ({"dataset": "FakeDataset", "classes": ["fake1", "fake"]}, "no class 'fake'. Did you"),
        ({"dataset": "SimulatedMI", "sessions": "frist"}, "sessions"),
        ({"dataset": "Recordings"}, "needs the key 'recordings'"),
        ({"dataset": "SimulatedMI", "preprocessing": {"bnd": 1}}, "preprocessing: unknown key"),
    ],
)
def test_wrong_requests_are_explained(arguments, message):
    name = arguments.pop("dataset")
    sizes = SMALL if name == "SimulatedMI" else {}
    with pytest.raises(ConfigError, match=message):
        load_dataset(name, **sizes, **arguments)


def test_parameters_with_an_object(fake_dataset):
    with pytest.raises(ConfigError, match="n_subjects"):
        load_dataset(fake_dataset(), n_subjects=3)
