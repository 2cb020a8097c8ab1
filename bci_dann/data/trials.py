"""Trials with their labels, provenance and channel information."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bci_dann.data.mapped_rows import Rows
from bci_dann.exceptions import DataError

if TYPE_CHECKING:
    import mne

__all__ = ["EEGTrials", "check_signals"]

METADATA_COLUMNS = ("subject", "session", "run")

# A scalp recording, filtered or not, has a standard deviation between these (µV).
PLAUSIBLE_UV = (0.05, 5_000.0)

# Rounding leaves a constant less than this (µV), and any recording has more, also in volt.
FLAT_UV = 1e-7

# Trials that are looked at together.
CHUNK = 64


@dataclass(frozen=True, eq=False)
class EEGTrials:
    """Trials of one or many subjects, all on the same channels and time axis.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        The signals in microvolt, float32; may be memory-mapped.
    y : ndarray of str, shape (n_trials,), or None
        The class names; ``None`` where they are unknown or must stay unseen.
    metadata : pandas.DataFrame
        One row a trial with the columns ``subject``, ``session`` and ``run``.
    info : mne.Info
        Channel names, positions and sampling frequency (Hz).

    Raises
    ------
    DataError
        When the parts disagree in length, a sample is not finite, a channel is flat,
        or the scale cannot be EEG in microvolt.
    """

    X: NDArray[np.float32]
    y: NDArray[np.str_] | None
    metadata: pd.DataFrame
    info: mne.Info

    def __post_init__(self) -> None:
        _check_shapes(self)
        check_signals(self.X, self.ch_names)

    @classmethod
    def trusted(
        cls,
        X: NDArray[np.float32],
        y: NDArray[np.str_] | None,
        metadata: pd.DataFrame,
        info: mne.Info,
    ) -> EEGTrials:
        """Build without reading the signals, for parts that were checked before.

        A slice of checked trials, or a memory-mapped array that was checked when it was
        written, need not be read again.
        """
        trials = object.__new__(cls)
        for name, value in {"X": X, "y": y, "metadata": metadata, "info": info}.items():
            object.__setattr__(trials, name, value)
        _check_shapes(trials)
        return trials

    @classmethod
    def from_epochs(cls, epochs: mne.BaseEpochs) -> EEGTrials:
        """Take trials from ``mne.Epochs``, whose metadata may name subject, session and run.

        Parameters
        ----------
        epochs : mne.Epochs
            Event names become class names; columns missing from ``epochs.metadata`` are
            filled with ``"0"``.

        Returns
        -------
        EEGTrials
        """
        names = {code: name.split("/")[-1] for name, code in epochs.event_id.items()}
        given = epochs.metadata if epochs.metadata is not None else pd.DataFrame()
        columns = {
            column: given[column].to_numpy() if column in given else np.repeat("0", len(epochs))
            for column in METADATA_COLUMNS
        }
        return cls(
            X=epochs.get_data(units="uV", picks="eeg").astype(np.float32),  # without bad ones
            y=np.array([names[code] for code in epochs.events[:, 2]]),
            metadata=pd.DataFrame(columns),
            info=epochs.copy().pick("eeg", exclude="bads").info,
        )

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, index: Any) -> EEGTrials:
        """Return the trials at ``index`` (a slice, a mask or an array of integers)."""
        return self._taken(index, self.X[index])

    def deferred(self, index: Any) -> EEGTrials:
        """Return the trials at ``index``, whose signals are read when they are used.

        For estimators, which take a copy of their own: ``X`` is :class:`Rows`, not an array.
        """
        return self._taken(index, cast("NDArray[np.float32]", Rows(self.X, index)))

    def unlabelled(self) -> EEGTrials:
        """Return the same trials with the labels taken off."""
        return replace_labels(self, None)

    def _taken(self, index: Any, X: NDArray[np.float32]) -> EEGTrials:
        y = None if self.y is None else self.y[index]
        metadata = self.metadata.iloc[index].reset_index(drop=True)
        return EEGTrials.trusted(X, y, metadata, self.info)

    @property
    def subjects(self) -> NDArray[np.str_]:
        """Subject of each trial, shape (n_trials,)."""
        return self.metadata["subject"].astype(str).to_numpy(dtype=str)

    @property
    def domains(self) -> NDArray[np.str_]:
        """``subject/session`` of each trial, shape (n_trials,)."""
        session = self.metadata["session"].astype(str)
        names = self.metadata["subject"].astype(str) + "/" + session
        return names.to_numpy(dtype=str)

    @property
    def ch_names(self) -> list[str]:
        """Channel names in the order of the second axis of ``X``."""
        return list(self.info["ch_names"])

    @property
    def sfreq(self) -> float:
        """Sampling frequency (Hz)."""
        return float(self.info["sfreq"])


def replace_labels(trials: EEGTrials, y: NDArray[np.str_] | None) -> EEGTrials:
    """Return the same trials with other labels, or none."""
    return EEGTrials.trusted(X=trials.X, y=y, metadata=trials.metadata, info=trials.info)


def _check_shapes(trials: EEGTrials) -> None:
    shape = np.shape(trials.X)
    if len(shape) != 3:
        raise DataError(f"X must be (n_trials, n_chans, n_times); got shape {shape}.")
    if len(trials.metadata) != shape[0]:
        raise DataError(f"metadata has {len(trials.metadata)} rows for {shape[0]} trials.")
    if trials.y is not None and len(trials.y) != shape[0]:
        raise DataError(f"y has {len(trials.y)} labels for {shape[0]} trials.")
    missing = [c for c in METADATA_COLUMNS if c not in trials.metadata]
    if missing:
        raise DataError(f"metadata lacks the columns {missing}; it has {list(trials.metadata)}.")
    if len(trials.ch_names) != shape[1]:
        raise DataError(f"info names {len(trials.ch_names)} channels; X has {shape[1]}.")


def check_signals(X: NDArray[np.floating[Any]], ch_names: list[str], where: str = "") -> None:
    """Raise on samples that cannot be EEG in microvolt.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Signals (µV).
    ch_names : list of str
        Channel names, for the message.
    where : str
        The file or subject that the signals come from, for the message.

    Raises
    ------
    DataError
        Naming ``where`` and the channels.
    """
    place = f"{where}: " if where else ""
    if not len(X):
        raise DataError(f"{place}there are no trials.")
    with np.errstate(invalid="ignore"):  # infinity minus infinity, refused in the next line
        deviation = np.concatenate([chunk.std(axis=2) for chunk in _chunks(X)])
    bad: NDArray[np.bool_] = ~np.isfinite(deviation).all(axis=0)
    if bad.any():
        raise DataError(f"{place}samples are not finite in channels {_names(ch_names, bad)}.")
    flat = np.asarray((deviation < FLAT_UV).all(axis=0))
    if flat.any():
        raise DataError(place + flat_message(_names(ch_names, flat)))
    typical = float(np.median(deviation))
    low, high = PLAUSIBLE_UV
    if not low <= typical <= high:
        raise DataError(
            f"{place}the typical standard deviation is {typical:.3g} µV, and EEG lies between "
            f"{low:g} and {high:g} µV. {_unit_advice(typical)}"
        )


def silent_trials(X: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Tell which trials hold no signal.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
        Signals; plain vectors are no trials, and never silent.

    Returns
    -------
    ndarray of bool, shape (n_trials,)
        True where every channel is constant, as when the amplifier dropped out.
    """
    if X.ndim < 3:
        return np.zeros(len(X), dtype=bool)
    silent = (X[:, 0] == X[:, 0, :1]).all(axis=1)  # a first channel with a signal is enough
    candidates = X[silent]
    silent[silent] = (candidates == candidates[:, :, :1]).all(axis=(1, 2))
    return np.asarray(silent)


def flat_message(names: list[str]) -> str:
    """Say that channels are flat, and what to do."""
    return f"channels {names} are flat. Leave them out with `channels`, or repair them."


def _chunks(X: NDArray[np.floating[Any]]) -> Iterator[NDArray[np.float64]]:
    """Trials in double precision, some at a time: all at once would double the memory."""
    for start in range(0, len(X), CHUNK):
        yield X[start : start + CHUNK].astype(np.float64)


def _unit_advice(typical: float) -> str:
    if typical < PLAUSIBLE_UV[0]:
        return "The signals seem to be in volt or millivolt: convert them to microvolt."
    return (
        "The signals seem to be in a smaller unit than was assumed: "
        "for recordings set `unit_scale` (1e-6 where a file stores microvolt without saying so)."
    )


def _names(ch_names: list[str], mask: NDArray[np.bool_]) -> list[str]:
    return [name for name, hit in zip(ch_names, mask, strict=True) if hit]
