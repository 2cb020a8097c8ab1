"""EEGTrials: construction, selection and concatenation."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann.data import EEGTrials
from bci_dann.data.lazy_rows import LazyRows
from bci_dann.data.trials import replace_labels
from bci_dann.exceptions import DataError


def metadata(n_trials, subject="A", session="1"):
    rows = {"subject": [subject] * n_trials, "session": [session] * n_trials}
    return pd.DataFrame({**rows, "run": [str(i) for i in range(n_trials)]})


def make(n_trials=6, subject="A", session="1", seed=0, names=("C3", "C4"), sfreq=100.0, n_times=30):
    X = 10 * np.random.default_rng(seed).standard_normal((n_trials, len(names), n_times))
    y = np.array(["left", "right"] * n_trials)[:n_trials]
    info = mne.create_info(list(names), sfreq, "eeg")
    return EEGTrials(X.astype(np.float32), y, metadata(n_trials, subject, session), info)


def test_properties_follow_from_the_parts():
    trials = make(subject="A", session="2")
    assert len(trials) == 6
    assert trials.subjects.tolist() == ["A"] * 6
    assert trials.domains.tolist() == ["A/2"] * 6
    assert trials.ch_names == ["C3", "C4"]
    assert trials.sfreq == 100.0


def test_numbers_as_subjects_become_text():
    trials = make()
    numbered = EEGTrials(trials.X, trials.y, metadata(6, subject=3, session=0), trials.info)
    assert numbered.subjects.dtype.kind == "U"
    assert numbered.domains[0] == "3/0"


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("X", np.ones((6, 60)), r"X must be \(n_trials, n_chans, n_times\); got shape \(6, 60\)"),
        ("X", np.ones((5, 2, 30)), "metadata has 6 rows for 5 trials"),
        ("X", np.ones((6, 3, 30)), "info names 2 channels; X has 3"),
        ("y", np.array(["left"] * 4), "y has 4 labels for 6 trials"),
        ("metadata", metadata(6).drop(columns="session"), r"lacks the columns \['session'\]"),
    ],
)
def test_parts_that_disagree_are_refused(part, value, message):
    parts = {**vars(make()), part: value}
    for build in (EEGTrials, EEGTrials.trusted):
        with pytest.raises(DataError, match=message):
            build(**parts)


def test_signals_are_checked_unless_they_are_trusted():
    parts = vars(make())
    broken = {**parts, "X": np.full((6, 2, 30), np.nan, dtype=np.float32)}
    with pytest.raises(DataError, match="not finite"):
        EEGTrials(**broken)
    assert len(EEGTrials.trusted(**broken)) == 6


def test_trials_do_not_change():
    with pytest.raises(AttributeError):
        make().X = None


@pytest.mark.parametrize(
    "index", [slice(1, 4), np.array([5, 0, 3]), np.array([True, False, True, True, False, False])]
)
def test_an_index_takes_signals_labels_and_metadata(index):
    trials = make()
    for taken in (trials[index], trials.deferred(index)):
        np.testing.assert_array_equal(np.asarray(taken.X), trials.X[index])
        np.testing.assert_array_equal(taken.y, trials.y[index])
        assert taken.metadata["run"].tolist() == trials.metadata["run"].to_numpy()[index].tolist()
        assert taken.metadata.index.tolist() == list(range(len(taken)))


def test_a_slice_shares_memory_and_a_deferred_selection_reads_nothing():
    trials = make()
    assert np.shares_memory(trials[1:3].X, trials.X)
    assert isinstance(trials.deferred(np.array([1, 2])).X, LazyRows)


def test_unlabelled_trials_share_everything_but_the_labels():
    trials = make()
    unlabelled = trials.unlabelled()
    assert unlabelled.y is None
    assert unlabelled.X is trials.X
    assert trials.y is not None
    assert unlabelled[2:4].y is None


@pytest.mark.parametrize("kind", [list, lambda y: pd.Series(y, index=[3, 1, 5, 0, 2, 4])])
def test_labels_of_any_kind_belong_to_trials_by_their_position(kind):
    """A column of a shuffled table keeps the numbers of its rows, which are no positions."""
    X = make().X
    names = ["a", "b", "c", "d", "e", "f"]
    trials = EEGTrials(X, kind(names), metadata(6), make().info)
    assert trials[np.array([0, 1])].y.tolist() == ["a", "b"]
    assert trials[trials.subjects == "A"].y.tolist() == names


def test_labels_are_replaced_in_a_copy():
    trials = make()
    other = replace_labels(trials, np.repeat("feet", 6))
    assert set(other.y) == {"feet"}
    assert set(trials.y) == {"left", "right"}
    with pytest.raises(DataError, match="y has 2 labels for 6 trials"):
        replace_labels(trials, np.array(["a", "b"]))


def test_concatenation_keeps_the_order():
    first, second = make(4, "A", seed=1), make(3, "B", seed=2)
    joined = EEGTrials.concatenate([first, second])
    np.testing.assert_array_equal(joined.X[:4], first.X)
    np.testing.assert_array_equal(joined.X[4:], second.X)
    assert joined.X.dtype == np.float32
    assert joined.y.tolist() == [*first.y, *second.y]
    assert joined.subjects.tolist() == ["A"] * 4 + ["B"] * 3
    assert joined.metadata.index.tolist() == list(range(7))
    assert joined.info is first.info


def test_concatenation_copies():
    part = make()
    joined = EEGTrials.concatenate([part])
    joined.X[:] = 0
    assert part.X.any()


def test_concatenation_of_unlabelled_trials_is_unlabelled():
    joined = EEGTrials.concatenate([make().unlabelled(), make().unlabelled()])
    assert joined.y is None
    assert len(joined) == 12


def test_concatenation_reads_deferred_trials():
    trials = make()
    joined = EEGTrials.concatenate([trials.deferred(np.array([4, 2])), trials[:1]])
    np.testing.assert_array_equal(joined.X, trials.X[[4, 2, 0]])


def test_concatenation_does_not_check_the_signals_again():
    flat = EEGTrials.trusted(**{**vars(make()), "X": np.zeros((6, 2, 30), dtype=np.float32)})
    assert len(EEGTrials.concatenate([flat, flat])) == 12


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": ("C3", "Cz")}, r"channels: \['C3', 'C4'\] in the first part, \['C3', 'Cz'\]"),
        ({"names": ("C4", "C3")}, "channels"),
        ({"sfreq": 128.0}, "sampling frequency .*100.0 in the first part, 128.0 in another"),
        ({"n_times": 31}, "number of samples: 30 in the first part, 31 in another"),
    ],
)
def test_trials_of_another_kind_are_not_joined(changes, message):
    with pytest.raises(DataError, match=message):
        EEGTrials.concatenate([make(), make(), make(**changes)])


def test_frequencies_that_differ_by_rounding_are_joined():
    """Some formats store the sampling interval in whole microseconds."""
    whole = EEGTrials.concatenate([make(sfreq=128.0), make(seed=1, sfreq=128.005)])
    assert (len(whole), whole.sfreq) == (12, 128.0)
    with pytest.raises(DataError, match=r"100.0 in the first part, 100.1 in another"):
        EEGTrials.concatenate([make(sfreq=100.0), make(sfreq=100.1)])


def test_labels_are_never_dropped_without_a_word():
    with pytest.raises(DataError, match=r"some parts have labels.*unlabelled"):
        EEGTrials.concatenate([make(), make().unlabelled()])


def test_nothing_to_join():
    with pytest.raises(DataError, match="at least one part"):
        EEGTrials.concatenate([])


@pytest.fixture
def epochs():
    """Return epochs of two classes (V), with an EOG channel and a bad EEG channel."""
    X = 1e-5 * np.random.default_rng(0).standard_normal((4, 4, 30))
    info = mne.create_info(["C3", "C4", "Oz", "EOG"], 100.0, ["eeg", "eeg", "eeg", "eog"])
    info["bads"] = ["Oz"]
    events = np.array([[i * 100, 0, 1 + i % 2] for i in range(4)])
    event_id = {"imagery/left": 1, "imagery/right": 2}
    return mne.EpochsArray(X, info, events, event_id=event_id, verbose="error")


def test_epochs_become_trials_in_microvolt(epochs):
    trials = EEGTrials.from_epochs(epochs)
    assert trials.ch_names == ["C3", "C4"]
    assert trials.X.dtype == np.float32
    np.testing.assert_allclose(trials.X, epochs.get_data(["C3", "C4"]) * 1e6, rtol=1e-5)
    assert trials.y.tolist() == ["left", "right", "left", "right"]
    assert epochs.ch_names == ["C3", "C4", "Oz", "EOG"]  # as they were


def test_epochs_that_are_not_in_memory_are_read_without_changing_them():
    """MNE's default: it is not known which epochs will be dropped until they are read."""
    signals = np.random.default_rng(0).normal(0, 1e-5, (2, 600))
    signals[:, 250:260] += 1e-3
    raw = mne.io.RawArray(signals, mne.create_info(2, 100.0, "eeg"), verbose="error")
    events = np.array([[sample, 0, 1 + sample // 100 % 2] for sample in range(0, 600, 100)])
    kinds = {"left": 1, "right": 2}
    limits = {"tmin": 0, "tmax": 0.9, "baseline": None, "reject": {"eeg": 5e-4}}
    lazy = mne.Epochs(raw, events, kinds, **limits, metadata=metadata(6), verbose="error")
    trials = EEGTrials.from_epochs(lazy)
    assert trials.y.tolist() == ["left", "right", "right", "left", "right"]
    assert len(trials.metadata) == 5
    assert not lazy.preload


def test_epochs_without_metadata_are_one_domain(epochs):
    assert set(EEGTrials.from_epochs(epochs).domains) == {"0/0"}


def test_metadata_of_epochs_names_subjects_and_sessions(epochs):
    epochs.metadata = pd.DataFrame({"subject": [1, 1, 2, 2], "session": ["a", "b", "a", "b"]})
    trials = EEGTrials.from_epochs(epochs)
    assert trials.domains.tolist() == ["1/a", "1/b", "2/a", "2/b"]
    assert set(trials.metadata["run"]) == {"0"}


def _with_events(epochs, **event_id):
    epochs.event_id = {name.replace("__", "/"): code for name, code in event_id.items()}
    return epochs


def test_the_tag_that_names_the_class_labels_epochs(epochs):
    trials = EEGTrials.from_epochs(_with_events(epochs, left__run1=1, right__run1=2))
    assert trials.y.tolist() == ["left", "right", "left", "right"]


def test_events_that_do_not_occur_do_not_matter(epochs):
    trials = EEGTrials.from_epochs(_with_events(epochs, left=1, right=2, beep__loud=3))
    assert set(trials.y) == {"left", "right"}


def test_ambiguous_events_need_their_classes(epochs):
    ambiguous = _with_events(epochs, A__x=1, B__y=2)
    with pytest.raises(DataError, match="may be"):
        EEGTrials.from_epochs(ambiguous)
    assert set(EEGTrials.from_epochs(ambiguous, ["x", "y"]).y) == {"x", "y"}
    assert EEGTrials.from_epochs(ambiguous, labelled=False).y is None


def test_one_code_of_two_classes_is_refused(epochs):
    with pytest.raises(DataError, match="code 1 has the names of two classes"):
        EEGTrials.from_epochs(_with_events(epochs, left=1, right=1, rest=2))


def test_epochs_of_a_flat_channel_are_refused(epochs):
    epochs._data[:, 1] = 0.0
    with pytest.raises(DataError, match=r"\['C4'\] are flat"):
        EEGTrials.from_epochs(epochs)


def test_metadata_with_gaps_is_refused(epochs):
    epochs.metadata = pd.DataFrame({"subject": [1, None, 2, 2], "session": "a"})
    with pytest.raises(DataError, match="metadata has no subject for 1 of 4 trials"):
        EEGTrials.from_epochs(epochs)


def test_trials_are_printed_in_one_line():
    trials = make()
    assert repr(trials) == (
        "EEGTrials(6 trials, 2 channels, 30 samples at 100 Hz; subjects A; sessions 1; "
        "classes left (3), right (3))"
    )
    assert repr(trials.unlabelled()).endswith("; no labels)")
    many = EEGTrials.concatenate([trials] * 20)
    many.metadata["subject"] = np.arange(120)
    assert len(repr(many)) < 200
    assert "subjects 0, 1, 10, 100, 101, 102, 103, 104, ...;" in repr(many)


def test_trials_are_indexed_as_scikit_learn_does():
    trials = make()
    assert trials.shape == (6, 2, 30)
    chosen = trials[np.array([4, 1]), ...]
    np.testing.assert_array_equal(chosen.X, trials.X[[4, 1]])
    assert chosen.metadata["run"].tolist() == trials.metadata["run"].iloc[[4, 1]].tolist()


def with_rest(n_trials=6, missing=(1,), n_times=20, **changes):
    parts = vars(make(n_trials, **changes))
    rest = 10 * np.random.default_rng(9).standard_normal((n_trials, 2, n_times))
    rest[list(missing)] = np.nan
    return EEGTrials(**{**parts, "rest": rest.astype(np.float32)})


def test_rest_windows_follow_their_trials():
    trials = with_rest()
    assert trials.has_rest.tolist() == [True, False, True, True, True, True]
    index = np.array([3, 1])
    for taken in (trials[index], trials.deferred(index), trials.unlabelled()[index]):
        np.testing.assert_array_equal(np.asarray(taken.rest), trials.rest[index])
        assert taken.has_rest.tolist() == [True, False]
    assert isinstance(trials.deferred(index).rest, LazyRows)
    assert replace_labels(trials, np.repeat("feet", 6)).rest is trials.rest
    assert make().rest is None
    assert not make().has_rest.any()


def test_trials_that_are_joined_keep_their_rest_windows():
    joined = EEGTrials.concatenate([make(2), with_rest(3)])
    assert joined.has_rest.tolist() == [False, False, True, False, True]
    assert EEGTrials.concatenate([make(2), make(3)]).rest is None
    with pytest.raises(DataError, match=r"have \[20, 30\] samples"):
        EEGTrials.concatenate([with_rest(), with_rest(n_times=30)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rest: rest[:4], r"rest must be .*got shape \(4, 2, 20\)"),
        (lambda rest: rest * 1e-6, "rest windows: the typical standard deviation"),
        (lambda rest: np.where(np.arange(20) == 5, np.nan, rest), "rest windows: samples are not"),
    ],
)
def test_rest_windows_are_checked(change, message):
    trials = with_rest(missing=())
    with pytest.raises(DataError, match=message):
        EEGTrials(**{**vars(trials), "rest": change(trials.rest)})
