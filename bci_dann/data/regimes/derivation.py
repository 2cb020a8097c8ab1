"""Trials of a regime, derived from those of the original dataset, subject by subject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.cache import TrialsWriter, open_trials, store
from bci_dann.data.combined.combined_config import SEPARATOR
from bci_dann.data.combined.combined_dataset import naming
from bci_dann.data.regimes.disturbances import (
    add_artefacts,
    add_dropouts,
    change_half_way,
    loosen_channel,
    spoil_channels,
)
from bci_dann.data.regimes.trial_choice import (
    channel_positions,
    choose_trials,
    draw_names,
    generator,
    n_samples,
)
from bci_dann.data.regimes.trial_order import in_blocks, shuffled
from bci_dann.data.screening.rest_signals import rest_mask
from bci_dann.data.trials import EEGTrials
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    import mne

    from bci_dann.data.regimes.regime import Regime

__all__ = ["derive_trials", "prepare_derived"]

# Part of the cache key of derived trials: increase it when a change of this package changes the
# trials of the same regime.
REGIME_VERSION = 1
# Session name of all trials of a subject when its sessions are merged.
MERGED_SESSION = "0"


def derive_trials(trials: EEGTrials, regime: Regime) -> EEGTrials:
    """Apply a regime to the trials of a dataset.

    Parameters
    ----------
    trials : EEGTrials
        Labelled trials of all subjects; not changed.
    regime : Regime
        The reduction and the disturbances.

    Returns
    -------
    EEGTrials
        A copy, bit-identical for equal arguments. Labels affect the selection of trials only
        through ``classes``, and their order only through ``cues_in_blocks``.

    Raises
    ------
    ConfigError
        When the data do not have what the regime asks for.

    See Also
    --------
    Regime : The keys of a regime.
    draw_world : A simulated dataset and a regime, drawn at random.

    Examples
    --------
    >>> from bci_dann import load_dataset
    >>> from bci_dann.data import Regime, derive_trials
    >>> trials = load_dataset("SimulatedMI", n_subjects=4, n_trials=20)
    >>> few = derive_trials(trials, Regime(n_subjects=3, n_trials=10, duration=1.0))
    >>> few.X.shape
    (30, 15, 128)
    """
    return EEGTrials.concatenate(list(_derived_subjects(trials, regime)))


def prepare_derived(folder: Path, regime: Regime, root: Path, datasets: Sequence[str] = ()) -> Path:
    """Derive the trials of a regime from prepared ones, unless they are in the cache.

    Parameters
    ----------
    folder : pathlib.Path
        The prepared trials of the original dataset.
    regime : Regime
        The regime.
    root : pathlib.Path
        The cache.
    datasets : sequence of str
        The names of the datasets if there are several; each is changed as if it were alone.

    Returns
    -------
    pathlib.Path
        A folder for `open_trials`: ``folder`` itself if the regime changes nothing.

    Raises
    ------
    ConfigError
        When the data do not have what the regime asks for.
    DataError
        When the folder cannot be written.
    """
    if not regime.changes_trials:
        return folder
    parts = {
        "regime_version": REGIME_VERSION,
        "trials": folder.name,
        "regime": regime.model_dump(mode="json", exclude={"held_out"}),
    }

    def fill(writer: TrialsWriter) -> None:
        for trials in _derived_datasets(open_trials(folder), regime, datasets):
            writer.add(trials)

    return store(root, parts, fill)


def _derived_datasets(
    trials: EEGTrials, regime: Regime, datasets: Sequence[str]
) -> Iterator[EEGTrials]:
    if not datasets:
        yield from _derived_subjects(trials, regime)
    dataset_of_trial = np.array([subject.partition(SEPARATOR)[0] for subject in trials.subjects])
    for name in datasets:  # trials of a dataset are contiguous: a slice does not copy them
        rows = np.flatnonzero(dataset_of_trial == name)
        with naming(name):
            yield from _derived_subjects(trials[rows[0] : rows[-1] + 1], regime)


def _derived_subjects(trials: EEGTrials, regime: Regime) -> Iterator[EEGTrials]:
    """Derive the trials of one subject at a time, so that only one is in memory."""
    if trials.y is None:
        raise ConfigError("a regime is derived from trials with labels; these have none.")
    rows = choose_trials(trials, regime)
    info = _picked(trials.info, channel_positions(trials, regime))
    subjects = list(rows)
    spoilt = set(subjects[::2]) if regime.dead_channels or regime.noisy_channels else set()
    loud: set[str] = set()
    if regime.gain != 1:
        loud = set(draw_names(regime, "loud", subjects, regime.n_loud_subjects))
    for subject, own in rows.items():
        selected = _in_recorded_order(trials, own, regime)
        X = _disturbed(selected.X, selected, regime, subject, subject in spoilt)
        rest = selected.rest
        if rest is not None:
            rest = _disturbed(rest, selected, regime, subject, subject in spoilt)
        if subject in loud:
            X *= np.float32(regime.gain)
            rest = None if rest is None else rest * np.float32(regime.gain)
        derived = EEGTrials.trusted(X, selected.y, selected.metadata, info, rest=rest)
        if regime.shuffled:
            rng = generator(regime, "order", subject)
            derived = derived[shuffled(_sessions(derived), rng)]
        yield derived


def _in_recorded_order(trials: EEGTrials, rows: NDArray[np.intp], regime: Regime) -> EEGTrials:
    """Return a subject's trials in the order of recording according to the regime."""
    metadata = trials.metadata.iloc[rows].reset_index(drop=True)
    if regime.merge_sessions:
        metadata = metadata.assign(session=MERGED_SESSION)
    labels = np.asarray(trials.y)[rows]
    channels, n_times = channel_positions(trials, regime), n_samples(trials, regime)
    X = np.ascontiguousarray(trials.X[rows][:, channels, :n_times], dtype=np.float32)
    rest = None if trials.rest is None else np.array(trials.rest[rows][:, channels])
    info = _picked(trials.info, channels)
    selected = EEGTrials.trusted(X, labels, metadata, info, rest=rest)
    if regime.cues_in_blocks is None:
        return selected
    return selected[in_blocks(labels, _sessions(selected), regime.cues_in_blocks)]


