"""Tables of predictions for the cues of recordings, of models with and without abstention."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann import CalibratedClassifier, serving
from bci_dann.data import SimulatedMI, open_trials, prepare_trials
from bci_dann.evaluation import load_config
from bci_dann.exceptions import ConfigError
from bci_dann.serving import predict_recordings

DATA = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
CONFIG = {"name": "my", "data": DATA, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}


@pytest.fixture(scope="module")
def simulated():
    return SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]


@pytest.fixture(scope="module")
def plain():
    return serving.fit_model(CONFIG)


@pytest.fixture(scope="module")
def abstaining(plain):
    """A calibrated model whose threshold no trial of a weak decoder reaches easily."""
    run = load_config(CONFIG)
    trials = open_trials(prepare_trials(run.data, run.preprocessing))
    estimator = CalibratedClassifier("ea_csp_lda", abstain_below=0.99)
    return serving.ServedModel(estimator.fit(trials.unlabelled(), trials.y), plain.recipe)


def test_a_model_that_abstains_leaves_trials_without_a_class(abstaining, simulated, tmp_path):
    adapted = serving.adapt_model(abstaining, simulated, out=tmp_path / "model").model
    table = serving.predict_recordings(adapted, simulated)
    probabilities = table[["p_left_hand", "p_right_hand"]].to_numpy()
    np.testing.assert_array_equal(table["abstained"], probabilities.max(axis=1) < 0.99)
    np.testing.assert_array_equal(table["prediction"] == "", table["abstained"])
    assert table["abstained"].any()
    assert (table["left_out"] == "").all()
    again = serving.predict_recordings(tmp_path / "model", simulated)
    np.testing.assert_array_equal(again["prediction"], table["prediction"])


def test_a_given_threshold_replaces_the_threshold_of_the_model(abstaining, simulated):
    adapted = serving.adapt_model(abstaining, simulated).model
    table = serving.predict_recordings(adapted, simulated, abstain_below=0.01)
    assert not table["abstained"].any()
    assert (table["prediction"] != "").all()


def test_without_a_threshold_the_table_has_no_column_for_abstention(plain, simulated):
    table = serving.predict_recordings(serving.adapt_model(plain, simulated).model, simulated)
    assert "abstained" not in table


def test_an_invalid_threshold_is_refused_before_the_recording_is_read(plain):
    with pytest.raises(ConfigError, match="abstain_below must be a number above 0 and below 1"):
        serving.predict_recordings(plain, "no_such_file.edf", abstain_below=70)


def test_predictions_for_files_and_for_objects_in_memory_are_equal(adapted, first, second, raw):
    by_file = predict_recordings(adapted, second)
    pd.testing.assert_frame_equal(predict_recordings(adapted, raw), by_file)
    several = predict_recordings(adapted, [first, raw])
    assert len(several) == 32
    assert list(several["trial"]) == [*range(16), *range(16)]
    assert list(several["file"].unique()) == [str(first), str(second)]
    pd.testing.assert_frame_equal(several[16:].reset_index(drop=True), by_file)


def test_a_frequency_that_is_rounded_in_the_file_is_that_of_the_model(plain, simulated):
    rounded = SimulatedMI(n_subjects=5, n_trials=10).get_data([5])[5]["0"]["0"]
    with rounded.info._unlock():
        rounded.info["sfreq"] = 128.005
    adapted = serving.adapt_model(plain, [simulated, rounded])
    assert (adapted.n_trials, adapted.differences) == (40, [])
    exact = SimulatedMI(n_subjects=5, n_trials=10).get_data([5])[5]["0"]["0"]
    tables = []
    for one in (rounded, exact):
        model = serving.adapt_model(plain, one).model
        tables.append(serving.predict_recordings(model, one)[["p_left_hand", "p_right_hand"]])
    np.testing.assert_allclose(*tables, atol=0.05)


def test_interpolated_electrodes_are_those_of_their_recording(plain, simulated):
    """Also of recordings in memory, which have no names."""
    adapted = serving.adapt_model(plain, simulated).model
    bad = SimulatedMI(n_subjects=5, n_trials=10).get_data([5])[5]["0"]["0"]
    bad.info["bads"] = ["C3"]
    for recordings, expected in (([bad, simulated], ["C3", ""]), ([simulated, bad], ["", "C3"])):
        table = serving.predict_recordings(adapted, recordings)
        assert list(table["interpolated"]) == [*[expected[0]] * 20, *[expected[1]] * 20]
        name = "Raw" if expected[0] else "Raw 2"
        assert table.attrs["differences"][0].startswith(f"{name}: Interpolated by")


def test_epochs_are_predicted_as_the_trials_of_their_raw(model, raw, cut):
    """Without adaptation no session is known, so that both are centred on the sources' mean."""
    of_epochs, of_raw = predict_recordings(model, cut()), predict_recordings(model, raw)
    columns = ["trial", "prediction", "p_left_hand", "p_right_hand", "event", "class"]
    pd.testing.assert_frame_equal(of_epochs[columns], of_raw[columns])
    assert set(of_epochs["file"]) == {"Epochs"}
    assert of_epochs["onset"].isna().all()


def test_cues_without_a_class_are_predicted(adapted, raw):
    expected = predict_recordings(adapted, raw)
    raw.annotations.rename({"769": "cue", "770": "cue"})
    cued = predict_recordings(adapted, raw, cues=["cue"])
    pd.testing.assert_frame_equal(cued, expected.assign(**{"event": "cue", "class": ""}))


def test_every_cue_has_a_row_and_a_reason_if_it_has_no_prediction(adapted, raw):
    expected = predict_recordings(adapted, raw)
    onsets = expected["onset"]
    raw.annotations.append(onsets[2] + 0.5, 0.2, "BAD_blink")
    raw.annotations.append(onsets[5], 0.0, "769" if expected["event"][5] == "770" else "770")
    raw.annotations.append(onsets[7] + 0.02, 0.0, expected["event"][7])
    table = predict_recordings(adapted, raw)
    reasons = ["", "", "marked_bad", "", "", "contradicting", "contradicting", "", "", "doubled"]
    assert table["left_out"].tolist() == [*reasons, *[""] * 8]
    assert table["trial"].tolist() == list(range(18))
    left_out = table["left_out"] != ""
    assert (table["prediction"][left_out] == "").all()
    assert table["p_left_hand"].isna().equals(left_out)
    kept = expected["p_left_hand"].drop([2, 5]).to_numpy()
    np.testing.assert_array_equal(table["p_left_hand"][~left_out], kept)


def test_predictions_are_written_with_six_decimals(adapted, second, tmp_path):
    table = predict_recordings(adapted, second, out=tmp_path / "predictions.csv")
    lines = (tmp_path / "predictions.csv").read_text().splitlines()
    assert lines[0] == "file,trial,onset,event,class,prediction,p_left_hand,p_right_hand,left_out"
    first = table.iloc[0]
    cue = f"{first['onset']:.6f},{first['event']},{first['class']}"
    numbers = f"{first['prediction']},{first['p_left_hand']:.6f}"
    assert lines[1].startswith(f"{second},0,{cue},{numbers},")


def test_predictions_do_not_replace_a_recording(adapted, second, tmp_path):
    copy = tmp_path / "copy_raw.fif"
    copy.write_bytes(second.read_bytes())
    raw = mne.io.read_raw(copy, verbose="error")
    for recording in (copy, raw):
        with pytest.raises(ConfigError, match="is one of the recordings"):
            predict_recordings(adapted, recording, out=copy)
    assert copy.read_bytes() == second.read_bytes()
