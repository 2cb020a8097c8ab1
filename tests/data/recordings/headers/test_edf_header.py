"""EDF and BDF files whose header says more than MNE heeds: length and pauses."""

from __future__ import annotations

import edfio
import numpy as np
import pytest

from bci_dann.data.recordings.headers.edf_header import check_edf_file
from bci_dann.exceptions import DataError

# Places of the header's bytes, and of the numbers of records and of signals.
NUMBERS = ((184, 8), (236, 8), (252, 4))


@pytest.fixture
def path(tmp_path):
    """Write 20 records of a second, with two cues."""
    signals = [
        edfio.EdfSignal(np.random.default_rng(k).normal(0, 10, 2000), 100, label=name)
        for k, name in enumerate(["C3", "C4"])
    ]
    cues = [edfio.EdfAnnotation(onset, None, "left") for onset in (3.0, 15.0)]
    edfio.Edf(signals, annotations=cues).write(tmp_path / "s1.edf")
    return tmp_path / "s1.edf"


def declare_discontinuous(path, pauses):
    """Write "EDF+D" into a file, and a pause (s) before some records."""
    content = bytearray(path.read_bytes())
    content[192:236] = b"EDF+D".ljust(44)
    header, n_records, n_signals = (
        int(content[at]) for at in (slice(184, 192), slice(236, 244), slice(252, 256))
    )
    samples = [int(content[256 + 216 * n_signals + 8 * k :][:8]) for k in range(n_signals)]
    labels = [content[256 + 16 * k :][:16].decode().strip() for k in range(n_signals)]
    index = labels.index("EDF Annotations")
    late = 0.0
    for record in range(n_records):
        late += pauses.get(record, 0.0)
        at = header + 2 * (record * sum(samples) + sum(samples[:index]))
        content[at : at + 2 * samples[index]] = f"+{record + late:g}\x14\x14\0".encode().ljust(
            2 * samples[index], b"\0"
        )
    path.write_bytes(content)


def test_a_complete_file_passes(path):
    check_edf_file(path)


def test_other_formats_pass(tmp_path):
    (tmp_path / "s1.gdf").write_bytes(b"anything")
    check_edf_file(tmp_path / "s1.gdf")


def test_a_shorter_file_is_refused(path):
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match=r"s1.edf is truncated: it has \d+ bytes"):
        check_edf_file(path)


@pytest.mark.parametrize(
    ("pauses", "where"),
    [
        ({10: 3.0}, "after 10 s .* a pause of 3 s"),
        ({5: 0.01, 9: 100.0}, "after 5 s .* a pause of 0.01 s"),
    ],
)
def test_a_pause_is_refused_with_its_place(path, pauses, where):
    declare_discontinuous(path, pauses)
    with pytest.raises(DataError, match=rf"s1.edf is a discontinuous .* \(EDF\+D\): {where}"):
        check_edf_file(path)


def test_a_file_that_is_discontinuous_by_name_only_passes(path):
    declare_discontinuous(path, {})
    check_edf_file(path)


def test_a_recording_that_starts_late_on_its_clock_passes(path):
    declare_discontinuous(path, {0: 0.5})
    check_edf_file(path)


def test_discontinuous_without_times_is_refused(path):
    declare_discontinuous(path, {})
    path.write_bytes(path.read_bytes().replace(b"EDF Annotations ", b"Notes           "))
    with pytest.raises(DataError, match=r"discontinuous .* but has no times of its records"):
        check_edf_file(path)


@pytest.mark.parametrize("content", [b"", b"no header at all"])
def test_what_is_no_edf_file_is_left_to_the_reader(tmp_path, content):
    (tmp_path / "s1.edf").write_bytes(content)
    with pytest.raises(ValueError, match="invalid literal"):
        check_edf_file(tmp_path / "s1.edf")


def test_an_edf_with_records_that_its_header_does_not_count(tmp_path, write_edf):
    """As when it was copied while the recording went on: its later cues would be lost."""
    path = write_edf(tmp_path / "s1.edf", n_records=20, header_records=12)
    with pytest.raises(DataError, match=r"s1.edf is longer than its header.* 8768 bytes.* 5568 "):
        check_edf_file(path)
    path = write_edf(tmp_path / "s2.edf")
    path.write_bytes(path.read_bytes() + bytes(100))  # less than a record
    check_edf_file(path)
