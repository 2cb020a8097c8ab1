"""Extraction of trials: one subject after another, on common channels and times."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data import Preprocessing, SimulatedMI, load_dataset
from bci_dann.data.extraction import extract_trials
from bci_dann.data.subset import SubsetConfig, resolve_subset
from bci_dann.exceptions import ConfigError, DataError

# MOABB's fake dataset still uses the names of montages that MNE 1.14 renames
pytestmark = pytest.mark.filterwarnings("ignore:Montage name:FutureWarning")


class Changed(SimulatedMI):
    """A simulation whose recordings of subject 2 are changed by a function."""

    def __init__(self, change, **changes):
        super().__init__(**{"n_subjects": 2, "n_trials": 2, **changes})
        self.change = change

    def _get_single_subject_data(self, subject):
        data = super()._get_single_subject_data(subject)
        if subject == 2:
            for runs in data.values():
                runs["0"] = self.change(runs["0"])
        return data


def extracted(dataset, choice=None, **steps):
    subset = resolve_subset(dataset, SubsetConfig(**(choice or {})))
    return list(extract_trials(dataset, subset, Preprocessing(**steps)))


def unchanged(raw):
    return raw


def test_trials_come_subject_by_subject():
    parts = extracted(Changed(unchanged, n_sessions=2))
    assert [set(part.subjects) for part in parts] == [{"1"}, {"2"}]
    assert [part.X.shape for part in parts] == [(8, 15, 513)] * 2
    assert parts[0].metadata["session"].tolist() == ["0"] * 4 + ["1"] * 4
    assert parts[0].X.dtype == np.float32


def test_a_subject_is_loaded_when_its_turn_comes():
    loaded = []

    class Watching(SimulatedMI):
        def _get_single_subject_data(self, subject):
            loaded.append(subject)
            return super()._get_single_subject_data(subject)

    dataset = Watching(n_subjects=3, n_trials=2)
    parts = extract_trials(dataset, resolve_subset(dataset, SubsetConfig()), Preprocessing())
    next(parts)
    assert loaded == [1]


def test_samples_are_in_microvolt():
    dataset = SimulatedMI(n_subjects=1, n_trials=2)
    raw = dataset.get_data([1])[1]["0"]["0"]
    (part,) = extracted(dataset, band=None)
    start = round(raw.annotations.onset[0] * raw.info["sfreq"])
    np.testing.assert_allclose(
        part.X[0], raw.get_data(start=start, stop=start + 513) * 1e6, rtol=1e-5
    )


def test_nothing_about_the_subject_is_kept(fake_dataset):
    info = extracted(fake_dataset())[0].info
    assert not info["subject_info"]
    assert info["meas_date"] is None


def test_channels_in_another_order_are_put_in_order():
    reversed_channels = Changed(lambda raw: raw.reorder_channels(raw.ch_names[::-1]))
    for got, expected in zip(
        extracted(reversed_channels), extracted(Changed(unchanged)), strict=True
    ):
        assert got.ch_names == expected.ch_names
        np.testing.assert_array_equal(got.X, expected.X)


def test_subjects_with_different_channels_can_be_reduced_to_the_common_ones():
    dataset = Changed(lambda raw: raw.drop_channels(["Pz"]))
    with pytest.raises(DataError, match=r"subject 2, session 0, run 0: .*missing \['Pz'\], extra"):
        extracted(dataset)
    assert extracted(dataset, channels=["C3", "C4"])[1].ch_names == ["C3", "C4"]


def test_subjects_with_different_sampling_rates_can_be_resampled():
    class Mixed(SimulatedMI):
        def _get_single_subject_data(self, subject):
            self.sfreq = 128.0 if subject == 1 else 256.0
            return super()._get_single_subject_data(subject)

    dataset = Mixed(n_subjects=2, n_trials=2)
    with pytest.raises(DataError, match=r"subject 2.*1025 samples at 256 Hz.*513 at 128.*resample"):
        extracted(dataset)
    shapes = {part.X.shape for part in extracted(dataset, resample=100.0)}
    assert len(shapes) == 1


def broken_sample(raw):
    raw._data[4, 700:710] = np.nan
    return raw


def test_missing_samples_cost_their_trials_and_are_counted():
    whole, part = extracted(Changed(broken_sample))
    assert whole.account["found"].sum() == whole.account["used"].sum() == len(whole)
    lost = part.account["not_finite"].sum()
    assert 0 < lost < part.account["found"].sum()
    assert len(part) == part.account["used"].sum() == part.account["found"].sum() - lost


def test_the_reasons_are_told_where_nothing_is_left():
    def without_samples(raw):
        raw._data[:] = np.nan
        return raw

    with pytest.raises(DataError, match=r"^subject 2 has no trials left. Of \d+ cues were"):
        extracted(Changed(without_samples))


def test_a_step_that_does_not_fit_names_the_recording_and_stays_a_configuration_error():
    with pytest.raises(ConfigError, match=r"^subject 1, session 0, run 0: .*notch has 64 Hz"):
        extracted(Changed(unchanged), notch=64.0)


def test_a_subject_that_lacks_a_class_is_named():
    def without_left(raw):
        raw.annotations.delete(raw.annotations.description == "left_hand")
        return raw

    message = "subject 2 has no trials of the class 'left_hand'. .*{}.*`subjects`.*`classes`"
    with pytest.raises(DataError, match=message.format("have no event of this class")):
        extracted(Changed(without_left))

    def left_unusable(raw):
        left = raw.annotations.description == "left_hand"
        middle = raw.time_as_index(raw.annotations.onset[left] + 1.0)
        raw._data[:, middle] = np.nan
        return raw

    with pytest.raises(DataError, match=message.format("`window` lie within the recording")):
        extracted(Changed(left_unusable))


def test_a_run_without_trials_is_left_out_and_a_subject_without_is_refused():
    dataset = Changed(lambda raw: raw.set_annotations(None))
    assert len(extracted(dataset, {"subjects": [1]})) == 1
    with pytest.raises(DataError, match=r"subject 2 has no trials left. Check that the events"):
        extracted(dataset)


def test_nothing_left_after_rejection():
    with pytest.raises(DataError, match=r"no trials left.*reject_uv, which is 0.01"):
        extracted(Changed(unchanged), reject_uv=0.01)


def test_sessions_are_selected_by_name(fake_dataset):
    parts = extracted(fake_dataset(), {"sessions": ["1"]})
    assert all(set(part.metadata["session"]) == {"1"} for part in parts)


def test_sessions_that_a_subject_does_not_have(fake_dataset):
    with pytest.raises(
        DataError, match=r"subject 1 of .*none of the sessions \['7'\].*It has 0, 1"
    ):
        extracted(fake_dataset(), {"sessions": ["7"]})


def test_a_failing_loader_is_told_with_the_subject():
    class Broken(SimulatedMI):
        def _get_single_subject_data(self, subject):
            raise ConnectionError("no network")

    with pytest.raises(DataError, match=r"subject 1 of SimulatedMI.*ConnectionError: no network"):
        extracted(Broken(n_subjects=1))


def test_an_error_of_ours_is_passed_on_as_it_is():
    class Refusing(SimulatedMI):
        def _get_single_subject_data(self, subject):
            raise DataError("a message that says it all")

    with pytest.raises(DataError, match=r"^a message that says it all$"):
        extracted(Refusing(n_subjects=1))


def test_progress_goes_to_standard_error(capsys, tmp_path):
    load_dataset("SimulatedMI", progress=True, cache_dir=tmp_path, n_subjects=2, n_trials=2)
    output = capsys.readouterr()
    assert output.out == ""
    assert "Preparing SimulatedMI" in output.err
