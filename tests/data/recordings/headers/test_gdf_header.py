"""GDF files: length, the rate of events, and events that lie outside."""

from __future__ import annotations

import numpy as np
import pytest
from format_writers import CLASSES, GDF, Content, write_gdf

from bci_dann.data import RecordingsLayout
from bci_dann.data.recordings.headers.gdf_header import check_gdf_file, gdf_events
from bci_dann.data.recordings.reading import open_recording
from bci_dann.exceptions import DataError

CUES = [(200 + 400 * k, CLASSES[k % 2]) for k in range(5)]


def content_of(cues=CUES):
    signals = np.random.default_rng(0).normal(0, 1e-5, (3, 2500))
    return Content(signals, ["C3", "Cz", "C4"], 100.0, cues)


def open_gdf(path):
    layout = RecordingsLayout(pattern="{subject}.gdf", events=GDF, interval=(0, 3))
    return open_recording(path, layout)


@pytest.mark.parametrize("version", ["1.25", "2.20"])
def test_a_complete_file_passes(tmp_path, version):
    path = write_gdf(tmp_path, "s1", content_of(), version)
    check_gdf_file(path)
    assert open_gdf(path).cues["sample"].tolist() == [sample for sample, _ in CUES]
    assert [onset for onset, _ in gdf_events(path)] == [sample / 100 for sample, _ in CUES]
    assert [code for _, code in gdf_events(path)] == ["769", "770", "769", "770", "769"]


@pytest.mark.parametrize("version", ["1.25", "2.20"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_a_truncated_file_is_refused_rather_than_read_without_events(tmp_path, version, share):
    path = write_gdf(tmp_path, "s1", content_of(), version)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(DataError, match=r"s1.gdf is truncated: it has \d+ bytes"):
        open_gdf(path)


@pytest.mark.parametrize(("version", "rate"), [("1.25", 200), ("2.20", 50), ("2.20", 101)])
def test_events_at_another_rate_are_refused(tmp_path, version, rate):
    path = write_gdf(tmp_path, "s1", content_of(), version, event_sfreq=rate)
    message = rf"s1.gdf counts its events at {rate} Hz and its signals at 100 Hz"
    with pytest.raises(DataError, match=message):
        open_gdf(path)


@pytest.mark.parametrize("version", ["1.25", "2.20"])
def test_cues_beyond_the_end_are_known(tmp_path, version):
    path = write_gdf(tmp_path, "s1", content_of([*CUES, (2900, CLASSES[0])]), version)
    with pytest.raises(DataError, match=r"truncated: the event '769' at 29.00 s"):
        open_gdf(path)


def test_other_formats_pass(tmp_path):
    (tmp_path / "s1.edf").write_bytes(b"")
    check_gdf_file(tmp_path / "s1.edf")


@pytest.mark.parametrize("content", [b"", b"GDF 2.20", b"GDF x.yz" + bytes(600)])
def test_a_file_that_is_none(tmp_path, content):
    (tmp_path / "s1.gdf").write_bytes(content)
    with pytest.raises(DataError, match=r"s1.gdf (cannot be read|is empty)"):
        open_gdf(tmp_path / "s1.gdf")


def test_a_file_that_was_never_closed(tmp_path):
    path = write_gdf(tmp_path, "s1", content_of())
    data = bytearray(path.read_bytes())
    data[236:244] = np.array([-1], "<i8").tobytes()
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match=r"s1.gdf was not closed"):
        open_gdf(path)
