"""Check that the file of samples beside a header is whole."""

from __future__ import annotations

from pathlib import Path

import mne

from bci_dann.exceptions import DataError

__all__ = ["check_samples_file"]

# Bytes of a sample in files that hold samples and nothing else, by the suffix of the header and
# MNE's name of the format.
SAMPLE_BYTES = {
    ".vhdr": {"single": 4, "short": 2, "int": 4, "int16": 2, "int32": 4},
    ".set": {"double": 4},
}


def check_samples_file(raw: mne.io.BaseRaw, path: Path) -> None:
    """Refuse a file of samples beside a header where a part of a sample is missing.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.
    path : pathlib.Path
        Its file; formats that hold their samples pass.

    Raises
    ------
    DataError
        When the samples file of a BrainVision or EEGLAB recording has no whole number of samples:
        bytes are missing somewhere, and from there on channels would be mixed up.
    """
    of_suffix = SAMPLE_BYTES.get(path.suffix.lower(), {})
    file = Path(raw.filenames[0]) if raw.filenames[0] is not None else path
    if raw.orig_format not in of_suffix or file == path or file.suffix.lower() == ".set":
        return
    frame = len(raw.ch_names) * of_suffix[raw.orig_format]
    missing = raw.n_times * frame - file.stat().st_size
    if missing > 0 or 0 < -missing < frame:
        raise DataError(
            f"{path}: {file.name} is damaged: it has {file.stat().st_size} bytes, and a sample "
            f"of {len(raw.ch_names)} channels takes {frame}. Copy the file again from its source, "
            "or leave it out with `exclude`."
        )
