"""Simulated recordings as EDF files, which the pages on recordings and new subjects start from."""

from __future__ import annotations

import warnings
from pathlib import Path

__all__ = ["write_recordings"]

N_SOURCES, N_SESSIONS, N_TRIALS = 4, 2, 12


def write_recordings(folder: Path) -> Path:
    """Write four subjects to ``recordings/``, and a fifth one to ``new_subject.edf``.

    Parameters
    ----------
    folder : pathlib.Path
        An existing folder.

    Returns
    -------
    pathlib.Path
        The same folder. Each file has 12 trials of either class and 15 channels (volt), 128 Hz.
    """
    from bci_dann.data import SimulatedMI

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = SimulatedMI(
            n_subjects=N_SOURCES + 1, n_sessions=N_SESSIONS, n_trials=N_TRIALS, shift=0.5
        )
        for subject in range(1, N_SOURCES + 1):
            sessions = dataset.get_data([subject])[subject]
            for session, runs in sessions.items():
                _export(runs["0"], folder / "recordings" / f"subject{subject}", f"session{session}")
        new = dataset.get_data([N_SOURCES + 1])[N_SOURCES + 1]
        _export(new["0"]["0"], folder, "new_subject")
    return folder


def _export(raw, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    whole_seconds = int(raw.times[-1])  # records of EDF last one second
    raw = raw.copy().crop(tmax=whole_seconds, include_tmax=False)
    raw.export(folder / f"{name}.edf", fmt="edf", verbose="error")
