"""Replay of a recording: decisions, and their comparison with the cues."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann import serving
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError
from bci_dann.reporting import draw_replay, write_replay_figure
from bci_dann.serving import ServedModel, replay_recording
from bci_dann.serving.online.decision import Decision
from bci_dann.serving.online.replay_scores import ReplayScores, decision_table


@pytest.fixture(scope="module")
def replay(causal_model, new_subject):
    return replay_recording(causal_model, new_subject, step=0.5)


def test_at_the_ends_of_trials_it_says_what_predict_says(replay, causal_model, new_subject):
    predicted = serving.predict_recordings(causal_model, new_subject)
    names = ["p_left_hand", "p_right_hand"]
    np.testing.assert_allclose(replay.cues[names], predicted[names], atol=1e-6)
    assert list(replay.cues["class"]) == list(predicted["class"])
    np.testing.assert_allclose(replay.cues["onset"], predicted["onset"])
    right = (predicted["class"] == predicted["prediction"]).sum()
    assert (replay.scores.n_right, replay.scores.n_decided) == (right, 20)
    assert replay.scores.interval[0] < replay.scores.accuracy < replay.scores.interval[1]
    assert np.diag(replay.scores.confusion).sum() == right


def test_the_length_of_chunks_has_no_influence(replay, causal_model, new_subject):
    other = replay_recording(causal_model, new_subject, step=0.5, chunk_s=3.3)
    pd.testing.assert_frame_equal(other.decisions, replay.decisions, rtol=0, atol=1e-6)


def test_the_curve_rises_after_the_cue(replay):
    curve = replay.scores.curve.set_index(replay.scores.curve["after_cue"].round(1))
    assert curve.loc[3.5, "accuracy"] > curve["accuracy"].iloc[0]
    assert curve["n"].iloc[0] >= curve["n"].iloc[1] - 1  # the first time is not cut in half
    assert curve.loc[3.5, "accuracy"] == pytest.approx(replay.scores.accuracy, abs=0.11)


def test_what_is_interrupted_is_not_decided(causal_model, new_subject):
    broken = new_subject.copy()
    broken.annotations.append(20.0, 1.0, "BAD_ACQ_SKIP")
    table = replay_recording(causal_model, broken, step=0.5).decisions
    hit = table[(table["time"] >= 20.0) & (table["time"] < 24.0)]
    assert set(hit["reason"]) == {"missing samples"}
    assert hit[["p_left_hand", "p_right_hand"]].isna().all(axis=None)
    assert table.loc[table["time"] > 24.5, "ok"].all()


PROBABILITIES = ["p_left_hand", "p_right_hand"]


def exchanged(raw):
    """Return the recording with the cables of C3 and C4 exchanged."""
    return raw.copy().rename_channels({"C3": "C4", "C4": "C3"})


def test_exchanged_names_are_corrected_once(replay, causal_model, new_subject):
    recipe = causal_model.recipe
    layout = recipe.layout.model_copy(update={"rename": {"C3": "C4", "C4": "C3"}})
    model = ServedModel(causal_model.estimator, recipe.model_copy(update={"layout": layout}))
    corrected = replay_recording(model, exchanged(new_subject), step=0.5)
    pd.testing.assert_frame_equal(corrected.decisions, replay.decisions, rtol=0, atol=1e-6)
    assert corrected.model.recipe.layout.rename == layout.rename


def test_names_that_the_user_exchanges_are_corrected_once(replay, causal_model, new_subject):
    rename = {"C3": "C4", "C4": "C3"}
    corrected = replay_recording(causal_model, exchanged(new_subject), step=0.5, rename=rename)
    pd.testing.assert_frame_equal(corrected.decisions, replay.decisions, rtol=0, atol=1e-6)


@pytest.mark.parametrize("lost", ["marked", "named", "missing", "flat"])
def test_electrodes_without_a_signal_are_interpolated_as_in_predict(
    causal_model, new_subject, lost
):
    raw, options = new_subject.copy(), {}
    if lost == "missing":
        raw.drop_channels(["C3"])
    elif lost == "flat":
        raw.apply_function(lambda x: 0 * x, picks=["C3"])
    else:
        raw.apply_function(lambda x: x[::-1], picks=["C3"])
    if lost == "marked":
        raw.info["bads"] = ["C3"]
    if lost == "named":
        options = {"bads": ["C3"]}
    predicted = serving.predict_recordings(causal_model, raw, **options)
    result = replay_recording(causal_model, raw, step=2.0, **options)
    np.testing.assert_allclose(result.cues[PROBABILITIES], predicted[PROBABILITIES], atol=1e-6)
    assert [result.differences] == predicted.attrs["differences"]
    assert "Interpolated by spherical splines from 14 electrodes" in result.differences


def test_too_few_electrodes_and_unknown_bad_channels_are_refused(causal_model, new_subject):
    few = new_subject.copy().pick(["C3", "Cz", "C4"])
    with pytest.raises(DataError, match=r"Raw: .*at most 3 \(a fifth\) can be interpolated"):
        replay_recording(causal_model, few)
    with pytest.raises(ConfigError, match=r"--bad X9 .*has no such channel"):
        replay_recording(causal_model, new_subject, bads=["X9"])


@pytest.mark.filterwarnings(
    "ignore:Raw. some channels seem to be exchanged", "ignore:all 20 trials are predicted as"
)
def test_the_reference_of_the_user_is_that_of_predict(causal_model, new_subject):
    predicted = serving.predict_recordings(causal_model, new_subject, reference=["Cz", "Pz"])
    result = replay_recording(causal_model, new_subject, step=2.0, reference=["Cz", "Pz"])
    np.testing.assert_allclose(result.cues[PROBABILITIES], predicted[PROBABILITIES], atol=1e-6)
    assert result.model.recipe.preprocessing.reference is None


def test_trials_that_are_marked_bad_are_not_scored(replay, causal_model, new_subject):
    marked = new_subject.copy()
    onsets = replay.cues["onset"]
    marked.annotations.append(onsets[5] + 1.0, 1.0, "BAD_muscle")
    marked.annotations.append(onsets[7] + 0.1, 0.2, "bad blink")  # before the trial
    marked.annotations.append(onsets[9] + 1.0, 0.1, "BAD_ACQ_SKIP")
    predicted = serving.predict_recordings(causal_model, marked)
    result = replay_recording(causal_model, marked, step=2.0)
    assert predicted["left_out"].value_counts()["marked_bad"] == 1
    np.testing.assert_allclose(result.cues["onset"], onsets.drop(5))
    assert result.scores.n_cues == 19
    undecided = result.cues[result.cues["prediction"] == ""]
    assert list(undecided["reason"]) == ["missing samples"]


def test_a_recording_without_cues_is_decoded(causal_model, new_subject):
    raw = new_subject.copy().set_annotations(None)
    result = replay_recording(causal_model, raw, step=2.0)
    assert result.cues.empty
    assert result.decisions["ok"].all()


def test_a_recording_in_another_unit_is_warned_of(causal_model, new_subject):
    """Every window is an artefact; `predict` refuses such a recording."""
    in_microvolt = new_subject.copy().apply_function(lambda x: 1e6 * x)
    with pytest.warns(BCIDannWarning, match=r"none of \d+ windows.*too large.*--unit-scale"):
        replayed = replay_recording(causal_model, in_microvolt, step=5)
    assert not replayed.decisions["ok"].any()
    assert replayed.scores.n_decided == 0


def test_without_known_classes_there_are_decisions_and_no_scores(causal_model, new_subject):
    raw = new_subject.copy()
    raw.annotations.description[:] = "cue"
    result = replay_recording(causal_model, raw, step=2.0, cues=["cue"])
    assert result.scores is None
    assert set(result.cues["class"]) == {""}
    assert len(draw_replay(result).axes) == 1


def test_an_event_that_does_not_occur_is_refused(causal_model, new_subject):
    with pytest.raises(DataError, match=r"the event 'left' does not occur.*The events are"):
        replay_recording(causal_model, new_subject, cues=["left"])


def test_a_trial_that_the_recording_does_not_hold_is_no_row(causal_model, new_subject):
    last = float(new_subject.annotations.onset[-1])
    result = replay_recording(causal_model, new_subject.copy().crop(0, last + 2), step=2.0)
    assert len(result.cues) == 19


def test_the_picture_shows_all_that_is_known(replay, tmp_path):
    titles = [ax.get_title() for ax in draw_replay(replay).axes]
    assert titles[0].endswith("windows of 3.0 s")
    assert "20 cues" in titles[1]
    share = f"{100 * replay.scores.accuracy:.0f} % right"
    assert share in titles[2]
    assert write_replay_figure(replay, tmp_path / "replay.png").stat().st_size > 10_000


def test_decisions_without_a_class_are_counted_apart():
    probabilities = [np.array([0.9, 0.1]), np.array([0.4, 0.6]), np.array([np.nan, np.nan])]
    labels, ok = ["a", None, None], [True, True, False]
    decisions = [
        Decision(float(k), p, label, one, faults={"C3": "flat"} if not one else {})
        for k, (p, label, one) in enumerate(zip(probabilities, labels, ok, strict=True))
    ]
    table = decision_table(decisions, ["a", "b"])
    assert list(table["faults"]) == ["", "", '{"C3": "flat"}']
    cues = table.assign(onset=table["time"], **{"class": ["a", "b", "b"]})
    scores = ReplayScores.of(cues, table, ["a", "b"], 1.0)
    assert (scores.n_right, scores.n_decided, scores.n_cues) == (1, 1, 3)
    assert scores.confusion.to_numpy().tolist() == [[1, 0, 0], [0, 0, 2]]


def test_other_recordings_than_continuous_ones_are_refused(causal_model, new_subject, tmp_path):
    epochs = mne.make_fixed_length_epochs(new_subject, 4.0, preload=True, verbose="error")
    with pytest.raises(ConfigError, match=r"simulated from a continuous recording.*Epochs"):
        replay_recording(causal_model, epochs)
    with pytest.raises(DataError, match="there is no recording"):
        replay_recording(causal_model, tmp_path / "none.fif")
    path = tmp_path / "new_raw.fif"
    new_subject.save(path, verbose="error")
    with pytest.raises(ConfigError, match="is the recording itself"):
        replay_recording(causal_model, path, out=path)
    assert mne.io.read_raw(path, verbose="error").n_times == new_subject.n_times
