"""Datasets by name, by configuration and as objects."""

import os
import subprocess
import sys

import numpy as np
import pytest
from moabb.datasets.fake import FakeDataset

from bci_dann.data import DataConfig, SimulatedMI, load_dataset, make_dataset
from bci_dann.exceptions import ConfigError, DataError

# MOABB's fake dataset still uses the names of montages that MNE 1.14 renames
pytestmark = pytest.mark.filterwarnings("ignore:Montage name:FutureWarning")

SMALL = {"n_subjects": 2, "n_trials": 3}


def fake(**changes):
    options = {"n_subjects": 2, "n_sessions": 2, "n_runs": 1, "seed": 5, "duration": 60}
    return FakeDataset(["left_hand", "right_hand"], n_events=12, **{**options, **changes})


def test_importing_the_package_does_not_import_moabb():
    code = "import sys, bci_dann.data as d; d.EEGTrials, d.open_trials; "
    code += "assert 'moabb' not in sys.modules"
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


def test_by_name_by_configuration_and_as_object_are_the_same():
    by_name = load_dataset("SimulatedMI", **SMALL)
    by_config = load_dataset(DataConfig(dataset="SimulatedMI", params=SMALL))
    as_object = load_dataset(SimulatedMI(**SMALL))
    np.testing.assert_array_equal(by_name.X, by_config.X)
    np.testing.assert_array_equal(by_name.X, as_object.X)


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


def test_the_simulator_makes_the_classes_that_are_asked_for():
    trials = load_dataset("SimulatedMI", classes=["feet", "rest"], **SMALL)
    assert set(trials.y) == {"feet", "rest"}


def test_the_first_session_of_each_subject():
    trials = load_dataset(fake(), sessions="first")
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


def test_the_state_of_a_moabb_dataset_is_its_identity():
    same, other = load_dataset(fake(seed=5)), load_dataset(fake(seed=6))
    assert np.array_equal(same.X, load_dataset(fake(seed=5)).X)
    assert not np.array_equal(same.X, other.X)


def test_scale_and_channels_of_moabbs_fake_dataset_pass_the_checks():
    trials = load_dataset(fake())
    assert trials.ch_names == ["C3", "Cz", "C4"]
    assert 5 < trials.X.std() < 30


def test_nothing_about_the_person_is_kept():
    info = load_dataset(fake()).info
    assert not info["subject_info"]
    assert info["meas_date"] is None


def test_the_environment_is_put_back(tmp_path, monkeypatch):
    seen = []

    class Watching(SimulatedMI):
        def _get_single_subject_data(self, subject):
            seen.append(os.environ["MNE_DATA"])
            return super()._get_single_subject_data(subject)

    monkeypatch.setenv("MNE_DATA", "before")
    load_dataset(Watching(**SMALL), data_dir=tmp_path, cache_dir=tmp_path / "cache")
    assert seen == [str(tmp_path)] * 2
    assert os.environ["MNE_DATA"] == "before"


def test_progress_goes_to_standard_error(capsys, tmp_path):
    load_dataset("SimulatedMI", progress=True, cache_dir=tmp_path, **SMALL)
    output = capsys.readouterr()
    assert output.out == ""
    assert "Preparing SimulatedMI" in output.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dataset": "BNCI2014_01"}, r"unknown dataset 'BNCI2014_01'. Did you mean 'BNCI2014"),
        ({"dataset": "SimulatedMi"}, "Did you mean 'SimulatedMI'"),
        ({"dataset": "SimulatedMI", "n_subject": 3}, "no parameter 'n_subject'. Did you mean"),
        ({"dataset": "SimulatedMI", "subjects": [9]}, r"no subject 9.*It has 1, 2"),
        ({"dataset": "SimulatedMI", "subjects": []}, "must not be empty"),
        ({"dataset": "SimulatedMI", "classes": ["left_hand"]}, "at least two"),
        ({"dataset": "SimulatedMI", "classes": ["left_hand", "foot"]}, "got 'foot'"),
        ({"dataset": "FakeDataset", "classes": ["fake1", "fake"]}, "no class 'fake'. Did you"),
        ({"dataset": "SimulatedMI", "sessions": "frist"}, "sessions"),
        ({"dataset": "Recordings"}, "needs the key 'recordings'"),
        ({"dataset": "BNCI2014_009"}, "'p300' dataset"),
    ],
)
def test_wrong_requests_are_explained(arguments, message):
    name = arguments.pop("dataset")
    sizes = SMALL if name == "SimulatedMI" else {}
    with pytest.raises(ConfigError, match=message):
        load_dataset(name, **sizes, **arguments)


def test_recordings_without_a_folder():
    layout = {"pattern": "{subject}.edf", "events": {"a": "b"}}
    with pytest.raises(ConfigError, match="--data-dir"):
        make_dataset(DataConfig(dataset="Recordings", recordings=layout))


def test_parameters_with_an_object():
    with pytest.raises(ConfigError, match="n_subjects"):
        load_dataset(fake(), n_subjects=3)


def test_sessions_that_a_subject_does_not_have():
    with pytest.raises(DataError, match=r"none of the sessions \['7'\].*It has 0, 1"):
        load_dataset(fake(), sessions=["7"])


def test_nothing_left_after_rejection():
    with pytest.raises(DataError, match=r"no trials left.*reject_uv, which is 0.01"):
        load_dataset(fake(), preprocessing={"reject_uv": 0.01})


def test_a_failing_loader_is_told_with_the_subject():
    class Broken(SimulatedMI):
        def _get_single_subject_data(self, subject):
            raise ConnectionError("no network")

    with pytest.raises(DataError, match=r"subject 1 of SimulatedMI.*ConnectionError: no network"):
        load_dataset(Broken(**SMALL, random_state=99))


def test_subjects_with_different_sampling_rates():
    class Mixed(SimulatedMI):
        def _get_single_subject_data(self, subject):
            self.sfreq = 128.0 if subject == 1 else 256.0
            return super()._get_single_subject_data(subject)

    data = Mixed(**SMALL, random_state=98)
    with pytest.raises(DataError, match=r"subject 2.*1025 samples at 256 Hz.*resample"):
        load_dataset(data)


def test_subjects_with_different_channels_can_be_reduced_to_the_common_ones():
    class Mixed(SimulatedMI):
        def _get_single_subject_data(self, subject):
            data = super()._get_single_subject_data(subject)
            if subject == 2:
                data["0"]["0"].drop_channels(["Pz"])
            return data

    data = Mixed(**SMALL, random_state=97)
    with pytest.raises(DataError, match=r"subject 2.*missing \['Pz'\].*channels"):
        load_dataset(data)
    assert load_dataset(data, preprocessing={"channels": ["C3", "C4"]}).ch_names == ["C3", "C4"]
