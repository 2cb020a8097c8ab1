"""Arrays, epochs and trials with names, read as one thing."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann.data import EEGTrials
from bci_dann.estimators.inputs.signals import (
    Signals,
    check_same_kind,
    check_sfreq,
    copy_trials,
    in_channel_order,
    read_signals,
)
from bci_dann.exceptions import DataError


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(0, 10, (4, 2, 32)).astype(np.float32)


def named(X, subjects=("p", "p", "q", "q"), names=("C3", "C4"), sfreq=64.0):
    metadata = pd.DataFrame({"subject": subjects, "session": ["0", "1", "0", "0"], "run": "0"})
    info = mne.create_info(list(names), sfreq, "eeg")
    return EEGTrials(X, np.array(["a", "b", "a", "b"]), metadata, info)


def epochs(X, metadata=None):
    info = mne.create_info(["C3", "C4"], 64.0, "eeg")
    return mne.EpochsArray(X * 1e-6, info, metadata=metadata, verbose="error")


def test_arrays_bring_nothing_but_numbers(X):
    signals = read_signals(X)
    assert signals.X is X
    assert (signals.subjects, signals.domains, signals.ch_names, signals.sfreq) == (None,) * 4
    with_subjects = read_signals(X, [1, 1, 2, 2])
    assert with_subjects.subjects.tolist() == with_subjects.domains.tolist() == ["1", "1", "2", "2"]


def test_trials_with_names_bring_them(X):
    signals = read_signals(named(X))
    np.testing.assert_array_equal(signals.X, X)
    assert signals.subjects.tolist() == ["p", "p", "q", "q"]
    assert signals.domains.tolist() == ["p/0", "p/1", "q/0", "q/0"]
    assert (signals.ch_names, signals.sfreq) == (["C3", "C4"], 64.0)
    same = read_signals(named(X), ["p", "p", "q", "q"])
    assert same.domains.tolist() == signals.domains.tolist()


def test_epochs_are_read_in_microvolt_with_the_domains_of_their_metadata(X):
    metadata = pd.DataFrame({"subject": [1, 1, 2, 2], "session": "s", "run": "0"})
    signals = read_signals(epochs(X, metadata))
    np.testing.assert_allclose(signals.X, X, rtol=1e-5)
    assert signals.domains.tolist() == ["1/s", "1/s", "2/s", "2/s"]
    assert signals.sfreq == 64.0


def test_a_list_of_epochs_is_read_as_one(X):
    """As scikit-learn's cross-validation picks them out of epochs, one by one."""
    metadata = pd.DataFrame({"subject": [1, 1, 2, 2], "session": "s", "run": "0"})
    whole = epochs(X, metadata)
    signals = read_signals([whole[1], whole[3]])
    np.testing.assert_allclose(signals.X, X[[1, 3]], rtol=1e-5)
    assert signals.domains.tolist() == ["1/s", "2/s"]
    assert signals.ch_names == ["C3", "C4"]
    assert copy_trials([whole[0]]).X.shape == (1, 2, 32)
    assert read_signals([]).X == []


@pytest.mark.parametrize("metadata", [None, pd.DataFrame({"cue": ["a", "b", "a", "b"]})])
def test_epochs_that_do_not_say_whose_they_are(X, metadata):
    signals = read_signals(epochs(X, metadata))
    assert (signals.subjects, signals.domains) == (None, None)
    given = read_signals(epochs(X, metadata), ["p", "p", "q", "q"])
    assert given.domains.tolist() == ["p", "p", "q", "q"]
    assert given.ch_names == ["C3", "C4"]


@pytest.mark.parametrize(
    ("subjects", "message"),
    [
        (["p"], r"subjects must have shape \(4,\); got \(1,\)"),
        ([["p"]] * 4, r"got \(4, 1\)"),
        (["q", "q", "p", "p"], "differ from the subjects in the trials' own metadata"),
    ],
)
def test_subjects_that_do_not_fit(X, subjects, message):
    with pytest.raises(DataError, match=message):
        read_signals(named(X), subjects)


# --- trials that are copied for later -------------------------------------------------------------


def test_a_copy_does_not_change_with_the_buffer(X):
    before = X.copy()
    for trials in (X, named(X.copy()), epochs(X.copy())):
        copied = copy_trials(trials)
        values = copied if isinstance(copied, np.ndarray) else copied.X
        X[:] = 0
        np.testing.assert_allclose(values, before, rtol=1e-5)
        X[:] = before


