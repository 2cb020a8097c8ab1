"""Supported file formats, and advice for other formats."""

from __future__ import annotations

from pathlib import Path

from bci_dann.exceptions import DataError

__all__ = ["COMPANION_SUFFIXES", "check_format", "extension_of"]

# Supported formats by extension, as in `mne.io.read_raw`.
READABLE = {
    ".edf": "EDF",
    ".bdf": "BDF",
    ".gdf": "GDF",
    ".fif": "FIF",
    ".fif.gz": "FIF",
    ".vhdr": "BrainVision",
    ".ahdr": "BrainVision",
    ".set": "EEGLAB",
    ".cnt": "Neuroscan or ANT",
    ".mff": "EGI",
    ".cdt": "Curry",
    ".dap": "Curry",
    ".rs3": "Curry",
    ".dat": "BCI2000 or Curry",
    ".eeg": "Nihon Kohden",
    ".lay": "Persyst",
    ".data": "Nicolet",
    ".nedf": "Neuroelectrics",
    ".mefd": "MEF3",
    ".ns3": "Blackrock",
    ".nxe": "Nexstim",
}

# Formats recommended in messages: all state channels, sampling frequency and events, and most of
# them the unit.
RECOMMENDED = "EDF, BDF, GDF, FIF, BrainVision (.vhdr) and EEGLAB (.set)"

_AS_FIF = (
    "read its samples into an array in volt, and save "
    "mne.io.RawArray(array, mne.create_info(names, sfreq, 'eeg')) with its annotations as "
    "NAME_raw.fif"
)
_TABLE_AS_FIF = f"a table does not state unit and sampling frequency: {_AS_FIF}"
_UNPACK = "unpack it"

# Extensions of files with samples and markers next to a header (BrainVision, EEGLAB, Curry).
COMPANION_SUFFIXES = (".eeg", ".vmrk", ".fdt", ".dat")

# Advice for other formats.
ADVICE = {
    ".xdf": "load it with pyxdf.load_xdf, " + _AS_FIF,
    ".xdfz": "load it with pyxdf.load_xdf, " + _AS_FIF,
    ".csv": _TABLE_AS_FIF,
    ".tsv": _TABLE_AS_FIF,
    ".txt": _TABLE_AS_FIF,
    ".xlsx": _TABLE_AS_FIF,
    ".parquet": _TABLE_AS_FIF,
    ".feather": _TABLE_AS_FIF,
    ".mat": "load it with scipy.io.loadmat, " + _AS_FIF,
    ".npy": "load it with numpy.load, " + _AS_FIF,
    ".npz": "load it with numpy.load, " + _AS_FIF,
    ".h5": _AS_FIF,
    ".hdf5": _AS_FIF,
    ".nwb": _AS_FIF,
    ".pkl": _AS_FIF,
    ".gz": _UNPACK,
    ".bz2": _UNPACK,
    ".xz": _UNPACK,
    ".zip": _UNPACK,
    ".rar": _UNPACK,
    ".7z": _UNPACK,
    ".tar": _UNPACK,
    ".vmrk": "name the header (.vhdr), which names this file",
    ".fdt": "name the .set file, which names this file",
}

# First bytes of pointer files, which replace files that have not been fetched.
POINTERS = {
    b"/annex/objects/": "datalad get",
    b"version https://git-lfs": "git lfs pull --include",
}
POINTER_BYTES = max(map(len, POINTERS))


def extension_of(name: str) -> str:
    """Return the extension of a file name, in lower case.

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    str
        The extension with its dot, for example ``".fif.gz"``; empty if there is none.
    """
    suffix = Path(name.lower()).suffix
    return ".fif.gz" if name.lower().endswith(".fif.gz") else suffix


def check_format(path: Path) -> None:
    """Raise an error if the format of a file is not supported, by its name and first bytes.

    Parameters
    ----------
    path : pathlib.Path
        The file; if it does not exist, only its name is checked.

    Raises
    ------
    DataError
        When the format is not supported, or the file was not fetched; the message says what to do.
    """
    extension = extension_of(path.name)
    if extension == ".eeg" and path.with_suffix(".vhdr").is_file():
        raise DataError(f"{path} has the samples of a recording: name its header (.vhdr).")
    if extension not in READABLE and path.is_dir():
        raise DataError(
            f"{path} is a folder. Name the recordings in it, such as {path / 'recording.edf'}."
        )
    if extension not in READABLE:
        advice = ADVICE.get(extension, "convert it to one of them")
        kind = f"a {extension} file" if extension else "a file without an extension"
        raise DataError(
            f"{path} is {kind}, which cannot be read. Formats that can: {RECOMMENDED}. "
            f"What to do: {advice}."
        )
    for file in (path, *(path.with_suffix(suffix) for suffix in COMPANION_SUFFIXES)):
        _check_fetched(file)


def _check_fetched(file: Path) -> None:
    """Raise an error if a file is a broken link, or a pointer file of git-annex or Git LFS."""
    if file.is_symlink() and not file.exists():
        fetch = (
            f"Fetch it: `datalad get {file}`" if "annex" in str(file.readlink()) else "Repair it"
        )
        raise DataError(f"{file} is a broken link. {fetch}.")
    if not file.is_file():
        return
    try:
        with file.open("rb") as stream:
            head = stream.read(POINTER_BYTES)
    except OSError as error:
        raise DataError(f"{file} cannot be opened: {error.strerror or error}.") from error
    for start, command in POINTERS.items():
        if head.startswith(start):
            raise DataError(f"{file} was not fetched. Fetch it: `{command} {file}`.")
