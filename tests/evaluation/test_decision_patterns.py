"""Patterns of decoders: against a known one, against a linear model's own, and what is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation.decision_patterns import TRUE_CLASS, decision_patterns
from bci_dann.evaluation.runs.channel_power import ChannelPower

NAMES = ["C3", "Cz", "C4", "Pz"]
N_TRIALS = 400


@pytest.fixture
def power():
    """The class shows in C3 and C4, in opposite directions; Pz holds noise that C3 shares."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((N_TRIALS, 4))
    sign = np.tile([-1.0, 1.0], N_TRIALS // 2)
    log_power = 0.5 * noise
    log_power[:, 0] += -sign + noise[:, 3]
    log_power[:, 2] += sign
    log_power[:, 3] = noise[:, 3]
    return ChannelPower(log_power.astype(np.float32), NAMES, np.full((4, 3), np.nan), "key")


def trials_of(logits, truth, classes=("left", "right"), pipeline="one", session="0", first=0):
    second = 1 / (1 + np.exp(-np.asarray(logits, dtype=float)))
    frame = {
        "pipeline": pipeline,
        "subject": "1",
        "seed": 0,
        "session": session,
        "trial": np.arange(first, first + len(truth)),
        "truth": truth,
        f"p_{classes[0]}": 1 - second,
        f"p_{classes[1]}": second,
    }
    return pd.DataFrame(frame)


TRUTH = np.tile(["left", "right"], N_TRIALS // 2)


def values_of(table, pipeline):
    return table[table["pipeline"] == pipeline].set_index("channel")["value"][NAMES].to_numpy()


def test_the_pattern_is_haufes_of_a_linear_decoder_and_not_its_weights(power):
    weights = np.array([-1.0, 0.0, 1.0, 1.0])  # Pz cancels the noise of C3 and knows nothing
    X = power.log_power.astype(float)
    logits = X @ weights
    table = decision_patterns(trials_of(logits, TRUTH), power, ["left", "right"], ["one"])
    covariance = np.cov(X.T)
    expected = covariance @ weights / np.sqrt(np.diag(covariance)) / np.std(logits, ddof=1)
    np.testing.assert_allclose(values_of(table, "one"), expected, atol=1e-5)
    assert abs(expected[3]) < 0.15 < abs(weights[3])  # where the weight is as large as any


def test_the_pattern_of_the_true_class_is_a_correlation(power):
    table = decision_patterns(
        trials_of(np.zeros(N_TRIALS), TRUTH), power, ["left", "right"], ["one"]
    )
    sign = TRUTH == "right"
    expected = [np.corrcoef(sign, channel)[0, 1] for channel in power.log_power.T]
    np.testing.assert_allclose(values_of(table, TRUE_CLASS), expected, atol=1e-6)
    assert expected[0] < -0.5
    assert expected[2] > 0.5
    assert set(table["pipeline"]) == {TRUE_CLASS}  # a pipeline that always says the same has none


def test_certain_probabilities_are_finite(power):
    logits = np.where(TRUTH == "right", 100.0, -100.0)
    table = decision_patterns(trials_of(logits, TRUTH), power, ["left", "right"], ["one"])
    assert np.isfinite(table["value"]).all()


def test_sessions_count_alike_and_are_centred_by_themselves(power):
    half = N_TRIALS // 2
    moved = power.log_power.copy()
    moved[half:] += 10.0
    of_moved = ChannelPower(moved, NAMES, power.positions, "key")
    logits = power.log_power[:, 2]
    parts = [
        trials_of(logits[:half], TRUTH[:half]),
        trials_of(logits[half:], TRUTH[half:], session="1", first=half),
    ]
    tables = [
        decision_patterns(pd.concat(parts), one, ["left", "right"], ["one"])
        for one in (power, of_moved)
    ]
    np.testing.assert_allclose(tables[0]["value"], tables[1]["value"], atol=1e-4)


def test_of_more_classes_each_is_taken_against_the_rest(power):
    classes = ["a", "b", "c"]
    truth = np.resize(classes, N_TRIALS)
    frame = trials_of(np.zeros(N_TRIALS), truth)[
        ["pipeline", "subject", "seed", "session", "trial"]
    ]
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.ones(3), N_TRIALS)
    frame = frame.assign(
        truth=truth, **{f"p_{n}": probabilities[:, k] for k, n in enumerate(classes)}
    )
    table = decision_patterns(frame, power, classes, ["one"])
    assert set(zip(table["pipeline"], table["class"], strict=True)) == {
        (source, name) for source in ("one", TRUE_CLASS) for name in classes
    }


def test_pipelines_come_in_their_order_and_short_sessions_are_left_out(power):
    parts = [trials_of(power.log_power[:, 2], TRUTH, pipeline=name) for name in ("a", "b")]
    table = decision_patterns(pd.concat(parts), power, ["left", "right"], ["b", "a"])
    assert list(dict.fromkeys(table["pipeline"])) == [TRUE_CLASS, "b", "a"]
    few = pd.concat(parts).groupby("pipeline").head(6)
    assert decision_patterns(few, power, ["left", "right"], ["a"]).empty
    one_class = parts[0][parts[0]["truth"] == "left"]
    assert decision_patterns(one_class, power, ["left", "right"], ["a"]).empty
