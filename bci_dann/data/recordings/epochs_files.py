"""Files of epochs, `-epo.fif` and epoched EEGLAB `.set`, and their conversion to recordings."""

from __future__ import annotations

import re
from pathlib import Path

import mne
import numpy as np

from bci_dann.data.recordings.events import set_annotations
from bci_dann.data.recordings.headers.fif_tags import check_fif_file
from bci_dann.data.recordings.headers.mat_elements import check_mat_file

__all__ = ["as_continuous", "is_epochs_file", "read_epochs_file"]

# Endings of file names that MNE requires for epochs.
EPOCHS_NAME = re.compile(r".+[-_]epo\.fif(\.gz)?")

# Description of the annotation at the first sample of each later epoch, as in MNE's concatenation.
EDGE = "EDGE boundary"


def is_epochs_file(path: Path) -> bool:
    """Return whether a file contains epochs and not a continuous recording.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    bool
        According to the file name (FIF) or the content (EEGLAB).
    """
    name = path.name.lower()
    if EPOCHS_NAME.fullmatch(name):
        return True
    return name.endswith(".set") and _is_epoched_eeglab(path)


def read_epochs_file(path: Path) -> mne.BaseEpochs:
    """Read a file of epochs.

    Parameters
    ----------
    path : pathlib.Path
        A file for which `is_epochs_file` is true.

    Returns
    -------
    mne.Epochs
        The epochs, with signals in memory.
    """
    if path.suffix.lower() == ".set":
        return mne.io.read_epochs_eeglab(path, verbose="error")
    check_fif_file(path)
    return mne.read_epochs(path, preload=True, verbose="error")


def as_continuous(epochs: mne.BaseEpochs) -> mne.io.BaseRaw:
    """Concatenate epochs to a recording with interruptions between them.

    Parameters
    ----------
    epochs : mne.Epochs
        The epochs.

    Returns
    -------
    mne.io.Raw
        The recording, with an annotation at time 0 of each epoch whose description is the event.
        Each epoch is filtered separately, and trials must be inside an epoch.
    """
    sfreq, n_times = epochs.info["sfreq"], len(epochs.times)
    first = round(epochs.times[0] * sfreq)
    lead = max(0, first)  # if epochs start after their events, the first event needs samples before
    signals = np.concatenate(list(epochs.get_data()), axis=1)
    padded = np.pad(signals, ((0, 0), (lead, 0)))
    raw = mne.io.RawArray(padded, epochs.info.copy(), verbose="error")
    starts = lead + n_times * np.arange(len(epochs))
    names = {code: name for name, code in epochs.event_id.items()}
    edges = starts[0 if lead else 1 :]
    return set_annotations(
        raw,
        np.concatenate([starts - first, edges]) / sfreq,
        np.zeros(len(starts) + len(edges)),
        [*(names[code] for code in epochs.events[:, 2]), *([EDGE] * len(edges))],
    )


def _is_epoched_eeglab(path: Path) -> bool:
    try:
        check_mat_file(path)
        mne.io.read_raw_eeglab(path, preload=False, verbose="error")
    except TypeError as error:
        return "number of trials" in str(error)  # MNE's error message for a file of epochs
    except Exception:  # errors are reported when the file is read
        return False
    return False
