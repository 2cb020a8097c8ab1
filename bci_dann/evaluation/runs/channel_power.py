"""Power of each trial and channel, stored beside the records, for topographies of decoders."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.array_file import read_array_file, write_array_file

if TYPE_CHECKING:
    import mne

    from bci_dann.data import EEGTrials

__all__ = ["POWER_FILE", "ChannelPower", "read_channel_power", "write_channel_power"]

POWER_FILE = "channel_power.npz"
# Number of trials whose variances are computed at a time, to bound memory.
TRIALS_PER_CHUNK = 500
# Smallest variance (µV²), assigned to flat channels; far below the noise of amplifiers.
MIN_VARIANCE_UV2 = 1e-6


@dataclass(frozen=True, eq=False)
class ChannelPower:
    """Logarithm of the power of each trial and channel, with the positions of the channels.

    Parameters
    ----------
    log_power : ndarray, shape (n_trials, n_chans)
        Natural logarithm of the variance in the pass band (µV²), in the order of the prepared
        trials.
    ch_names : list of str
        Names of the channels.
    positions : ndarray, shape (n_chans, 3)
        In head coordinates (m); NaN if a position is not known.
    data_key : str
        Key of the prepared trials.
    """

    log_power: NDArray[np.float32]
    ch_names: list[str]
    positions: NDArray[np.float64]
    data_key: str

    @property
    def info(self) -> mne.Info:
        """The channels with their positions, for plots of MNE.

        Returns
        -------
        mne.Info
            With an arbitrary sampling frequency.
        """
        import mne

        info = mne.create_info(self.ch_names, 1.0, "eeg")
        for channel, position in zip(info["chs"], self.positions, strict=True):
            channel["loc"][:3] = position
        return info


def write_channel_power(folder: Path, trials: EEGTrials, data_key: str) -> None:
    """Write ``channel_power.npz``, unless the folder already has the file for these trials.

    Parameters
    ----------
    folder : pathlib.Path
        A results folder.
    trials : EEGTrials
        All prepared trials (µV).
    data_key : str
        Key of the prepared trials.

    Raises
    ------
    ResultsError
        When the file cannot be written.
    """
    known = read_channel_power(folder)
    if known is not None and known.data_key == data_key:
        return
    parts = [
        np.asarray(trials.X[start : start + TRIALS_PER_CHUNK], dtype=np.float64).var(axis=2)
        for start in range(0, len(trials), TRIALS_PER_CHUNK)
    ]
    positions = [channel["loc"][:3] for channel in trials.info["chs"]]
    arrays = {
        "log_power": np.log(np.maximum(np.concatenate(parts), MIN_VARIANCE_UV2)).astype(np.float32),
        "ch_names": np.array(trials.ch_names),
        "positions": np.array(positions, dtype=np.float64),
        "data_key": np.array(data_key),
    }
    write_array_file(folder / POWER_FILE, arrays)


def read_channel_power(folder: Path) -> ChannelPower | None:
    """Read ``channel_power.npz``.

    Parameters
    ----------
    folder : pathlib.Path
        A results folder.

    Returns
    -------
    ChannelPower or None
        ``None`` if there is no file, as in folders of earlier versions, or if it is damaged.
    """
    arrays = read_array_file(folder / POWER_FILE)
    if arrays is None or set(arrays) != {field.name for field in fields(ChannelPower)}:
        return None
    return ChannelPower(
        arrays["log_power"],
        [str(name) for name in arrays["ch_names"]],
        arrays["positions"],
        str(arrays["data_key"]),
    )
