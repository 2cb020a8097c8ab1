"""Recording of a cued session, saved also after Ctrl-C or the loss of the stream."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann._files import check_folder_of
from bci_dann.exceptions import ConfigError, DataError, ResultsError
from bci_dann.serving.live.cued_session import CuedSession
from bci_dann.serving.live.lsl_stream import StreamLostError
from bci_dann.serving.live.model_cues import ModelCues

if TYPE_CHECKING:
    import mne

__all__ = ["Acquisition", "check_recording_path", "record_session"]

# Endings of file names that MNE expects for continuous recordings.
ENDINGS = ("raw.fif", "_eeg.fif")
# Annotation of an incomplete trial.
INCOMPLETE = "BAD_incomplete"


@dataclass(frozen=True)
class Acquisition:
    """Result of a recorded session.

    Parameters
    ----------
    path : pathlib.Path
        The recording (FIF).
    n_trials : dict of str to int
        Number of completed trials of each class.
    n_planned : int
        Number of planned trials.
    seconds : float
        Duration of the recording (s).
    n_gaps : int
        Number of gaps with missing samples.
    ended : {"finished", "stopped", "lost"}
        Whether the session was finished, stopped by Ctrl-C, or ended because of a lost stream.

    See Also
    --------
    acquire : Returns it.

    Examples
    --------
    >>> from bci_dann import serving
    >>> recorded = serving.Acquisition("first_raw.fif", {"left_hand": 4}, 40, 61.5, 0, "stopped")
    >>> recorded.ended
    'stopped'
    """

    path: Path
    n_trials: dict[str, int]
    n_planned: int
    seconds: float
    n_gaps: int
    ended: str


def check_recording_path(path: Path, force: bool) -> Path:
    """Check that a recording can be written to a path, and return the path.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    force : bool
        Whether the file may exist.

    Returns
    -------
    pathlib.Path
        The given path.

    Raises
    ------
    ConfigError
        When the name has the wrong ending, the folder does not exist, or the file exists.
    ResultsError
        When the folder cannot be written to.
    """
    if not path.name.endswith(ENDINGS):
        raise ConfigError(
            f"{path.name}: the name of the recording must end with _raw.fif or _eeg.fif, as MNE "
            f"requires. Use {path.name.split('.')[0]}_raw.fif."
        )
    check_folder_of(path)
    if path.exists() and not force:
        raise ConfigError(
            f"{path} exists and is not overwritten: choose another name, or add --force "
            "(force=True in Python)."
        )
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror or error}. Choose another folder."
        ) from error
    return path


def record_session(
    session: CuedSession, cues: ModelCues, path: Path, report: Callable[[str], None]
) -> Acquisition:
    """Run a session, and save the recording, also after Ctrl-C or the loss of the stream.

    Parameters
    ----------
    session : CuedSession
        A session that has not begun.
    cues : ModelCues
        Names and times of the annotations.
    path : pathlib.Path
        The file to write; an existing file is replaced.
    report : callable
        Called with status messages.

    Returns
    -------
    Acquisition
        The path of the recording, and how many trials and gaps it has.

    Raises
    ------
    DataError
        When no samples were recorded.
    """
    ended = "stopped"
    try:
        with session.display:
            session.run()
        ended = "finished"
    except StreamLostError as error:
        ended = "lost"
        report(f"The session ends because the stream is lost: {error}")
    except KeyboardInterrupt:
        report("Stopped")
    finally:
        acquisition = _save_in_any_case(session, cues, path, ended, report)
    return acquisition


def _save_in_any_case(
    session: CuedSession, cues: ModelCues, path: Path, ended: str, report: Callable[[str], None]
) -> Acquisition:
    while True:  # pressing Ctrl-C again must not interrupt saving
        try:
            return _save(session, cues, path, ended, report)
        except KeyboardInterrupt:
            report("Please wait, the recording is being saved")


def _save(
    session: CuedSession, cues: ModelCues, path: Path, ended: str, report: Callable[[str], None]
) -> Acquisition:
    session.drain()
    recorder, protocol = session.recorder, session.protocol
    if not recorder.n_samples:
        raise DataError(
            "nothing was recorded, because the session ended before the first sample arrived. "
            "Check that the amplifier's program is sending the stream."
        )
    start = datetime.now(UTC) - timedelta(seconds=session.clock() - recorder.start_time)
    raw = recorder.raw(start)
    n_trials = _annotate(raw, session, cues)
    raw.info["description"] = f"bci-dann acquire, random_state {protocol.random_state}"
    path = _write_or_fall_back(raw, path, report)
    seconds, n_planned = recorder.n_samples / recorder.sfreq, len(protocol.trials())
    counts = ", ".join(f"{count} {name}" for name, count in n_trials.items())
    gaps = f", {len(recorder.gaps)} gaps" if recorder.gaps else ""
    report(
        f"Saved {sum(n_trials.values())} of {n_planned} trials ({counts}) in {path}: "
        f"{seconds:.1f} s{gaps}"
    )
    if cues.hints:
        report(f"To use this recording with the model, add the options {' '.join(cues.hints)}")
    return Acquisition(path, n_trials, n_planned, seconds, len(recorder.gaps), ended)


def _annotate(raw: mne.io.BaseRaw, session: CuedSession, cues: ModelCues) -> dict[str, int]:
    """Annotate the trials in the recording; return the number of complete trials per class."""
    recorder, task_s = session.recorder, session.protocol.task_s
    counts = Counter(dict.fromkeys(session.protocol.classes, 0))
    for cue in session.cues:
        first = recorder.sample_at(cue.time)
        left = (recorder.n_samples - first) / recorder.sfreq
        onset = first / recorder.sfreq
        # the last sample of the task may not have arrived yet
        if cue.is_complete and left >= task_s - 1.5 / recorder.sfreq:
            raw.annotations.append(onset - cues.lead_s, task_s, cues.event(cue.label))
            counts[cue.label] += 1
        elif left > 0:
            raw.annotations.append(onset, min(left, task_s), INCOMPLETE)
    return dict(counts)


def _write_or_fall_back(raw: mne.io.BaseRaw, path: Path, report: Callable[[str], None]) -> Path:
    """Write the recording; if its folder cannot be written to, into a temporary folder."""
    try:
        _write(raw, path)
    except OSError as error:
        fallback = Path(tempfile.mkdtemp(prefix="recording-")) / path.name
        report(
            f"{path} cannot be written: {error.strerror or error}. Saving it in {fallback.parent}"
        )
        _write(raw, fallback)
        return fallback
    return path


def _write(raw: mne.io.BaseRaw, path: Path) -> None:
    """Write all files of the recording to a temporary folder beside the path, then move them."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        raw.save(Path(folder) / path.name, fmt="single", verbose="error")
        for file in sorted(Path(folder).iterdir()):
            file.replace(path.parent / file.name)
