"""Acquisition of a cued session: cues for the subject and a recording of an LSL stream."""

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

# Maximum size (bytes) of the samples in one FIF file; MNE splits longer recordings.
MAX_FILE_BYTES = 1.9e9
# Pause before the first cue (s), for the subject to settle and filters to decay.
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
    """Show cues to a subject, record an LSL stream, and save both as one FIF recording.

    All channels of the stream are recorded. Each completed trial is annotated, from its cue to the
    end of the task. The recording is saved at the end of the session, after Ctrl-C, and if the
    stream is lost permanently. A trial in which the stream is lost is repeated.

    Parameters
    ----------
    stream : str
        Name of the LSL stream.
    out : str or pathlib.Path
        The file to write, such as ``first_raw.fif``.
    classes : sequence of str
        Tasks of the subject, such as ``["left_hand", "right_hand"]``; by default the classes of
        ``model``.
    rest : bool
        Whether to add the class ``rest``.
    trials : int
        Number of trials of each class.
    task : float or None
        Duration of the task, from the cue (s); by default as in the training of the model, or 4.
    pause : float
        Shortest pause before a cue (s).
    jitter : float
        Longest random addition to a pause (s).
    cue_s : float or None
        Time after which a cross replaces the cue (s); by default the cue is shown during the task.
    random_state : None or int
        Seed of the order of classes and of the pauses.
    model : str, pathlib.Path, ServedModel or None
        Model that determines classes, event names and the duration of trials; the stream must have
        its electrodes.
    source_id : str or None
        Identifier of the source (``source_id`` in LSL), if several streams have the same name.
    unit_scale : float or None
        Factor that converts samples to volt, such as 1e-6. By default from the unit in the stream.
    jitter_s : float
        Tolerance for the time stamps of chunks; larger deviations count as lost samples (s).
    wait_s : float
        How long to search for the stream (s).
    lost_s : float
        How long to wait for a lost stream before the session ends (s).
    force : bool
        Whether to replace an existing file.
    page : PageAddress or None
        Address of a web page that shows the cues instead of the terminal. The session begins when
        the page is opened.
    display : CueDisplay or None
        Shows the cues; by default in the terminal. A user-defined display is a context manager with
        the method ``show(kind, text, note)``.
    report : callable
        Called with status messages for the person who runs the session.

    Returns
    -------
    Acquisition
        The path of the recording, and how many trials and gaps it has.

    Raises
    ------
    ConfigError
        When an option is invalid, or the file exists.
    DataError
        When there is no such stream, or several, or it lacks electrodes of the model or names.
    InstallationError
        When mne-lsl is not installed.
    ResultsError
        When the file cannot be written; this is checked before recording.

    See Also
    --------
    adapt_model : Adapts a model to the recording.
    evaluate_model : Evaluates a model on the recording.
    decode_stream : Decodes a stream online.

    Examples
    --------
    >>> from bci_dann import serving
    >>> recorded = serving.acquire(
    ...     "EEG", "first_raw.fif", classes=["left_hand", "right_hand"], trials=10
    ... )  # doctest: +SKIP
    >>> serving.adapt_model("model/", recorded.path).model.save("adapted/")  # doctest: +SKIP
    """
    recipe = None if model is None else as_served_model(model).recipe
    cues = ModelCues.of(recipe, classes, rest, task)
    protocol = CueProtocol(cues.classes, trials, cues.task_s, pause, jitter, cue_s, random_state)
    path = check_recording_path(Path(out), force)
    source = LSLStream(stream, source_id, unit_scale)
    try:
        source.connect(wait_s)
        recorder = SignalRecorder(source.sfreq, source.ch_names, source.ch_types, jitter_s)
        _check_size(protocol, recorder)
        interpolated = "" if recipe is None else check_electrodes(recipe, recorder)
        _report_plan(source, protocol, interpolated, report)
        if display is None:
            display = CuePage(page.host, page.port, report) if page else TerminalCues()
        session = CuedSession(
            source,
            recorder,
            protocol,
            display,
            load_lsl().local_clock,
            report,
            first_pause_s=FIRST_PAUSE_S + cues.lead_s,
            lost_s=lost_s,
        )
        return record_session(session, cues, path, report)
    finally:
        source.close()


def _check_size(protocol: CueProtocol, recorder: SignalRecorder) -> None:
    """Raise an error if the session is too long for one file."""
    bytes_per_second = 4.0 * len(recorder.ch_names) * recorder.sfreq
    if bytes_per_second * (protocol.seconds + TAIL_S) > MAX_FILE_BYTES:
        raise ConfigError(
            f"the session takes up to {protocol.seconds / 60:.0f} minutes, but a file can store at "
            f"most {MAX_FILE_BYTES / bytes_per_second / 60:.0f} minutes of "
            f"{len(recorder.ch_names)} channels at {recorder.sfreq:g} Hz. Choose fewer trials "
            "or a shorter task, and record several sessions."
        )


def _report_plan(
    source: LSLStream, protocol: CueProtocol, interpolated: str, report: Callable[[str], None]
) -> None:
    """Report the stream, the trials, and the longest duration of the session."""
    n_trials = len(protocol.classes) * protocol.n_trials
    report(
        f"Stream {source.name}: {len(source.ch_names)} channels at {source.sfreq:g} Hz. The "
        f"session has {n_trials} trials of {', '.join(protocol.classes)}, and takes up to "
        f"{protocol.seconds / 60:.1f} minutes. Press Ctrl-C to end and save it earlier"
    )
    if not source.states_unit:
        report("The stream does not state the unit of every channel: microvolt is assumed")
    if interpolated:
        report(f"The model will interpolate these electrodes: {interpolated}")
