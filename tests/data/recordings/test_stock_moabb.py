"""A folder of recordings in MOABB's own paradigms and evaluations, without ours."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data import Recordings
from bci_dann.exceptions import DataError


# MOABB's results file: h5py deprecates the way in which it is made
@pytest.mark.filterwarnings("ignore:Creating a dataset without passing data or dtype")
def test_runs_under_stock_moabb(folder, layout):
    from mne.decoding import CSP
    from moabb.evaluations import CrossSubjectEvaluation
    from moabb.paradigms import LeftRightImagery
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.pipeline import make_pipeline

    dataset = Recordings(folder, layout, code="Recordings-test")
    evaluation = CrossSubjectEvaluation(
        LeftRightImagery(), datasets=[dataset], hdf5_path=str(folder), overwrite=True
    )
    results = evaluation.process({"csp": make_pipeline(CSP(2), LinearDiscriminantAnalysis())})
    assert set(results["subject"]) == {"A", "B"}
    assert results["score"].between(0, 1).all()


def test_missing_samples_cost_single_trials_in_stock_moabb(tmp_path, layout, make_raw, write_fif):
    from moabb.paradigms import LeftRightImagery

    for subject in "AB":
        raw = make_raw(seed=ord(subject))
        raw._data[1, 100:110] = np.nan  # before the first cue
        raw._data[:, 650] = np.nan  # in the second trial
        write_fif(tmp_path, subject, "1", raw)
    X, y, _ = LeftRightImagery(fmin=8, fmax=30).get_data(Recordings(tmp_path, layout), ["A"])
    assert len(X) == len(y) == 8
    assert np.isfinite(X).all()


def test_no_event_at_all_in_stock_moabb(folder, layout):
    dataset = Recordings(folder, {**layout, "events": {"769": "left_hand", "770": "right_hand"}})
    with pytest.raises(DataError, match=r"'769' does not occur.*subject A.*There are left, right"):
        dataset.get_data(["A"])
