from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation.protocols import PROTOCOLS, split
from bci_dann.exceptions import ConfigError, DataError


def uneven_metadata():
    """Subjects 10, 9 and 1, not sorted, whose sessions have 7, 1 and 12 trials."""
    rows = []
    for subject in ("10", "9", "1"):
        for session, count in {"1test": 7, "0train": 12, "single": 1}.items():
            rows += [(subject, session)] * count
    return pd.DataFrame(rows, columns=["subject", "session"])


OURS = ("n_per_class", "n_first", "first_session", "online", "share", "source_free")
MOABBS = [n for n, rule in PROTOCOLS.items() if not any(getattr(rule, own) for own in OURS)]


@pytest.mark.parametrize("protocol", MOABBS)
def test_folds_are_those_of_moabb(protocol):
    from moabb.evaluations.protocols import CrossSubjectMode
    from moabb.evaluations.splitters import CrossSubjectSplitter

    mode = CrossSubjectMode(protocol)
    metadata = uneven_metadata()
    splitter = CrossSubjectSplitter(
        calibration_size=mode.calibration_size, calibration_labeled=mode.calibration_labeled
    )
    folds = list(splitter.split(np.zeros(len(metadata)), metadata))
    assert len(folds) == 3
    for parts in folds:
        train, test = parts[0], parts[-1]
        subject = metadata["subject"][test[0]]
        ours = split(metadata, subject, protocol)
        np.testing.assert_array_equal(ours.train, train)
        np.testing.assert_array_equal(ours.test, test)
        seen = parts[1] if len(parts) == 3 else []
        with_labels, without = (seen, []) if mode.calibration_labeled else ([], seen)
        np.testing.assert_array_equal(ours.labelled, with_labels)
        np.testing.assert_array_equal(ours.unlabelled, without)
        assert PROTOCOLS[protocol].trialwise is mode.trialwise


def test_every_mode_of_moabb_is_known():
    from moabb.evaluations.protocols import CrossSubjectMode

    assert {mode.value for mode in CrossSubjectMode} == set(MOABBS)


def test_calibration_and_test_share_nothing_unless_transductive():
    for protocol in MOABBS:
        fold = split(uneven_metadata(), "9", protocol)
        calibration = np.r_[fold.labelled, fold.unlabelled]
        shared = np.intersect1d(calibration, fold.test)
        assert len(shared) == (len(fold.test) if PROTOCOLS[protocol].calibration == 1 else 0)
        assert not np.intersect1d(fold.train, np.r_[calibration, fold.test]).size


@pytest.mark.parametrize("protocol", [n for n, rule in PROTOCOLS.items() if rule.n_per_class < 10])
def test_who_is_left_out_plays_no_part(protocol):
    metadata = uneven_metadata()
    labels = np.resize(np.array(["a", "b"]), len(metadata))
    with_all = split(metadata, "9", protocol, labels)
    fold = split(metadata, "9", protocol, labels, without="1")
    np.testing.assert_array_equal(fold.train, np.flatnonzero(metadata["subject"] == "10"))
    for part in ("unlabelled", "labelled", "test"):
        np.testing.assert_array_equal(getattr(fold, part), getattr(with_all, part))


def test_who_is_left_out_is_another_subject():
    with pytest.raises(DataError, match="target subject must be one of '10', '1'; got '9'"):
        split(uneven_metadata(), "9", "train", without="9")
    with pytest.raises(DataError, match="the subject to leave out"):
        split(uneven_metadata(), "9", "train", without="2")


def test_semisupervised_shows_the_first_trials_of_each_class():
    metadata = uneven_metadata()
    labels = np.where(np.arange(len(metadata)) % 4 == 0, "rare", "often").astype(str)
    fold = split(metadata, "9", "semisupervised_2", labels)
    own = np.flatnonzero(metadata["subject"] == "9")
    np.testing.assert_array_equal(fold.labelled, own[[0, 1, 2, 4]])  # 20, 21, 22 and 24
    np.testing.assert_array_equal(fold.unlabelled, np.setdiff1d(own, fold.labelled))
    np.testing.assert_array_equal(fold.test, fold.unlabelled)
    assert not np.isin(own, fold.train).any()


def test_semisupervised_needs_labels_and_something_to_score():
    metadata = uneven_metadata()
    with pytest.raises(DataError, match="needs the labels"):
        split(metadata, "9", "semisupervised_5")
    with pytest.raises(DataError, match="no trial left"):
        split(metadata, "9", "semisupervised_20", np.repeat("one", len(metadata)))


def test_the_first_ten_trials_of_a_thinned_target_are_seen_with_labels():
    metadata = pd.DataFrame({"subject": np.repeat(["1", "2"], 60), "session": "0"})
    labels = np.resize(np.array(["hand", "rest"]), 120)
    whole = split(metadata, "2", "train_and_target_unlabeled_80_20", labels).test
    fold = split(metadata, "2", "first_10_labeled_80_20", labels)
    np.testing.assert_array_equal(fold.labelled, whole[:10])
    np.testing.assert_array_equal(fold.test, whole[10:])
    np.testing.assert_array_equal(fold.unlabelled, fold.test)
    assert set(labels[fold.labelled]) == {"hand", "rest"}


