"""Formats that can be read, and what is said of the others."""

from __future__ import annotations

import pytest

from bci_dann.data.recordings.formats import READABLE, check_format, extension_of
from bci_dann.exceptions import DataError


@pytest.mark.parametrize(
    ("name", "extension"),
    [("A.V2.EDF", ".edf"), ("a_raw.fif.gz", ".fif.gz"), ("a.edf.gz", ".gz"), ("a", "")],
)
def test_extensions(name, extension):
    assert extension_of(name) == extension


def test_mne_knows_the_formats():
    from mne.io._read_raw import _get_supported

    assert set(READABLE) <= set(_get_supported())


@pytest.mark.parametrize("extension", [*READABLE, ".EDF", ".Set", ".Fif.GZ"])
def test_readable_files_pass_and_need_not_exist(tmp_path, extension):
    check_format(tmp_path / f"a{extension}")
    (tmp_path / f"a{extension}").write_bytes(b"anything")
    check_format(tmp_path / f"a{extension}")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a.xdf", r"a \.xdf file.*pyxdf\.load_xdf.*RawArray"),
        ("a.CSV", r"a \.csv file.*does not state unit.*_raw\.fif"),
        ("OpenBCI-RAW.txt", r"Formats that can: EDF, .*EEGLAB \(\.set\)\. What to do: a table"),
        ("a.mat", r"scipy\.io\.loadmat"),
        ("a.edf.gz", r"What to do: unpack it"),
        ("a.vmrk", r"name the header \(\.vhdr\)"),
        ("a.fdt", r"name the \.set file"),
        ("a.xyz", r"convert it to one of them"),
        ("eeg", r"a file without an extension"),
    ],
)
def test_other_files_are_refused_with_what_to_do(tmp_path, name, advice):
    with pytest.raises(DataError, match=advice):
        check_format(tmp_path / name)


def test_samples_beside_their_header(tmp_path):
    check_format(tmp_path / "a.eeg")  # Nihon Kohden
    (tmp_path / "a.vhdr").touch()
    with pytest.raises(DataError, match="samples of a recording: name its header"):
        check_format(tmp_path / "a.eeg")


@pytest.mark.parametrize(
    ("content", "command"),
    [
        ("/annex/objects/SHA256E-s9--ab.edf\n", "datalad get"),
        ("version https://git-lfs.github.com/spec/v1\n", "git lfs pull --include"),
    ],
)
def test_a_pointer_in_the_place_of_a_file(tmp_path, content, command):
    (tmp_path / "a.edf").write_text(content)
    with pytest.raises(DataError, match=rf"a\.edf was not fetched. Fetch it: `{command} /"):
        check_format(tmp_path / "a.edf")


def test_a_header_whose_samples_were_not_fetched(tmp_path):
    (tmp_path / "a.vhdr").touch()
    (tmp_path / "a.eeg").symlink_to("../.git/annex/objects/none")
    with pytest.raises(DataError, match=r"a\.eeg is a broken link.*datalad get"):
        check_format(tmp_path / "a.vhdr")
    (tmp_path / "a.eeg").unlink()
    (tmp_path / "a.eeg").symlink_to("elsewhere")
    with pytest.raises(DataError, match=r"is a broken link. Repair it"):
        check_format(tmp_path / "a.vhdr")
