"""Files that are read together with a recording: those named in its header, and sidecar files."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from bci_dann.data.recordings.formats import extension_of

__all__ = [
    "bids_sidecars",
    "files_read",
    "is_existing_file",
    "is_later_part",
    "named_by_header",
    "split_parts",
]

BRAINVISION = (".vhdr", ".ahdr")
FIF = (".fif", ".fif.gz")

# Names of later parts of a split FIF file, according to MNE and to BIDS.
LATER_PART = re.compile(r"-[0-9]+\.fif(\.gz)?$|_split-0*([2-9]|[1-9][0-9]+)_.*\.fif(\.gz)?$")

# Sidecar files that MNE-BIDS reads. `participants.tsv` is not included, since it does not affect
# signals or events.
SIDECAR_SUFFIXES = ("events", "channels", "electrodes", "coordsystem", "eeg", "scans")
SIDECAR_EXTENSIONS = (".tsv", ".json")


def files_read(path: Path) -> list[Path]:
    """Return a recording and the files that MNE reads with it.

    Parameters
    ----------
    path : pathlib.Path
        The recording: a file, or a folder in formats such as ``.mff``. If it is a link, companion
        files are searched next to the link, as in MNE.

    Returns
    -------
    list of pathlib.Path
        The existing files: those named in the header (BrainVision, EEGLAB), the parts of a split
        FIF file, and files with the same name and another extension, which contain markers or
        samples in other formats.
    """
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    named = {path, *_namesakes(path), *named_by_header(path)}
    return sorted(file for file in named if is_existing_file(file))


def named_by_header(path: Path) -> Iterable[Path]:
    """Return the files that the header of a recording names.

    Parameters
    ----------
    path : pathlib.Path
        The recording.

    Returns
    -------
    iterable of pathlib.Path
        Samples and markers (BrainVision, EEGLAB), or the parts of a split FIF file; they need
        not exist.
    """
    extension = extension_of(path.name)
    if extension in BRAINVISION:
        return _named_by_brainvision(path)
    if extension == ".set":
        return _named_by_eeglab(path)
    return split_parts(path) if extension in FIF else ()


def split_parts(path: Path) -> list[Path]:
    """Return the files of a FIF recording that was split.

    Parameters
    ----------
    path : pathlib.Path
        The first part, which names the second, and so on.

    Returns
    -------
    list of pathlib.Path
        Only ``path`` if the recording is not split, or cannot be read.
    """
    import mne

    from bci_dann.data.recordings.headers.fif_tags import check_fif_file

    try:
        check_fif_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw = mne.io.read_raw_fif(path, on_split_missing="ignore", verbose="critical")
    except Exception:  # damaged files, and FIF files of epochs
        return [path]
    return [Path(name) for name in raw.filenames if name is not None]


def is_later_part(path: Path) -> bool:
    """Return whether a file name is that of a second or later part of a split FIF file.

    Parameters
    ----------
    path : pathlib.Path
        The file; an unsplit recording may also have such a name.

    Returns
    -------
    bool
        According to the name; the file is not opened.
    """
    return LATER_PART.search(path.name) is not None


def bids_sidecars(path: Path, root: Path) -> list[Path]:
    """Return the files from which MNE-BIDS reads the events and channels of a recording.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    root : pathlib.Path
        The folder of the BIDS dataset.

    Returns
    -------
    list of pathlib.Path
        Sidecar files next to the recording and in each parent folder up to ``root``, according to
        the inheritance principle of BIDS.
    """
    above = path.relative_to(root).parents
    folders = {root / folder / inner for folder in above for inner in ("", "eeg")}
    files = (file for folder in folders if folder.is_dir() for file in folder.iterdir())
    return sorted(file for file in files if _is_sidecar(file))


def is_existing_file(file: Path) -> bool:
    """Return whether there is a file.

    Parameters
    ----------
    file : pathlib.Path
        A path from a header.

    Returns
    -------
    bool
        Also False for names that no file can have, which a damaged header may contain.
    """
    with suppress(OSError, ValueError):
        return file.is_file()
    return False


def _is_sidecar(file: Path) -> bool:
    suffix = file.stem.rpartition("_")[2]
    is_named_so = suffix in SIDECAR_SUFFIXES and file.suffix in SIDECAR_EXTENSIONS
    return is_named_so and file.is_file()


def _namesakes(path: Path) -> Iterator[Path]:
    """Yield the files in the same folder that differ only in their extension."""
    start = path.name[: len(path.name) - len(extension_of(path.name))] + "."
    return (file for file in path.parent.iterdir() if file.name.startswith(start))


def _named_by_brainvision(path: Path) -> Iterator[Path]:
    content = path.read_bytes()
    for encoding in ("utf-8", "latin-1"):  # MNE tries both
        header = content.decode(encoding, errors="replace")
        for name in re.findall(r"(?mi)^\s*(?:DataFile|MarkerFile)\s*=\s*(.+?)\s*$", header):
            if "\0" not in name:
                yield path.parent / name.replace("$b", path.stem)


def _named_by_eeglab(path: Path) -> Iterable[Path]:
    """Return the data file of an EEGLAB file; if it cannot be determined, all in the folder."""
    samples = [file for file in path.parent.iterdir() if file.suffix.lower() == ".fdt"]
    if not samples:
        return ()
    try:
        name = _eeglab_data(path)
    except Exception:  # MATLAB 7.3, and damaged files
        return samples
    return (path.parent / name,) if isinstance(name, str) else ()


def _eeglab_data(path: Path) -> Any:
    """Return the field ``data``, which is an array, or the name of a file."""
    import scipy.io

    from bci_dann.data.recordings.headers.mat_elements import check_mat_file

    check_mat_file(path)
    variables = {name for name, *_ in scipy.io.whosmat(path)}
    wanted = "EEG" if "EEG" in variables else "data"
    content = scipy.io.loadmat(
        path, variable_names=[wanted], squeeze_me=True, struct_as_record=False
    )[wanted]
    return content.data if wanted == "EEG" else content