def test_more_trials_than_the_first_ten_are_needed():
    metadata = pd.DataFrame({"subject": np.repeat(["1", "2"], 10), "session": "0"})
    with pytest.raises(DataError, match="none is left to be scored"):
        split(metadata, "2", "first_10_labeled")


def test_the_first_session_is_seen_with_labels_and_later_ones_are_scored():
    metadata = uneven_metadata()
    fold = split(metadata, "9", "first_session_labeled")
    own = np.flatnonzero(metadata["subject"] == "9")
    np.testing.assert_array_equal(fold.labelled, own[:7])  # "1test" was recorded first
    np.testing.assert_array_equal(fold.test, own[7:])
    np.testing.assert_array_equal(fold.unlabelled, fold.test)
    assert not np.isin(own, fold.train).any()


def test_a_first_session_needs_a_later_one():
    metadata = pd.DataFrame({"subject": np.repeat(["1", "2"], 10), "session": "0"})
    with pytest.raises(DataError, match="subject 2 has only one session"):
        split(metadata, "2", "first_session_labeled")


def test_a_target_of_80_to_20_is_thinned_and_keeps_its_labels_to_itself():
    metadata = uneven_metadata()
    labels = np.resize(np.array(["rest", "hand", "hand"]), len(metadata))
    own = np.flatnonzero(metadata["subject"] == "9")
    fold = split(metadata, "9", "train_and_target_unlabeled_80_20", labels)
    np.testing.assert_array_equal(fold.test, fold.unlabelled)
    assert not len(fold.labelled)
    assert set(fold.test) < set(own)
    for _, session in metadata.iloc[own].groupby("session"):
        kept, given = labels[np.intersect1d(session.index, fold.test)], labels[session.index]
        fewer = min((given == "hand").sum(), (given == "rest").sum() or len(given))
        assert (kept == "hand").sum() == fewer
        assert (kept == "rest").sum() == (max(1, round(fewer / 4)) if "rest" in kept else 0)
    whole = split(metadata, "9", "train_and_target_unlabeled_full", labels)
    np.testing.assert_array_equal(fold.train, whole.train)


# protocol, trials of the first class, all trials: 90 to 10 leaves fewer
SHARES = (
    ("80_20", 30, 38),
    ("65_35", 24, 38),
    ("50_50", 18, 36),
    ("20_80", 8, 38),
    ("90_10", 30, 34),
)


def test_whatever_the_shares_as_many_trials_are_kept():
    metadata = pd.DataFrame({"subject": np.repeat(["1", "2"], 60), "session": ["a", "b"] * 60})
    labels = np.tile(["rest", "rest", "hand", "hand"], 30)
    for shares, n_hands, n_trials in SHARES:
        test = split(metadata, "2", f"train_and_target_unlabeled_{shares}", labels).test
        hands = labels[test] == "hand"
        assert (hands.sum(), len(test)) == (n_hands, n_trials)  # but for rounding, as many
        assert len(set(metadata["session"][test])) == 2


@pytest.mark.parametrize(
    ("shares", "counts"), [("80_20", [40, 3, 3, 3]), ("20_80", [10, 13, 13, 13])]
)
def test_further_classes_share_what_the_first_one_leaves(shares, counts):
    metadata = pd.DataFrame({"subject": np.repeat(["1", "2"], 160), "session": "a"})
    # in blocks, where evenly spaced trials of all others would miss a class
    labels = np.tile(np.repeat(["feet", "left_hand", "right_hand", "tongue"], 40), 2)
    test = split(metadata, "2", f"train_and_target_unlabeled_{shares}", labels).test
    assert np.unique(labels[test], return_counts=True)[1].tolist() == counts


@pytest.mark.parametrize("n_first", [80, 20])
def test_shares_are_as_named_whichever_class_is_the_rarer(n_first):
    metadata = pd.DataFrame({"subject": ["1"] * 100 + ["2"] * 2, "session": "a"})
    labels = np.array(["feet"] * n_first + ["rest"] * (100 - n_first) + ["feet", "rest"])
    for share in (80, 65, 50, 20):
        protocol = f"train_and_target_unlabeled_{share}_{100 - share}"
        test = split(metadata, "1", protocol, labels).test
        assert len(test) == pytest.approx(25, abs=1)  # but for rounding, as many
        assert np.mean(labels[test] == "feet") == pytest.approx(share / 100, abs=0.02)


def test_a_target_of_one_class_is_not_thinned():
    metadata = uneven_metadata()
    own = np.flatnonzero(metadata["subject"] == "9")
    fold = split(metadata, "9", "train_and_target_unlabeled_80_20", np.repeat("a", len(metadata)))
    np.testing.assert_array_equal(fold.test, own)


def test_80_to_20_needs_the_labels_of_the_design():
    with pytest.raises(DataError, match="80_20 needs the labels"):
        split(uneven_metadata(), "9", "train_and_target_unlabeled_80_20")


def test_unknown_protocol_says_what_was_meant():
    with pytest.raises(ConfigError, match="Did you mean 'train_trialwise'"):
        split(uneven_metadata(), "9", "train_trialwize")


def test_unknown_subject():
    with pytest.raises(DataError, match="target subject"):
        split(uneven_metadata(), "2", "train")


def test_one_subject_cannot_be_left_out():
    metadata = uneven_metadata().query("subject == '9'")
    with pytest.raises(DataError, match="at least two subjects"):
        split(metadata, "9", "train")
