"""Warnings where an adaptation or a prediction cannot mean what it seems to."""

from __future__ import annotations

import warnings

import pytest

from bci_dann.exceptions import BCIDannWarning
from bci_dann.serving import adapt_model, predict_recordings
from bci_dann.serving.checks.plausibility import (
    ENOUGH_TRIALS,
    warn_of_few_trials,
    warn_of_one_class,
)


def test_fewer_trials_than_needed_cause_a_warning():
    with pytest.warns(
        BCIDannWarning, match=r"adapted to only 3 trials.*lowers the accuracy of some"
    ):
        warn_of_few_trials(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_few_trials(ENOUGH_TRIALS)


@pytest.mark.parametrize("predictions", [["a"] * 9, ["a"] * 30 + ["b"], []])
def test_no_warning_for_two_predicted_classes_or_few_trials(predictions):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_one_class(predictions)


def test_ten_equal_predictions_cause_a_warning():
    with pytest.warns(BCIDannWarning, match=r"all 10 trials are predicted as 'a'. Either"):
        warn_of_one_class(["a"] * 10)


def test_adaptation_to_a_short_recording_causes_a_warning(model, raw):
    with pytest.warns(BCIDannWarning, match="adapted to only 4 trials"):
        adapt_model(model, raw.crop(0, 13.5))


def test_a_second_adaptation_warns_that_it_replaces_the_first(model, first, second, tmp_path):
    once = adapt_model(model, first, out=tmp_path / "once").model
    assert {row["file"] for row in once.recipe.adapted_to} == {str(first)}
    with pytest.warns(BCIDannWarning, match=r"was already adapted to .*first_raw.fif"):
        adapt_model(tmp_path / "once", second)


def test_a_recording_with_equal_predictions_causes_a_warning(model, raw):
    """Every trial is the same signal."""
    start = round(raw.annotations.onset[0] * raw.info["sfreq"])
    period = round(3.0 * raw.info["sfreq"])
    for k in range(1, 16):
        raw._data[:, start + k * period :][:, :period] = raw._data[:, start : start + period][
            :, : raw.n_times - start - k * period
        ]
    with pytest.warns(BCIDannWarning, match="all 16 trials are predicted as"):
        predict_recordings(model, raw)


@pytest.mark.filterwarnings("ignore:all 16 trials are predicted:UserWarning")
def test_an_amplitude_far_from_that_of_all_training_subjects_is_warned_of(adapted, raw):
    assert adapted.recipe.typical_range_uv[0] <= adapted.recipe.typical_uv
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predict_recordings(adapted, raw)
    raw.apply_function(lambda x: 15 * x)
    with pytest.warns(BCIDannWarning, match=r"second_raw.fif has a typical amplitude .* Check the"):
        predict_recordings(adapted, raw)


def test_one_class_from_an_adapted_model_may_be_of_another_subject():
    with pytest.warns(BCIDannWarning, match=r"another subject than run1\.edf, run2\.edf"):
        warn_of_one_class(["a"] * 10, ["run1.edf", "run2.edf", "run1.edf"])
