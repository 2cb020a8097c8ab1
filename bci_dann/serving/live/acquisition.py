"""Cued acquisition: cues on a display, a stream in a file, both on one clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bci_dann.exceptions import ConfigError
from bci_dann.serving.live.cue_display import CueDisplay, TerminalCues
from bci_dann.serving.live.cue_page import CuePage
from bci_dann.serving.live.cue_protocol import CueProtocol
from bci_dann.serving.live.cued_session import TAIL_S, CuedSession
from bci_dann.serving.live.decode_stream import PageAddress
from bci_dann.serving.live.lsl_stream import LSLStream, load_lsl
from bci_dann.serving.live.model_cues import ModelCues, check_electrodes
from bci_dann.serving.live.session_recording import (
    Acquisition,
    check_recording_path,
    record_session,
)
from bci_dann.serving.live.signal_recorder import SignalRecorder
from bci_dann.serving.served_model import ServedModel, as_served_model

__all__ = ["acquire"]

# Bytes of samples that one FIF file takes; longer recordings would be split into several files.
LARGEST_FILE = 1.9e9
# Pause before the first cue (s), in which the subject settles and filters of a reader do.
FIRST_PAUSE_S = 5.0


def acquire(
    stream: str,
    out: str | Path,
    *,
    classes: Sequence[str] = (),
    rest: bool = False,
    trials: int = 20,
    task: float | None = None,
    pause: float = 2.0,
    jitter: float = 0.5,
    cue_s: float | None = None,
    random_state: Any = 0,
    model: str | Path | ServedModel | None = None,
    source_id: str | None = None,
    unit_scale: float | None = None,
    jitter_s: float = 0.1,
    wait_s: float = 10.0,
    lost_s: float = 60.0,
    force: bool = False,
    page: PageAddress | None = None,
    display: CueDisplay | None = None,
    report: Callable[[str], None] = print,
) -> Acquisition:
    """Show cues to a subject, record a stream meanwhile, and save both as one recording.

    All channels of the stream are recorded. Each trial that was completed is an annotation at the
    time of its cue, as long as the task. What was recorded is saved at the end, after Ctrl-C, and
    when the stream is lost for good. A trial during which it is lost is repeated.

    Parameters
    ----------
    stream : str
        Name of the LSL stream.
    out : str or pathlib.Path
        The file, such as ``first_raw.fif``.
    classes : sequence of str
        The tasks, such as ``["left_hand", "right_hand"]``; by default those of the model.
    rest : bool
        Whether to add the class ``rest``.
    trials : int
        Trials of each class.
    task : float or None
        Length of the task, from the cue on (s); by default as the model was trained, or 4.
    pause : float
        Shortest pause before a cue (s).
    jitter : float
        By how much pauses are longer at most, at random (s).
    cue_s : float or None
        How long the cue is shown, before a cross (s); by default during the whole task.
    random_state : None or int
        Seed of the order and of the pauses.
    model : str, pathlib.Path, ServedModel or None
        Gives classes, names of events, and the length of trials, and has to find its electrodes.
    source_id : str or None
        The stream's source, where several streams have the name.
    unit_scale : float or None
        Volt per unit of the numbers, such as 1e-6. By default the unit that the stream tells.
    jitter_s : float
        By how much times of chunks may be wrong before samples count as lost (s).
    wait_s : float
        How long to look for the stream (s).
    lost_s : float
        How long to wait for a stream that is lost (s).
    force : bool
        Whether to replace a file.
    page : PageAddress or None
        Where to serve a page that shows the cues, instead of the terminal. The session begins when
        it is opened.
    display : CueDisplay or None
        Shows the cues; by default the terminal. One of your own has ``show(kind, text, note)``
        and is a context manager.
    report : callable
        Takes sentences on what happens.

    Returns
    -------
    Acquisition
        What was recorded.

    Raises
    ------
    ConfigError
        When an option does not fit, or the file exists.
    DataError
        When there is no such stream, or several, or it lacks channels or their names.
    InstallationError
        When mne-lsl is not installed.
    ResultsError
        When the file cannot be written, which is tried first.

    See Also
    --------
    adapt_model : Adapts a model to the recording.
    evaluate_model : Says how well a model decodes it.
    decode_stream : Decodes the stream.

    Examples
    --------
    >>> from bci_dann import serving
    >>> done = serving.acquire(
    ...     "EEG", "first_raw.fif", classes=["left_hand", "right_hand"], trials=10
    ... )  # doctest: +SKIP
    >>> serving.adapt_model("model/", done.path).model.save("adapted/")  # doctest: +SKIP
    """
    recipe = None if model is None else as_served_model(model).recipe
    marks = ModelCues.of(recipe, classes, rest, task)
    protocol = CueProtocol(marks.classes, trials, marks.task_s, pause, jitter, cue_s, random_state)
    path = check_recording_path(Path(out), force)
    source = LSLStream(stream, source_id, unit_scale)
    try:
        source.connect(wait_s)
        recorder = SignalRecorder(source.sfreq, source.ch_names, source.ch_types, jitter_s)
        _check_size(protocol, recorder)
        replaced = "" if recipe is None else check_electrodes(recipe, recorder)
        _introduce(source, protocol, replaced, report)
        shown = display or (CuePage(page.host, page.port, report) if page else TerminalCues())
        session = CuedSession(
            source,
            recorder,
            protocol,
            shown,
            load_lsl().local_clock,
            report,
            first_pause_s=FIRST_PAUSE_S + marks.lead_s,
            lost_s=lost_s,
        )
        return record_session(session, marks, path, report)
    finally:
        source.close()


def _check_size(protocol: CueProtocol, recorder: SignalRecorder) -> None:
    """Raise where a session is longer than what fits into a file."""
    rate = 4.0 * len(recorder.ch_names) * recorder.sfreq
    if rate * (protocol.seconds + TAIL_S) > LARGEST_FILE:
        raise ConfigError(
            f"the session takes up to {protocol.seconds / 60:.0f} minutes, and a recording of "
            f"{len(recorder.ch_names)} channels at {recorder.sfreq:g} Hz at most "
            f"{LARGEST_FILE / rate / 60:.0f}. Take fewer trials or a shorter task, and record "
            "several sessions."
        )


def _introduce(
    source: LSLStream, protocol: CueProtocol, replaced: str, report: Callable[[str], None]
) -> None:
    n_trials = len(protocol.classes) * protocol.n_trials
    report(
        f"Stream {source.name}: {len(source.ch_names)} channels at {source.sfreq:g} Hz; "
        f"{n_trials} trials of {', '.join(protocol.classes)} take up to "
        f"{protocol.seconds / 60:.1f} minutes. Ctrl-C ends the session and saves it"
    )
    if not source.tells_unit:
        report("The stream does not tell the unit of every channel: microvolt is assumed")
    if replaced:
        report(f"The model will interpolate {replaced}")
