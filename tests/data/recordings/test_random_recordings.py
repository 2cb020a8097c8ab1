"""Random recordings, some of them damaged: read as they were written, or refused in our words."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from format_writers import CLASSES, FORMATS
from mne.filter import filter_data
from random_recordings import draw

from bci_dann import ShallowClassifier, load_dataset, serving
from bci_dann.data import DataConfig, Preprocessing, RecordingsLayout
from bci_dann.data.screening.cues import REASONS
from bci_dann.exceptions import BCIDannError, BCIDannWarning

# Reasons that a limit decides, so that the test cannot say of each trial whether it has to have it.
LIMITS = {"flat", "railed", "scale"}
SEEDS = [range(start, start + 10) for start in range(0, 100, 10)]
MORE_SEEDS = [range(start, start + 100) for start in range(1000, 3000, 100)]


class Listener:
    """An estimator that keeps the trials which it is asked about."""

    classes_ = np.array(CLASSES)
    n_times_ = None
    abstains_below = None

    def predict_proba(self, trials):
        self.trials = trials
        return np.full((len(trials), 2), 0.5)


def attempt(function, *args, **kwargs):
    """Return the result, or our error; anything else that happens is a fault."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, refusal = function(*args, **kwargs), None
        except BCIDannError as error:
            result, refusal = None, str(error)
    foreign = [str(one.message) for one in caught if not issubclass(one.category, BCIDannWarning)]
    assert not foreign
    return result, refusal


def load(drawn, folder):
    config = DataConfig(dataset="Recordings", recordings=drawn.layout)
    return load_dataset(
        config, data_dir=folder / "data", preprocessing=drawn.steps, cache_dir=folder / "cache"
    )


def recipe_of(drawn, trials):
    known = trials is not None
    channels = trials.ch_names if known else drawn.electrodes
    return serving.ModelRecipe(
        pipeline="listening",
        seed=0,
        classes=list(CLASSES),
        sfreq=trials.sfreq if known else drawn.content.sfreq,
        data=DataConfig(dataset="Recordings", recordings=drawn.layout),
        preprocessing=Preprocessing(**drawn.steps, channels=channels),
        layout=RecordingsLayout(**drawn.layout),
    )


def verify(seed, folder):
    """Load and predict a random recording, and compare with what was written."""
    (folder / "data").mkdir(parents=True)
    drawn = draw(seed, folder / "data")
    trials, refused_to_load = attempt(load, drawn, folder)
    left = list((folder / "cache").rglob("*"))
    assert not any(path.name.startswith(".draft") for path in left)
    assert trials is not None or not any(path.is_file() for path in left)
    model = serving.ServedModel(Listener(), recipe_of(drawn, trials))
    table, refused_to_predict = attempt(serving.predict_recordings, model, drawn.path)
    if trials is not None:
        assert table is not None, refused_to_predict
        np.testing.assert_array_equal(trials.X, model.estimator.trials.X)
        used = table[table["left_out"] == ""]
        assert used["class"].tolist() == list(trials.y)
        assert trials.account["used"].sum() == len(used)
        assert trials.account["found"].sum() == len(table)
    if table is not None:
        compare(drawn, table, model.estimator.trials)
    if not drawn.damage:
        for refusal in (refused_to_load, refused_to_predict):
            assert refusal is None or has_cause(drawn, refusal), refusal


def compare(drawn, table, trials):
    """Compare predictions with the cues and signals that were written."""
    content, (first, last) = drawn.content, drawn.window
    samples = np.round(table["onset"] * content.sfreq).astype(int)
    found = list(zip(samples.tolist(), table["class"], strict=True))
    if not drawn.damage:
        assert sorted(found) == sorted(content.cues)
    signals = processed(drawn)
    assert drawn.damage or sorted(trials.ch_names) == sorted(drawn.electrodes)
    order = [drawn.electrodes.index(name) for name in trials.ch_names]
    finite = drawn.signals[np.isfinite(drawn.signals)]
    precision = FORMATS[drawn.form].precision * max(1.0, 2e4 * np.abs(finite).max())
    used = iter(trials.X)
    for (sample, label), reason in zip(found, table["left_out"], strict=True):
        if reason:
            near = drawn.reasons(sample, label, slack=3)
            if {"flat", "unit"} & drawn.may_refuse:  # a jump, or a channel of another scale
                near.add("scale")
            assert drawn.damage or reason in near, sample
            continue
        trial = next(used)
        if signals is None:
            continue
        written = 1e6 * signals[order, max(0, sample + first) : sample + last + 1]
        same = (np.abs(trial - written) <= precision).mean()
        if drawn.damage and same <= 0.9:
            same = (np.abs(recalibrated(trial, written) - written) <= precision).mean()
        assert same > 0.9 if drawn.damage else same == 1.0, sample
        assert drawn.damage or drawn.reasons(sample, label, slack=-2) <= LIMITS | {"doubled"}