def _disturbed(
    X: NDArray[np.float32], trials: EEGTrials, regime: Regime, subject: str, is_spoilt: bool
) -> NDArray[np.float32]:
    """Disturb the signals of a subject's trials, or its rest windows (NaN if missing)."""
    if regime.change_half_way:
        rng = generator(regime, "change half way", subject)
        X = change_half_way(X, _sessions(trials), regime.change_half_way, rng)
    present = rest_mask(X)
    if not present.all():
        X[present] = _with_faults(X[present], trials.sfreq, regime, subject, is_spoilt)
        return X
    return _with_faults(X, trials.sfreq, regime, subject, is_spoilt)


def _with_faults(
    X: NDArray[np.float32], sfreq: float, regime: Regime, subject: str, is_spoilt: bool
) -> NDArray[np.float32]:
    if regime.artefact_share:
        rng = generator(regime, "artefacts", subject)
        X = add_artefacts(X, regime.artefact_share, regime.artefact_amplitude, sfreq, rng)
    if is_spoilt:
        rng = generator(regime, "bad channels", subject)
        X = spoil_channels(X, regime.dead_channels, regime.noisy_channels, rng)
    if regime.loose_share:
        X = loosen_channel(X, regime.loose_share, generator(regime, "loose channel", subject))
    if regime.dropout_share:
        X = add_dropouts(X, regime.dropout_share, generator(regime, "dropouts", subject))
    return X


def _sessions(trials: EEGTrials) -> NDArray[np.str_]:
    return trials.metadata["session"].to_numpy(dtype=str)


def _picked(info: mne.Info, positions: list[int]) -> mne.Info:
    import mne

    if positions == list(range(len(info["ch_names"]))):
        return info
    return mne.pick_info(info, positions, copy=True, verbose="error")
