"""The recording of a session of cues, saved however the session ends."""

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

# Names by which MNE knows a file of a continuous recording.
ENDINGS = ("raw.fif", "_eeg.fif")
# What is annotated where a trial has no end.
INCOMPLETE = "BAD_incomplete"


@dataclass(frozen=True)
class Acquisition:
    """What a session has recorded.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    n_trials : dict of str to int
        Complete trials of each class.
    n_planned : int
        Trials of the whole session.
    seconds : float
        Length of the recording (s).
    n_gaps : int
        Stretches in which samples are missing.
    ended : {"finished", "stopped", "lost"}
        Whether the session came to its end, was stopped by Ctrl-C, or lost the stream.

    See Also
    --------
    acquire : Returns it.

    Examples
    --------
    >>> from bci_dann import serving
    >>> done = serving.Acquisition("first_raw.fif", {"left_hand": 4}, 40, 61.5, 0, "stopped")
    >>> done.ended
    'stopped'
    """

    path: Path
    n_trials: dict[str, int]
    n_planned: int
    seconds: float
    n_gaps: int
    ended: str


def check_recording_path(path: Path, force: bool) -> Path:
    """Return the path of a recording to be written, once nothing is seen to be in the way.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    force : bool
        Whether it may exist.

    Returns
    -------
    pathlib.Path
        The same.

    Raises
    ------
    ConfigError
        When its name is not that of a recording, its folder does not exist, or the file does.
    ResultsError
        When nothing can be written in the folder.
    """
    if not path.name.endswith(ENDINGS):
        raise ConfigError(
            f"{path.name}: the name of a recording ends with _raw.fif or _eeg.fif, by which MNE "
            f"knows it. Take {path.name.split('.')[0]}_raw.fif."
        )
    check_folder_of(path)
    if path.exists() and not force:
        raise ConfigError(
            f"{path} exists, and a recording is never overwritten unasked. Choose another name, or "
            "add --force (force=True in Python)."
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
    session: CuedSession, marks: ModelCues, path: Path, report: Callable[[str], None]
) -> Acquisition:
    """Lead through a session, and save what was recorded however it ends.

    Parameters
    ----------
    session : CuedSession
        Ready to begin.
    marks : ModelCues
        Names of the annotations.
    path : pathlib.Path
        The file; it is replaced where it exists.
    report : callable
        Takes sentences on what happens.

    Returns
    -------
    Acquisition
        What was recorded.

    Raises
    ------
    DataError
        When nothing was recorded.
    """
    ended = "stopped"
    try:
        with session.display:
            session.run()
        ended = "finished"
    except StreamLostError as error:
        ended = "lost"
        report(f"The session ends, since the stream is lost: {error}")
    except KeyboardInterrupt:
        report("Stopped")
    finally:
        done = _saved(session, marks, path, ended, report)
    return done


def _saved(
    session: CuedSession, marks: ModelCues, path: Path, ended: str, report: Callable[[str], None]
) -> Acquisition:
    while True:  # Ctrl-C, however often, does not cost the recording
        try:
            return _written(session, marks, path, ended, report)
        except KeyboardInterrupt:
            report("The recording is being saved")


def _written(
    session: CuedSession, marks: ModelCues, path: Path, ended: str, report: Callable[[str], None]
) -> Acquisition:
    session.drain()
    recorder, protocol = session.recorder, session.protocol
    if not recorder.n_samples:
        raise DataError("nothing was recorded: the session ended before a sample had come.")
    begun = datetime.now(UTC) - timedelta(seconds=session.clock() - recorder.start_time)
    raw = recorder.raw(begun)
    n_trials = _annotate(raw, session, marks)
    raw.info["description"] = f"bci-dann acquire, random_state {protocol.random_state}"
    path = _write(raw, path, report)
    seconds, n_planned = recorder.n_samples / recorder.sfreq, len(protocol.trials())
    listed = ", ".join(f"{count} {name}" for name, count in n_trials.items())
    gaps = f", {len(recorder.gaps)} gaps" if recorder.gaps else ""
    report(
        f"{sum(n_trials.values())} of {n_planned} trials ({listed}), {seconds:.1f} s{gaps}: "
        f"saved in {path}"
    )
    if marks.hints:
        report(f"Decode it by this model with {' '.join(marks.hints)}")
    return Acquisition(path, n_trials, n_planned, seconds, len(recorder.gaps), ended)


def _annotate(raw: mne.io.BaseRaw, session: CuedSession, marks: ModelCues) -> dict[str, int]:
    """Annotate the trials; return how many of each class are complete."""
    recorder, task_s = session.recorder, session.protocol.task_s
    counts = Counter(dict.fromkeys(session.protocol.classes, 0))
    for cue in session.cues:
        first = recorder.sample_at(cue.time)
        left = (recorder.n_samples - first) / recorder.sfreq
        onset = first / recorder.sfreq
        # the last sample of the task may be on its way
        if cue.is_complete and left >= task_s - 1.5 / recorder.sfreq:
            raw.annotations.append(onset - marks.lead_s, task_s, marks.event(cue.label))
            counts[cue.label] += 1
        elif left > 0:
            raw.annotations.append(onset, min(left, task_s), INCOMPLETE)
    return dict(counts)


def _write(raw: mne.io.BaseRaw, path: Path, report: Callable[[str], None]) -> Path:
    """Write the recording; where its folder has failed meanwhile, into the temporary one."""
    try:
        _replace(raw, path)
    except OSError as error:
        other = Path(tempfile.mkdtemp(prefix="recording-")) / path.name
        report(f"{path} cannot be written: {error.strerror or error}. Another folder is taken")
        _replace(raw, other)
        return other
    return path


def _replace(raw: mne.io.BaseRaw, path: Path) -> None:
    """Write all files of the recording beside where they belong, and put them there."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        raw.save(Path(folder) / path.name, fmt="single", verbose="error")
        for file in sorted(Path(folder).iterdir()):
            file.replace(path.parent / file.name)
