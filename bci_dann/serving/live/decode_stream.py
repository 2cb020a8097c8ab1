"""Live decoding of a stream of the Lab Streaming Layer by a saved model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
    """Where the page of live decisions is served.

    Parameters
    ----------
    host : str
        Address to listen on; on another than loopback the page has a token in its address.
    port : int
        Its port; 0 takes a free one.

    See Also
    --------
    decode_stream : Takes it.

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
    """What became of a stream.

    Parameters
    ----------
    n_decisions, n_ok : int
        Decisions, and those whose window could be used.
    model : ServedModel
        The model as it has adapted.

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
    """Decode a live stream until it is stopped, by Ctrl-C or an event.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder, best one that was adapted to the subject.
    lsl : str
        Name of the stream.
    source_id : str or None
        Its source, where several streams have the name.
    step : float
        Time between decisions (s).
    adapting : bool
        Whether the model follows the subject; see :class:`OnlineDecoder`.
    abstain_below : float or None
        A window gets no class where its largest probability is below this.
    unit_scale : float or None
        Volt per unit of the numbers, such as 1e-6. By default the unit that the stream tells.
    rename : mapping of str to str, or None
        Channels of the stream, and the electrodes that they are.
    jitter_s : float
        By how much times of chunks may be wrong before samples count as lost (s).
    wait_s : float
        How long to look for the stream (s).
    seconds : float or None
        How long to decode (s); ``None`` until it is stopped.
    stop : threading.Event or None
        Set by another thread to stop.
    lines : text file, str, pathlib.Path or None
        Where a line of JSON is written for each decision; a file is appended to.
    outlet : str or None
        Name of an LSL stream of the probabilities to send.
    page : PageAddress or None
        Where to serve a page that shows decisions.
    save : str, pathlib.Path or None
        Folder to save the model in at the end, as it has adapted.
    report : callable
        Takes sentences on what happens.

    Returns
    -------
    StreamSummary
        After the end, also after Ctrl-C.

    Raises
    ------
    ConfigError
        When an option or the rate does not fit.
    DataError
        When there is no such stream, or several, or it lacks channels.
    InstallationError
        When mne-lsl is not installed.
    ResultsError
        When a file cannot be written, which is tried first.

    See Also
    --------
    replay_recording : Does the same to a recording.

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
            served.estimator  # noqa: B018  libraries are imported while the stream is looked for
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
                    decoding.run(stop, seconds)
                except KeyboardInterrupt:
                    report("Stopped")
        finally:
            source.close()
    if save is not None:
        decoder.model.save(save)
    return StreamSummary(decoding.n_decisions, decoding.n_ok, decoder.model)


def _introduce(source: LSLStream, decoder: OnlineDecoder, report: Callable[[str], None]) -> None:
    report(
        f"Stream {source.name}: {len(decoder.channels)} of {len(source.ch_names)} channels at "
        f"{source.sfreq:g} Hz; windows of {decoder.window_s:.2f} s, and the filters delay by "
        f"{decoder.delay_s:.3f} s"
    )
    if not source.tells_unit:
        report("The stream does not tell the unit of every channel: microvolt is assumed")


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
    with file:
        yield file


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

            made = DecisionPage(decoder.classes, decoder.channels, title, page.host, page.port)
            sinks.append(made)
            report(f"The page is at {made.url}")
        yield sinks
    finally:
        for sink in sinks:
            sink.close()
