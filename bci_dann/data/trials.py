"""EEG trials with their labels, subjects, sessions and channel information."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bci_dann.data.event_classes import labels_of_epochs
from bci_dann.data.lazy_rows import LazyRows
from bci_dann.data.screening.rest_signals import Rest, joined_rest, rest_mask
from bci_dann.data.signal_checks import check_signals
from bci_dann.exceptions import DataError

if TYPE_CHECKING:
    import mne

__all__ = ["METADATA_COLUMNS", "EEGTrials", "replace_labels"]

METADATA_COLUMNS = ("subject", "session", "run")
# Maximum number of subjects, sessions and classes listed when trials are printed.
N_LISTED = 8


@dataclass(frozen=True, eq=False)
class EEGTrials:  # numpydoc ignore=PR02
    """Trials of one or many subjects, all with the same channels and samples.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        The signals in microvolt, float32; may be memory-mapped.
    y : ndarray of str, shape (n_trials,), or None
        The class names; ``None`` if they are unknown or must not be used.
    metadata : pandas.DataFrame
        One row per trial with the columns ``subject``, ``session`` and ``run``.
    info : mne.Info
        Channel names, positions and sampling frequency (Hz).
    account : pandas.DataFrame or None
        For a loaded dataset: the numbers of found cues, of cues used as trials, and of cues
        rejected for each reason. One row per recording and event, with the columns ``file``,
        ``subject``, ``session``, ``run``, ``event``, ``found``, ``used`` and one per reason.
        ``None`` for a selection of trials.
    rest : ndarray, shape (n_trials, n_chans, n_rest_times), or None
        The rest window of each trial, in microvolt, float32; NaN for a
        trial without one. ``None`` if no rest windows were cut; see
        :class:`bci_dann.data.Preprocessing`.

    Raises
    ------
    DataError
        When the lengths of the parts differ, metadata are missing, a sample is not finite, a
        channel is flat, or the scale cannot be EEG in microvolt.

    See Also
    --------
    load_dataset : Trials of a dataset by its name.
    bci_dann.serving.prepare : Trials of one recording, preprocessed for a saved model.

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> import pandas as pd
    >>> from bci_dann import EEGTrials
    >>> X = np.random.default_rng(0).normal(0, 10, (20, 3, 256)).astype(np.float32)  # µV
    >>> metadata = pd.DataFrame({"subject": "1", "session": "0", "run": "0"}, index=range(20))
    >>> info = mne.create_info(["C3", "Cz", "C4"], 128.0, "eeg")
    >>> trials = EEGTrials(X, np.tile(["left_hand", "right_hand"], 10), metadata, info)
    >>> len(trials[trials.y == "left_hand"]), trials.domains[:2].tolist()
    (10, ['1/0', '1/0'])
    """

    X: NDArray[np.float32]
    y: NDArray[np.str_] | None
    metadata: pd.DataFrame
    info: mne.Info
    account: pd.DataFrame | None = None
    rest: Rest = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "y", None if self.y is None else np.asarray(self.y))  # no Series
        _check_shapes(self)
        _check_names(self.metadata)
        check_signals(self.X, self.ch_names)
        if self.has_rest.any():
            check_signals(np.asarray(self.rest)[self.has_rest], self.ch_names, "rest windows")

    @classmethod
    def trusted(
        cls,
        X: NDArray[np.float32],
        y: NDArray[np.str_] | None,
        metadata: pd.DataFrame,
        info: mne.Info,
        account: pd.DataFrame | None = None,
        rest: Rest = None,
    ) -> EEGTrials:
        """Create trials from signals that have already been checked, without reading them again.

        For a slice of checked trials, or a memory-mapped array that was checked when it was
        written. Shapes are checked nevertheless.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Checked signals (µV).
        y : ndarray of str, shape (n_trials,), or None
            The class names.
        metadata : pandas.DataFrame
            One row per trial with the columns ``subject``, ``session`` and ``run``.
        info : mne.Info
            Channel names, positions and sampling frequency (Hz).
        account : pandas.DataFrame or None
            Numbers of found, used and rejected cues of the recordings.
        rest : ndarray, shape (n_trials, n_chans, n_rest_times), or None
            Checked rest windows (µV).

        Returns
        -------
        EEGTrials
            The trials; the arrays are not copied.

        Raises
        ------
        DataError
            When the lengths of the parts differ.
        """
        trials = object.__new__(cls)
        for field, value in zip(fields(cls), (X, y, metadata, info, account, rest), strict=True):
            object.__setattr__(trials, field.name, value)
        _check_shapes(trials)
        return trials

    @classmethod
    def from_epochs(
        cls,
        epochs: mne.BaseEpochs,
        classes: Mapping[str, str] | Sequence[str] | None = None,
        *,
        labelled: bool = True,
    ) -> EEGTrials:
        """Convert ``mne.Epochs``, whose metadata may contain subject, session and run.

        Parameters
        ----------
        epochs : mne.Epochs
            The epochs. Event names become class names; the columns ``subject``, ``session`` and
            ``run`` are ``"0"`` if ``epochs.metadata`` lacks them. All EEG channels that are not
            marked bad are used.
        classes : mapping of str to str, or sequence of str, optional
            If events have several tags, such as ``left/sound``: the tags that are classes,
            ``["left", "right"]``, or the class of each event or tag. By default, the class is
            the tag at the only position where the names of the events differ, or where all tags
            are names of motor imagery.
        labelled : bool
            Whether the trials get labels; if not, the names of events do not matter.

        Returns
        -------
        EEGTrials
            The trials in microvolt.

        Raises
        ------
        DataError
            When a sample is not finite, a channel is flat, the scale is not that of EEG, or
            it is ambiguous which tag of the events is the class.
        """
        epochs = epochs if epochs.preload else epochs.copy().load_data()
        given = epochs.metadata if epochs.metadata is not None else pd.DataFrame()
        columns = {
            column: given[column].to_numpy() if column in given else np.repeat("0", len(epochs))
            for column in METADATA_COLUMNS
        }
        return cls(
            X=epochs.get_data(units="uV", picks="eeg").astype(np.float32),  # without bad channels
            y=labels_of_epochs(epochs, classes) if labelled else None,
            metadata=pd.DataFrame(columns),
            info=epochs.copy().pick("eeg", exclude="bads").info,
        )

    @classmethod
    def concatenate(cls, parts: Sequence[EEGTrials]) -> EEGTrials:
        """Concatenate trials with the same channels and samples, in the given order.

        Parameters
        ----------
        parts : sequence of EEGTrials
            At least one. Either all or none have labels; `unlabelled` removes labels.

        Returns
        -------
        EEGTrials
            Trials with a copy of the signals and the ``info`` of the first part. Signals are not
            checked again. If only some parts have rest windows, those of the others are NaN.

        Raises
        ------
        DataError
            When there are no parts, only some have labels, or they differ in channels, sampling
            frequency or length.
        """
        _check_parts(parts)
        labels = [part.y for part in parts if part.y is not None]
        accounts = [part.account for part in parts if part.account is not None]
        return cls.trusted(
            X=np.concatenate([part.X for part in parts]),
            y=np.concatenate(labels) if labels else None,
            metadata=pd.concat([part.metadata for part in parts], ignore_index=True),
            info=parts[0].info,
            account=pd.concat(accounts, ignore_index=True) if len(accounts) == len(parts) else None,
            rest=joined_rest([part.rest for part in parts], [part.shape[:2] for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        n_trials, n_chans, n_times = self.shape
        named = {"subjects": self.subjects, "sessions": self.metadata["session"].astype(str)}
        parts = [f"{name} {_listed(np.unique(of).tolist())}" for name, of in named.items()]
        if self.y is None:
            parts.append("no labels")
        else:
            counts = zip(*np.unique(self.y, return_counts=True), strict=True)
            parts.append(f"classes {_listed([f'{name} ({count})' for name, count in counts])}")
        return (
            f"EEGTrials({n_trials} trials, {n_chans} channels, {n_times} samples at "
            f"{self.sfreq:g} Hz; {'; '.join(parts)})"
        )

    def __getitem__(self, index: Any) -> EEGTrials:
        """Return the trials at ``index`` (a slice, a mask or an array of integers).

        ``trials[index, ...]``, which scikit-learn's cross-validation uses, is the same.
        """
        if isinstance(index, tuple) and index[1:] == (...,):
            index = index[0]
        rest = None if self.rest is None else self.rest[index]
        return self._indexed(index, self.X[index], rest)

    def deferred(self, index: Any) -> EEGTrials:
        """Return the trials at ``index`` without copying their signals yet.

        For estimators, which make their own copy.

        Parameters
        ----------
        index : slice, ndarray of bool or ndarray of int
            The selected trials and their order.

        Returns
        -------
        EEGTrials
            Trials whose ``X`` and ``rest`` are :class:`~bci_dann.data.lazy_rows.LazyRows`, which
            are converted to arrays each time they are used.
        """
        X, rest = (None if of is None else LazyRows(of, index) for of in (self.X, self.rest))
        return self._indexed(index, cast("NDArray[np.float32]", X), cast(Rest, rest))

    def unlabelled(self) -> EEGTrials:
        """Return the same trials without labels.

        Returns
        -------
        EEGTrials
            Trials that share signals, metadata and info with these.
        """
        return replace_labels(self, None)

    def _indexed(self, index: Any, X: NDArray[np.float32], rest: Rest) -> EEGTrials:
        y = None if self.y is None else self.y[index]
        metadata = self.metadata.iloc[index].reset_index(drop=True)
        return EEGTrials.trusted(X, y, metadata, self.info, rest=rest)

    @property
    def shape(self) -> tuple[int, int, int]:  # numpydoc ignore=RT01
        """Shape of ``X``: numbers of trials, channels and samples."""
        n_trials, n_chans, n_times = self.X.shape
        return n_trials, n_chans, n_times

    @property
    def has_rest(self) -> NDArray[np.bool_]:  # numpydoc ignore=RT01
        """Whether each trial has a rest window, shape (n_trials,)."""
        return np.zeros(len(self), dtype=bool) if self.rest is None else rest_mask(self.rest)

    @property
    def subjects(self) -> NDArray[np.str_]:  # numpydoc ignore=RT01
        """Subject of each trial, shape (n_trials,)."""
        return self.metadata["subject"].astype(str).to_numpy(dtype=str)

    @property
    def domains(self) -> NDArray[np.str_]:  # numpydoc ignore=RT01
        """``subject/session`` of each trial, shape (n_trials,)."""
        session = self.metadata["session"].astype(str)
        names = self.metadata["subject"].astype(str) + "/" + session
        return names.to_numpy(dtype=str)

    @property
    def ch_names(self) -> list[str]:  # numpydoc ignore=RT01
        """Channel names in the order of the second axis of ``X``."""
        return list(self.info["ch_names"])

    @property
    def sfreq(self) -> float:  # numpydoc ignore=RT01
        """Sampling frequency (Hz)."""
        return float(self.info["sfreq"])


def replace_labels(trials: EEGTrials, y: NDArray[np.str_] | None) -> EEGTrials:
    """Return the same trials with other labels, or without labels.

    Parameters
    ----------
    trials : EEGTrials
        The trials; not changed.
    y : ndarray of str, shape (n_trials,), or None
        The new class names.

    Returns
    -------
    EEGTrials
        Trials that share signals, metadata and info with ``trials``.

    Raises
    ------
    DataError
        When the length of ``y`` differs from the number of trials.
    """
    return EEGTrials.trusted(trials.X, y, trials.metadata, trials.info, trials.account, trials.rest)


def _listed(names: list[str]) -> str:
    """Return the first names, separated by commas, with an ellipsis if there are more."""
    return ", ".join(names[:N_LISTED]) + (", ..." if len(names) > N_LISTED else "")


def _check_parts(parts: Sequence[EEGTrials]) -> None:
    if not parts:
        raise DataError("there are no trials to join; at least one part is needed.")
    if len({part.y is None for part in parts}) > 1:
        raise DataError(
            "some parts have labels and others have none: remove the labels with unlabelled()."
        )
    expected = _axes(parts[0], parts[0])
    for part in parts[1:]:
        for name, value in _axes(part, parts[0]).items():
            if value != expected[name]:
                raise DataError(
                    f"trials to be joined differ in their {name}: {expected[name]} in the first "
                    f"part, {value} in another."
                )


def _axes(trials: EEGTrials, first: EEGTrials) -> dict[str, Any]:
    """Return what trials must share; frequencies that differ by rounding only are equal."""
    from bci_dann.data.segmentation import same_sfreq  # imports MNE

    is_same = same_sfreq(trials.sfreq, first.sfreq)
    return {
        "channels": trials.ch_names,
        "sampling frequency (Hz)": first.sfreq if is_same else trials.sfreq,
        "number of samples": trials.X.shape[2],
    }


def _check_names(metadata: pd.DataFrame) -> None:
    for column in METADATA_COLUMNS:
        n_missing = int(metadata[column].isna().sum())
        if n_missing:
            raise DataError(
                f"metadata has no {column} for {n_missing} of {len(metadata)} trials: name it, or "
                "leave these trials out."
            )


def _check_shapes(trials: EEGTrials) -> None:
    shape = np.shape(trials.X)
    if len(shape) != 3:
        raise DataError(f"X must be (n_trials, n_chans, n_times); got shape {shape}.")
    if len(trials.metadata) != shape[0]:
        raise DataError(f"metadata has {len(trials.metadata)} rows for {shape[0]} trials.")
    if trials.rest is not None and trials.rest.shape[:2] != shape[:2]:
        raise DataError(
            f"rest must be (n_trials, n_chans, n_rest_times), as {shape[:2]} of X; got shape "
            f"{trials.rest.shape}."
        )
    if trials.y is not None and len(trials.y) != shape[0]:
        raise DataError(f"y has {len(trials.y)} labels for {shape[0]} trials.")
    missing = [c for c in METADATA_COLUMNS if c not in trials.metadata]
    if missing:
        raise DataError(f"metadata lacks the columns {missing}; it has {list(trials.metadata)}.")
    if len(trials.ch_names) != shape[1]:
        raise DataError(f"info names {len(trials.ch_names)} channels; X has {shape[1]}.")
