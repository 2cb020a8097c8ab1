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


@pytest.mark.parametrize("protocol", PROTOCOLS)
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
        np.testing.assert_array_equal(ours.calibration, parts[1] if len(parts) == 3 else [])
        assert ours.labelled is mode.calibration_labeled
        assert PROTOCOLS[protocol].trialwise is mode.trialwise


def test_every_mode_of_moabb_is_known():
    from moabb.evaluations.protocols import CrossSubjectMode

    assert {mode.value for mode in CrossSubjectMode} == set(PROTOCOLS)


def test_calibration_and_test_share_nothing_unless_transductive():
    for protocol, rule in PROTOCOLS.items():
        fold = split(uneven_metadata(), "9", protocol)
        shared = np.intersect1d(fold.calibration, fold.test)
        assert len(shared) == (len(fold.test) if rule.calibration == 1 else 0)
        assert not np.intersect1d(fold.train, np.r_[fold.calibration, fold.test]).size


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
