"""Check that the data file of a BrainVision or EEGLAB header is complete."""

from __future__ import annotations

from pathlib import Path

import mne

from bci_dann.exceptions import DataError

__all__ = ["check_samples_file"]

# Bytes per sample and channel in files that contain only samples, by the extension of the header
# and MNE's name of the format. MNE calls EEGLAB's format "double", but its samples have 32 bits.
SAMPLE_BYTES = {
    ".vhdr": {"single": 4, "short": 2, "int": 4, "int16": 2, "int32": 4},
    ".set": {"double": 4},
}


def check_samples_file(raw: mne.io.BaseRaw, path: Path) -> None:
    """Refuse a recording whose data file ends in the middle of a sample.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.
    path : pathlib.Path
        Its file; formats that contain their samples pass.

    Raises
    ------
    DataError
        When the data file of a BrainVision or EEGLAB recording has no integer number of samples:
        bytes are missing, and channels would be mixed up after them.
    """
    of_suffix = SAMPLE_BYTES.get(path.suffix.lower(), {})
    file = Path(raw.filenames[0]) if raw.filenames[0] is not None else path
    if raw.orig_format not in of_suffix or file == path or file.suffix.lower() == ".set":
        return
    n_bytes = len(raw.ch_names) * of_suffix[raw.orig_format]  # of one sample of all channels
    missing = raw.n_times * n_bytes - file.stat().st_size
    if missing > 0 or 0 < -missing < n_bytes:
        raise DataError(
            f"{path}: {file.name} is damaged: it has {file.stat().st_size} bytes, and a sample "
            f"of {len(raw.ch_names)} channels has {n_bytes}. Copy the file again from its source, "
            "or leave it out with `exclude`."
        )
