"""Several recordings in one call: one that is given twice is refused, equal names are numbered."""

from __future__ import annotations

import mne
import pandas as pd
import pytest

from bci_dann.exceptions import DataError
from bci_dann.serving import adapt_model, evaluate_model, predict_recordings


def in_memory(path):
    """Return a recording that MNE knows no file of."""
    raw = mne.io.read_raw(path, preload=True, verbose="error")
    own = mne.io.RawArray(raw.get_data(), raw.info, verbose="error")
    marks = raw.annotations
    onsets = marks.onset - raw.first_time
    return own.set_annotations(mne.Annotations(onsets, marks.duration, marks.description))


def test_a_file_that_is_given_twice_is_refused(model, first, second, tmp_path, monkeypatch):
    monkeypatch.chdir(first.parent)
    for again in (first, str(first), first.name, f"../{first.parent.name}/{first.name}"):
        with pytest.raises(DataError, match=r"first_raw.fif (is given twice|and .* the same)"):
            adapt_model(model, [first, second, again])
    copy = tmp_path / "copy_raw.fif"
    copy.write_bytes(first.read_bytes())
    for again in (copy, mne.io.read_raw(first, verbose="error"), in_memory(first)):
        with pytest.raises(DataError, match="Give each recording once"):
            predict_recordings(model, [first, again])
    with pytest.raises(DataError, match="Raw and Raw 2 are the same"):
        evaluate_model(model, [in_memory(first), in_memory(first)])


def test_parts_of_one_file_are_different_recordings(adapted, second):
    raw = mne.io.read_raw(second, preload=True, verbose="error")
    middle = float(raw.times[-1] / 2)
    halves = [raw.copy().crop(0, middle), raw.copy().crop(middle)]
    table = predict_recordings(adapted, halves)
    assert list(table["file"].unique()) == [str(second), f"{second} 2"]


def test_recordings_in_memory_are_told_apart(adapted, first, second):
    raws = [in_memory(first), in_memory(second)]
    table = predict_recordings(adapted, raws)
    assert list(table["file"].unique()) == ["Raw", "Raw 2"]
    alone = predict_recordings(adapted, raws[1])
    pd.testing.assert_frame_equal(
        table[table["file"] == "Raw 2"].reset_index(drop=True), alone.assign(file="Raw 2")
    )
    evaluation = evaluate_model(adapted, raws)
    assert evaluation.by_recording["n_trials"].tolist() == [16, 16]
    labels = alone[["trial"]].assign(label=alone["class"], file="Raw 2")
    assert list(evaluate_model(adapted, raws, labels=labels).by_recording["file"]) == ["Raw 2"]
