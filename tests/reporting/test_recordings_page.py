"""Pictures of recordings: each shows what its recordings hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.data.screening.cues import cue_table
from bci_dann.data.screening.examination import Examination, ExaminedRecording
from bci_dann.exceptions import ResultsError
from bci_dann.reporting import write_recordings_page
from bci_dann.reporting.recordings_page import draw_amplitudes, draw_cues, draw_spectra

NAMES = ["C3", "Cz", "C4"]


def recording(number, left_out=("", "", "flat")):
    cues = cue_table([100, 200, 300], ["769", "770", "769"], ["left", "right", "left"])
    frequencies = np.arange(1.0, 60.0)
    return ExaminedRecording(
        place={"file": f"s{number}.edf", "subject": str(number), "session": "0", "run": "0"},
        duration_s=5.0,
        sfreq=100.0,
        amplitude_uv=pd.Series([number, 10.0, 20.0], index=NAMES),
        spectrum=pd.Series(1 / frequencies, index=frequencies),
        cues=cues.assign(onset=cues["sample"] / 100, left_out=list(left_out)),
    )


@pytest.fixture
def recordings():
    return [recording(1), recording(2, ("", "", "")), recording(3)]


def test_cues_are_drawn_by_class_and_what_was_left_out_as_crosses(recordings):
    ax = draw_cues(recordings).axes[0]
    points = {
        c.get_label(): c.get_offsets().tolist() for c in ax.collections if c.get_label()[0] != "_"
    }
    assert points["left"] == [[1.0, 0.0], [1.0, 1.0], [3.0, 1.0], [1.0, 2.0]]
    assert points["right"] == [[2.0, 0.0], [2.0, 1.0], [2.0, 2.0]]
    assert points["left out"] == [[3.0, 0.0], [3.0, 2.0]]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["s1.edf", "s2.edf", "s3.edf"]


def test_amplitudes_are_a_map_of_channels_and_recordings(recordings):
    ax = draw_amplitudes(recordings).axes[0]
    np.testing.assert_allclose(ax.images[0].get_array(), [[n, 10, 20] for n in (1, 2, 3)])
    assert [text.get_text() for text in ax.get_xticklabels()] == NAMES


def test_recordings_of_other_channels_and_without_signal_are_drawn(recordings):
    other = recording(4)
    silent = pd.Series([0.0, np.nan], index=["C3", "Fz"])
    draw_amplitudes([ExaminedRecording(**{**vars(other), "amplitude_uv": silent})])


def test_subjects_are_named_while_they_are_few(recordings):
    legend = draw_spectra(recordings).axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [f"subject {n}" for n in (1, 2, 3)]
    many = draw_spectra([recording(n) for n in range(30)]).axes[0]
    assert many.get_legend() is None
    assert len(many.lines) == 30


def test_the_page_says_what_is_wrong(recordings, tmp_path):
    examination = Examination(recordings, ["s9.edf cannot be read: <damage>"])
    page = write_recordings_page(examination, tmp_path / "p.html", "Mine").read_text(
        encoding="utf-8"
    )
    assert "7 of 9 cues are used as trials" in page
    assert "s9.edf cannot be read: &lt;damage&gt;" in page
    assert "a channel is constant during the trial" in page
    with pytest.raises(ResultsError):
        write_recordings_page(examination, tmp_path / "p.html" / "q.html", "Mine")


def test_a_page_without_recordings(tmp_path):
    page = write_recordings_page(Examination(problems=["none"]), tmp_path / "p.html", "Mine")
    assert "Problem: none" in page.read_text(encoding="utf-8")
