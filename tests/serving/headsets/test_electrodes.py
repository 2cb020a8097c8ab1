"""Electrodes that are missing, dead or bad: interpolated within a limit, or refused with a list."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving import prepare


def correlation(trials, expected, name):
    index = expected.ch_names.index(name)
    return np.corrcoef(trials.X[:, index].ravel(), expected.X[:, index].ravel())[0, 1]


@pytest.fixture
def whole(raw, served):
    return prepare(raw, served())


def test_the_channels_of_the_model_are_taken_in_its_order(raw, served, whole):
    assert whole.ch_names == served().recipe.preprocessing.channels
    assert "interpolated" not in whole.metadata


LOST = {
    "missing": lambda raw: raw.drop_channels(["C3"]),
    "flat": lambda raw: raw.apply_function(lambda x: 0 * x, picks=["C3"]),
    "marked": lambda raw: raw.info["bads"].append("C3"),
    "railed": lambda raw: raw.apply_function(lambda x: np.clip(1e3 * x, -1e-4, 1e-4), picks="C3"),
    "not finite": lambda raw: raw.apply_function(lambda x: np.nan * x, picks=["C3"]),
}


IN_EPOCHS = ["missing", "flat", "marked"]  # filters hide the others


@pytest.mark.parametrize(
    ("kind", "lost"), [*(("raw", lost) for lost in LOST), *(("epochs", lost) for lost in IN_EPOCHS)]
)
def test_an_electrode_without_a_signal_is_that_of_its_neighbours(
    raw, served, whole, cut, lost, kind
):
    LOST[lost](raw)
    trials = prepare(raw if kind == "raw" else cut(raw), served())
    assert len(trials) == len(whole)
    assert correlation(trials, whole, "C3") > 0.95
    assert (trials.metadata["interpolated"] == "C3").all()
    kept = [i for i, name in enumerate(whole.ch_names) if name != "C3"]
    np.testing.assert_allclose(trials.X[:, kept], whole.X[:, kept], rtol=1e-5, atol=1e-5)


def test_electrodes_that_the_model_does_not_use_help(raw, served, whole):
    with_all = prepare(raw.copy().drop_channels(["C3"]), served())
    alone = prepare(raw.copy().drop_channels(["C3", "FC3", "CP3", "C1"]), served())
    assert correlation(with_all, whole, "C3") > correlation(alone, whole, "C3")


def test_a_channel_that_fails_in_few_trials_costs_these_alone(raw, served):
    first_trials = slice(0, int(raw.info["sfreq"] * 12))
    raw._data[raw.ch_names.index("Cz"), first_trials] = 0.0
    trials = prepare(raw, served())
    assert len(trials) == 5
    assert "interpolated" not in trials.metadata


def test_a_dead_channel_helps_no_other(raw, served, whole):
    raw.apply_function(lambda x: 0 * x, picks=["FC3", "CP3", "C1"])
    dead = prepare(raw.copy().drop_channels(["C3"]), served())
    gone = prepare(raw.copy().drop_channels(["C3", "FC3", "CP3", "C1"]), served())
    np.testing.assert_array_equal(dead.X, gone.X)


def test_a_user_names_a_bad_channel_in_any_spelling(raw, served, whole):
    raw.apply_function(lambda x: x + 1e-3 * np.random.default_rng(1).normal(size=x.shape), ["T7"])
    trials = prepare(raw, served(), bads=["EEG T3"])
    assert set(trials.metadata["interpolated"]) == {"T7"}
    assert trials.X.std() < 2 * whole.X.std()
    with pytest.raises(ConfigError, match=r"--bad C33 .* Did you mean 'C3'"):
        prepare(raw, served(), bads=["C33"])
    with pytest.raises(ConfigError, match=r"bads must be a list of channels, such as \['T7'\]"):
        prepare(raw, served(), bads="T7")


@pytest.mark.parametrize("kind", ["raw", "epochs"])
def test_a_recording_that_lacks_too_many_electrodes_is_refused(raw, served, cut, kind):
    raw.drop_channels(["P3", "Pz"]).info["bads"] = ["T7"]
    message = (
        r"P3, Pz \(not in the recording\); T7 \(marked bad in the recording\): no signal "
        r"at 3 of the model's 10 electrodes, but at most 2 \(a fifth\) can be interpolated. "
        "Electrodes of the model with a signal: F3, "
    )
    with pytest.raises(DataError, match=message):
        prepare(raw if kind == "raw" else cut(raw), served())


def test_marked_channels_are_used_if_the_model_uses_them(raw, served, whole):
    raw.info["bads"] = ["C3"]
    np.testing.assert_array_equal(prepare(raw, served(bads="use")).X, whole.X)


def test_electrodes_without_a_known_position_are_refused(raw, served):
    names = {"C3": "Left"}
    model = served(
        channels=[names.get(name, name) for name in served().recipe.preprocessing.channels]
    )
    with pytest.raises(DataError, match="the positions of Left are not known"):
        prepare(raw, model)


def test_the_recording_is_left_as_it_is(raw, served):
    raw.info["bads"] = ["C3"]
    before = raw.get_data()
    prepare(raw, served())
    assert raw.info["bads"] == ["C3"]
    np.testing.assert_array_equal(raw.get_data(), before)
