"""Files of epochs: recognised, read, and joined without moving a trial."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data import RecordingsLayout
from bci_dann.data.recordings.epochs_files import as_continuous, is_epochs_file, read_epochs_file
from bci_dann.data.recordings.reading import read_recording

CODES = {"left": 1, "right": 2}


@pytest.fixture
def epochs_of(make_raw):
    """Return a function that cuts epochs."""

    def cut(start, stop):
        raw = make_raw()
        events, _ = mne.events_from_annotations(raw, CODES, verbose="error")
        limits = {"tmin": start, "tmax": stop, "baseline": None, "preload": True}
        return mne.Epochs(raw, events, CODES, **limits, verbose="error")

    return cut


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a-epo.fif", True), ("a_epo.fif.gz", True), ("a_raw.fif", False), ("epo.edf", False)],
)
def test_fif_is_recognised_by_its_name(tmp_path, name, expected):
    assert is_epochs_file(tmp_path / name) == expected


def test_eeglab_is_recognised_by_its_content(tmp_path, make_raw, epochs_of):
    pytest.importorskip("eeglabio", reason="eeglabio, which writes EEGLAB files, is not installed")
    make_raw().export(tmp_path / "raw.set", verbose="error")
    epochs_of(0, 2).export(tmp_path / "epochs.set", verbose="error")
    (tmp_path / "damaged.set").write_bytes(b"nothing")
    assert is_epochs_file(tmp_path / "epochs.set")
    assert not is_epochs_file(tmp_path / "raw.set")
    assert not is_epochs_file(tmp_path / "damaged.set")
    assert len(read_epochs_file(tmp_path / "epochs.set")) == 9


@pytest.mark.parametrize(("start", "stop"), [(0.0, 3.0), (-1.0, 3.5), (0.5, 3.0)])
def test_joined_epochs_have_their_events_at_time_0(epochs_of, start, stop):
    epochs = epochs_of(start, stop)
    raw = as_continuous(epochs)
    events, _ = mne.events_from_annotations(raw, CODES, verbose="error")
    assert events[:, 2].tolist() == epochs.events[:, 2].tolist()
    limits = {"tmin": start, "tmax": stop, "baseline": None}
    again = mne.Epochs(raw, events, CODES, **limits, preload=True, verbose="error")
    np.testing.assert_array_equal(again.get_data(), epochs.get_data())


@pytest.mark.parametrize(("start", "stop"), [(0.0, 3.0), (-1.0, 3.5), (0.5, 3.0)])
def test_trials_of_a_file_of_epochs_are_those_of_its_recording(
    tmp_path, load, make_raw, write_fif, epochs_of, start, stop
):
    for subject in ("A", "B"):
        (tmp_path / f"s{subject}").mkdir()
    write_fif(tmp_path, "A", "1", make_raw())
    epochs_of(start, stop).save(tmp_path / "sA" / "2-epo.fif", verbose="error")
    steps = {"band": None, "window": (0.5, 3.0)}
    of_raw = load(tmp_path, steps=steps)
    of_epochs = load(tmp_path, steps=steps, pattern="s{subject}/{session}-epo.fif")
    np.testing.assert_allclose(of_epochs.X, of_raw.X, atol=1e-4)
    assert of_epochs.y.tolist() == of_raw.y.tolist()


def test_a_window_beyond_the_epochs_gives_no_trial(tmp_path, epochs_of):
    epochs_of(0.0, 2.0).save(tmp_path / "s1-epo.fif", verbose="error")
    layout = RecordingsLayout(
        pattern="{subject}.fif", events={"left": "left_hand"}, interval=(0, 2)
    )
    raw = read_recording(tmp_path / "s1-epo.fif", layout).raw
    events, _ = mne.events_from_annotations(raw, {"left_hand": 1}, verbose="error")
    longer = mne.Epochs(raw, events, tmin=0, tmax=2.5, baseline=None, verbose="error")
    with pytest.warns(RuntimeWarning, match="All epochs were dropped"):
        longer.drop_bad()