def test_a_copy_has_no_labels(X):
    copied = copy_trials(named(X))
    assert copied.y is None
    assert copied.metadata is not named(X).metadata
    assert copy_trials(X.tolist()).shape == X.shape


# --- trials of another kind ----------------------------------------------------------------------

OF_MODEL = {"fitted_n_times": 32, "fitted_ch_names": ["C3", "C4"], "fitted_sfreq": 64.0}


@pytest.mark.parametrize(
    ("n_times", "brought", "fitted", "message"),
    [
        (32, {"ch_names": ["C3", "C4"], "sfreq": 64.0}, {}, None),
        (32, {}, {}, None),  # an array says nothing
        (32, {"sfreq": 64.004}, {}, None),  # the same, rounded in a file
        (
            32,
            {"ch_names": ["Cz"], "sfreq": 99.0},
            {"fitted_ch_names": None, "fitted_sfreq": None},
            None,
        ),
        (16, {}, {}, "trials have 16 samples; the model was fitted with 32. Cut the same window"),
        (None, {}, {}, "trials have None samples; the model was fitted with 32"),
        (32, {"sfreq": 32.0}, {}, "sampled at 32.0 Hz; the model was fitted at 64.0 Hz. Resample"),
        (32, {"ch_names": ["C3", "Pz"]}, {}, r"lack the channels \['C4'\] and have .*\['Pz'\]"),
    ],
)
def test_trials_are_compared_with_those_of_the_fit(n_times, brought, fitted, message):
    signals = Signals(None, None, None, **brought)
    given = (n_times, signals, *{**OF_MODEL, **fitted}.values())
    if message is None:
        check_same_kind(*given)
    else:
        with pytest.raises(DataError, match=message):
            check_same_kind(*given)


@pytest.mark.parametrize(
    ("given", "of_trials"), [(None, None), (64.0, None), (None, 64.0), (64, 64.0), (64, 64.004)]
)
def test_one_sampling_frequency(given, of_trials):
    check_sfreq(given, of_trials)


def test_two_sampling_frequencies():
    with pytest.raises(DataError, match=r"sfreq is 128 Hz, but the trials have 62\.5 Hz"):
        check_sfreq(128.0, 62.5)


def test_named_channels_are_brought_into_the_fitted_order(X):
    swapped = read_signals(named(X[:, ::-1], names=("C4", "C3")))
    ordered = in_channel_order(swapped, ["C3", "C4"])
    np.testing.assert_array_equal(ordered.X, X)
    assert ordered.ch_names == ["C3", "C4"]
    assert in_channel_order(swapped, None) is swapped
    assert in_channel_order(swapped, ["C3", "Cz"]) is swapped
    unnamed = read_signals(X)
    assert in_channel_order(unnamed, ["C3", "C4"]) is unnamed


def test_epochs_whose_tags_do_not_tell_the_class_are_read_all_the_same(X):
    several = epochs(X)
    several.events[:, 2] = [1, 2, 3, 4]
    several.event_id = {"A/x": 1, "A/y": 2, "B/x": 3, "B/y": 4}
    np.testing.assert_allclose(read_signals(several).X, X, rtol=1e-5)
    assert copy_trials(several).y is None


@pytest.mark.parametrize("missing", [np.nan, None, ""])
def test_every_trial_needs_a_subject(X, missing):
    with pytest.raises(DataError, match=r"1 of 4 subjects are missing .* at \[2\]"):
        read_signals(X, np.array(["p", "p", missing, "q"], dtype=object))
    with pytest.raises(DataError, match="2 of 4 subjects"):
        read_signals(X, [1.0, np.nan, 2.0, np.nan])


def test_rest_windows_are_read_copied_and_ordered_with_the_channels(X):
    given = named(X)
    trials = EEGTrials(X, given.y, given.metadata, given.info, rest=X[:, :, ::-1])
    signals = read_signals(trials)
    assert signals.rest is trials.rest
    turned = in_channel_order(signals, ["C4", "C3"])
    np.testing.assert_array_equal(turned.rest, trials.rest[:, ::-1])
    copied = copy_trials(trials)
    assert not np.shares_memory(copied.rest, trials.rest)
    np.testing.assert_array_equal(copied.rest, trials.rest)
    assert read_signals(X).rest is None
    assert read_signals(given).rest is None
