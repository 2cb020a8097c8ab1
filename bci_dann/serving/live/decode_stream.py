"""Online decoding of an LSL stream by a saved model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bci_dann._files import check_folder_of
from bci_dann.exceptions import ResultsError
from bci_dann.serving.live.decision_sinks import DecisionOutlet, DecisionSink, JSONLines
from bci_dann.serving.live.live_decoding import LiveDecoding
from bci_dann.serving.live.lsl_stream import LSLStream
from bci_dann.serving.online.online_decoder import OnlineDecoder
from bci_dann.serving.served_model import ServedModel, as_served_model, check_writable

__all__ = ["PageAddress", "StreamSummary", "decode_stream"]


@dataclass(frozen=True)
class PageAddress:
    """Address of the web page of live decisions or cues.

    Parameters
    ----------
    host : str
        Address to listen on; if it is not a loopback address, the URL has a token.
    port : int
        Port; 0 selects a free one.

    See Also
    --------
    decode_stream : Serves a page on this address.

    Examples
    --------
    >>> from bci_dann.serving import PageAddress
    >>> PageAddress().host
    '127.0.0.1'
    """

    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True)
class StreamSummary:
    """Result of decoding a stream.

    Parameters
    ----------
    n_decisions, n_ok : int
        Number of decisions, and of those with a usable window.
    model : ServedModel
        The model in its final state of adaptation.

    See Also
    --------
    decode_stream : Returns it.

    Examples
    --------
    >>> from bci_dann.serving import StreamSummary
    >>> [name for name in StreamSummary.__dataclass_fields__]
    ['n_decisions', 'n_ok', 'model']
    """

    n_decisions: int
    n_ok: int
    model: ServedModel


def decode_stream(
    model: str | Path | ServedModel,
    lsl: str,
    *,
    source_id: str | None = None,
    step: float = 0.2,
    adapting: bool = False,
    abstain_below: float | None = None,
    unit_scale: float | None = None,
    rename: Mapping[str, str] | None = None,
    jitter_s: float = 0.025,
    wait_s: float = 10.0,
    seconds: float | None = None,
    stop: threading.Event | None = None,
    lines: IO[str] | str | Path | None = None,
    outlet: str | None = None,
    page: PageAddress | None = None,
    save: str | Path | None = None,
    report: Callable[[str], None] = print,
) -> StreamSummary:
    """Decode an LSL stream until it is stopped, by Ctrl-C or an event.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder, preferably adapted to the subject.
    lsl : str
        Name of the LSL stream.
    source_id : str or None
        Identifier of the source (``source_id`` in LSL), if several streams have the same name.
    step : float
        Time between decisions (s).
    adapting : bool
        Whether to adapt the model continuously; see :class:`OnlineDecoder`.
    abstain_below : float or None
        Leave a window without a class if its largest probability is below this.
    unit_scale : float or None
        Factor that converts samples to volt, such as 1e-6. By default from the unit in the stream.
    rename : mapping of str to str, or None
        Electrode names by channel name of the stream.
    jitter_s : float
        Tolerance for the time stamps of chunks; larger deviations count as lost samples (s).
    wait_s : float
        How long to search for the stream (s).
    seconds : float or None
        How long to decode (s); ``None`` decodes until stopped.
    stop : threading.Event or None
        Event that another thread can set to stop decoding.
    lines : text file, str, pathlib.Path or None
        Output for decisions, one line of JSON each; lines are appended to an existing file.
    outlet : str or None
        Name of an LSL stream to send, with the probabilities.
    page : PageAddress or None
        Address of a web page that shows the decisions.
    save : str, pathlib.Path or None
        Folder for the model in its final state of adaptation, also if decoding ends with an error.
    report : callable
        Called with status messages.

    Returns
    -------
    StreamSummary
        The numbers of decisions and the model, also after Ctrl-C.

    Raises
    ------
    ConfigError
        When an option is invalid, or the sampling frequency does not fit the model.
    DataError
        When there is no such stream, or several, or it lacks channels of the model.
    InstallationError
        When mne-lsl is not installed.
    ResultsError
        When a file cannot be written; this is checked before decoding.

    See Also
    --------
    replay_recording : Decodes a recording like a stream.

    Examples
    --------
    >>> from bci_dann import serving
    >>> serving.decode_stream(
    ...     "adapted/", "EEG", page=serving.PageAddress(), lines="today.jsonl"
    ... )  # doctest: +SKIP
    """
    served = as_served_model(model)
    if save is not None:
        check_writable(Path(save))
    source = LSLStream(lsl, source_id, unit_scale)
    with _opened(lines) as file:
        try:
            source.seek()
            served.estimator  # noqa: B018  libraries are imported during the search for the stream
            source.connect(wait_s)
            decoder = OnlineDecoder(
                served,
                sfreq=source.sfreq,
                ch_names=source.ch_names,
                step=step,
                adapting=adapting,
                abstain_below=abstain_below,
                rename=rename,
                jitter_s=jitter_s,
            )
            _introduce(source, decoder, report)
            with _sinks(decoder, file, outlet, page, served.recipe.pipeline, report) as sinks:
                decoding = LiveDecoding(source, decoder, sinks, report, step)
                try:
                    _run(decoding, stop, seconds, report)
                finally:  # an error must not cost the adaptation of a whole session
                    if save is not None:
                        decoder.model.save(save)
        finally:
            source.close()
    return StreamSummary(decoding.n_decisions, decoding.n_ok, decoder.model)


def _run(
    decoding: LiveDecoding,
    stop: threading.Event | None,
    seconds: float | None,
    report: Callable[[str], None],
) -> None:
    """Decode until the end, the event or Ctrl-C, after which the results are still returned."""
    try:
        decoding.run(stop, seconds)
    except KeyboardInterrupt:
        report("Stopped")


def _introduce(source: LSLStream, decoder: OnlineDecoder, report: Callable[[str], None]) -> None:
    report(
        f"Stream {source.name}: {source.sfreq:g} Hz, {len(decoder.channels)} of "
        f"{len(source.ch_names)} channels are used. Windows last {decoder.window_s:.2f} s; the "
        f"filters delay the signal by {decoder.delay_s:.3f} s"
    )
    if not source.states_unit:
        report("The stream does not state the unit of every channel: microvolt is assumed")


@contextmanager
def _opened(lines: IO[str] | str | Path | None) -> Iterator[IO[str] | None]:
    if not isinstance(lines, str | Path):
        yield lines
        return
    path = check_folder_of(Path(lines))
    try:
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"{path} cannot be written: {error.strerror or error}.") from error
    try:
        yield file
    finally:
        with suppress(OSError):  # was reported when a decision could not be written
            file.close()


@contextmanager
def _sinks(
    decoder: OnlineDecoder,
    file: IO[str] | None,
    outlet: str | None,
    page: PageAddress | None,
    title: str,
    report: Callable[[str], None],
) -> Iterator[Sequence[DecisionSink]]:
    sinks: list[DecisionSink] = []
    try:
        if file is not None:
            sinks.append(JSONLines(file, decoder.classes))
        if outlet is not None:
            sinks.append(DecisionOutlet(outlet, decoder.classes))
        if page is not None:
            from bci_dann.serving.live.decision_page import DecisionPage

            server = DecisionPage(decoder.classes, decoder.channels, title, page.host, page.port)
            sinks.append(server)
            report(f"Open {server.url} in a browser to see the decisions")
        yield sinks
    finally:
        for sink in sinks:
            _close(sink, report)


def _close(sink: DecisionSink, report: Callable[[str], None]) -> None:
    try:
        sink.close()
    except (OSError, ValueError, RuntimeError) as error:
        report(f"{type(sink).__name__} could not be closed: {error}")