def recalibrated(trial, written):
    """Return a trial with the gain and offset of what was written.

    No reader can notice a damaged digit of a channel's calibration.
    """
    fitted = np.array(trial, dtype=float)
    for channel, wanted in zip(fitted, written, strict=True):
        if np.isfinite(channel).all() and channel.std() > 0:
            channel[:] = np.polyval(np.polyfit(channel, wanted, 1), channel)
    return fitted


def processed(drawn):
    """Return the signals as trials are cut from them, where that is the same over the whole."""
    content, band = drawn.content, drawn.steps["band"]
    if band is None:
        return drawn.signals
    if len(drawn.interruptions) or drawn.damage or not np.isfinite(drawn.signals).all():
        return None
    return filter_data(drawn.signals, content.sfreq, *band, method="iir", verbose="error")


def has_cause(drawn, refusal):
    """Return whether a refusal of a whole recording is what its content asks for."""
    content, (start, stop) = drawn.content, drawn.layout["interval"]
    good = {label for sample, label in content.cues if not drawn.reasons(sample, label)}
    missing = max(sample for sample, _ in content.cues) / content.sfreq + stop
    missing -= content.signals.shape[1] / content.sfreq
    causes = {
        "discontinuous recording": "pause" in drawn.may_refuse,
        "is truncated": missing >= 0.5 * (stop - start) - 0.02,
        "of a cue of another class": "contradicting" in drawn.may_refuse,
        "are flat": "flat" in drawn.may_refuse,
        "another unit": "unit" in drawn.may_refuse,
        "typical standard deviation": "unit" in drawn.may_refuse,
        "same signal": "copy" in drawn.may_refuse,
        "no trials of the class": len(good) < 2,
        "no trials left": not good,
        "no usable trials": not good,
    }
    return any(holds for text, holds in causes.items() if text in refusal)


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_a_random_recording_is_read_as_written_or_refused(tmp_path, seeds):
    for seed in seeds:
        try:
            verify(seed, tmp_path / str(seed))
        except Exception as error:
            error.add_note(f"the recording of seed {seed}")
            raise


@pytest.mark.slow
@pytest.mark.parametrize("seeds", MORE_SEEDS, ids=str)
def test_many_random_recordings_are_read_as_written_or_refused(tmp_path, seeds):
    test_a_random_recording_is_read_as_written_or_refused(tmp_path, seeds)


@pytest.mark.parametrize("seed", range(300, 312))
def test_the_command_predicts_one_row_a_cue_or_refuses(tmp_path, bci_dann, seed):
    (tmp_path / "data").mkdir()
    drawn = draw(seed, tmp_path / "data", damaged=False)
    trials, refusal = attempt(load, drawn, tmp_path)
    if trials is None:
        pytest.skip(f"no recording to train on: {refusal}")
    estimator = ShallowClassifier("csp").fit(trials, trials.y)
    model = serving.ServedModel(estimator, recipe_of(drawn, trials)).save(tmp_path / "model")
    out = tmp_path / "predictions.csv"
    result = bci_dann("predict", model, drawn.path, "-o", out)
    assert result.exit_code == 0, result.output
    table = pd.read_csv(out, keep_default_na=False)
    assert table["trial"].tolist() == list(range(len(drawn.content.cues)))
    samples = np.round(table["onset"] * drawn.content.sfreq).astype(int)
    assert sorted(samples) == sorted(sample for sample, _ in drawn.content.cues)
    assert set(table["left_out"]) <= {"", *REASONS}
    left_out = table["left_out"] != ""
    assert (table.loc[left_out, "prediction"] == "").all()
    assert table.loc[~left_out, "prediction"].isin(CLASSES).all()
    assert (table.loc[left_out, [f"p_{name}" for name in CLASSES]] == "").all(axis=None)
