"""Replay of a recording through an online decoder, faster than real time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bci_dann._files import check_folder_of, write_atomically
from bci_dann._validation import check_between
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving.checks.plausibility import warn_of_no_decision
from bci_dann.serving.headsets.differences import differences
from bci_dann.serving.headsets.repaired_signals import raw_with_electrodes
from bci_dann.serving.online.decision import Decision
from bci_dann.serving.online.online_decoder import OnlineDecoder
from bci_dann.serving.online.replay_scores import ReplayScores, cue_table_of, decision_table
from bci_dann.serving.reading.continuous_recordings import ContinuousRecording, read_continuous
from bci_dann.serving.reading.reading_options import (
    Cues,
    ReadingOptions,
    no_event,
    reading_options,
)
from bci_dann.serving.reading.recording_names import recording_files
from bci_dann.serving.served_model import ServedModel, as_served_model

if TYPE_CHECKING:
    import mne
    import pandas as pd

__all__ = ["Replay", "replay_recording"]

Segment: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Replay:  # numpydoc ignore=PR02
    """Decisions of an online decoder for a recording, and their scores.

    Parameters
    ----------
    label : str
        Name of the recording in messages.
    decisions : pandas.DataFrame
        One row for each step: ``time`` (s after the start of the recording), ``ok``,
        ``prediction``, ``reason``, a column ``p_CLASS`` for each class, and ``faults`` by channel.
    cues : pandas.DataFrame
        One row for each usable cue, with the decision at the end of its trial: ``onset`` (s),
        ``event``, ``class`` (empty if not known), and the columns of ``decisions``. As in
        `predict`, a cue is not usable if its trial overlaps a segment that is marked bad.
    scores : ReplayScores or None
        Accuracy of the decisions; ``None`` if the class of no cue is known.
    delay_s : float
        Delay of the filters and of resampling (s).
    window_s : float
        Length of the window (s).
    model : ServedModel
        The model in its final state of adaptation.
    differences : str
        How the recording was changed because it differs from the training recordings, or empty;
        see :func:`predict_recordings`.

    See Also
    --------
    replay_recording : Returns it.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import SimulatedMI
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> raw = SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]
    >>> model = serving.adapt_model(serving.fit_model(config), raw).model
    >>> replay = serving.replay_recording(model, raw, step=1.0)
    >>> int(replay.scores.confusion.to_numpy().sum())
    20
    """

    label: str
    decisions: pd.DataFrame
    cues: pd.DataFrame
    scores: ReplayScores | None
    delay_s: float
    window_s: float
    model: ServedModel
    differences: str = ""


def replay_recording(
    model: str | Path | ServedModel,
    recording: str | Path | mne.io.BaseRaw,
    *,
    step: float = 0.2,
    chunk_s: float = 0.2,
    adapting: bool = False,
    abstain_below: float | None = None,
    cues: Cues = (),
    unit_scale: float | str | None = None,
    rename: Mapping[str, str] | None = None,
    bads: Sequence[str] = (),
    reference: Sequence[str] = (),
    out: str | Path | None = None,
    progress: bool = False,
) -> Replay:
    """Decode a recording like a stream, with an :class:`OnlineDecoder`.

    Missing, dead and bad electrodes are interpolated as in :func:`prepare`. A live stream gets no
    interpolation.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder, preferably adapted to the subject.
    recording : str, pathlib.Path or mne.io.Raw
        A continuous recording; see :func:`prepare`.
    step : float
        Time between decisions (s).
    chunk_s : float
        Length of the chunks (s); decisions do not depend on it.
    adapting : bool
        Whether to adapt the model continuously; see :class:`OnlineDecoder`.
    abstain_below : float or None
        Leave a window without a class if its largest probability is below this.
    cues : sequence of str, or mapping of str to str or None
        Events that start a trial, optionally with their classes. Default: the events of training.
    unit_scale : float, str or None
        Unit of the samples in the file, or the factor to volt. Default: as in training.
    rename : mapping of str to str, or None
        Electrode names by channel name, in addition to the renaming used in training.
    bads : sequence of str
        Bad channels, in addition to those marked in the recording; see :func:`prepare`.
    reference : sequence of str
        Electrodes whose mean is subtracted; see :func:`prepare`.
    out : str, pathlib.Path or None
        CSV file for the decisions.
    progress : bool
        Whether to show a progress bar on the standard error stream.

    Returns
    -------
    Replay
        Decisions, and their accuracy if the classes of cues are known.

    Raises
    ------
    ConfigError
        When the recording is not continuous, ``out`` is the recording itself, or for the reasons
        of :class:`OnlineDecoder`.
    DataError
        When the recording cannot be read, lacks more than a fifth of the electrodes, or has none
        of the events in ``cues``.
    ResultsError
        When the file cannot be written.

    Warns
    -----
    BCIDannWarning
        When no window can be used, for example because the unit differs from that of training.

    See Also
    --------
    OnlineDecoder : Decodes a stream.
    predict_recordings : Decodes the trials of a recording, with the filters of training.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import SimulatedMI
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> raw = SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]
    >>> model = serving.adapt_model(serving.fit_model(config), raw).model
    >>> replay = serving.replay_recording(model, raw, step=1.0)
    >>> list(replay.decisions.columns)
    ['time', 'ok', 'prediction', 'reason', 'p_left_hand', 'p_right_hand', 'faults']
    """
    check_between("chunk_s", chunk_s, 0.0, np.inf)
    served = as_served_model(model)
    if out is not None:
        _check_not_the_recording(check_folder_of(Path(out)), recording)
    options = reading_options(served.recipe, cues, unit_scale, rename, bads, reference)
    continuous, changes = _with_electrodes(_read(recording, served, options, cues), served, options)
    decoder = OnlineDecoder(
        _model_as_read(served, options),
        sfreq=continuous.sfreq,
        ch_names=continuous.raw.ch_names,
        step=step,
        adapting=adapting,
        abstain_below=abstain_below,
    )
    usable = _usable_cues(continuous, served)
    ends = _ends_of_trials(usable, served, continuous.sfreq)
    decisions, at_ends = _decode(decoder, continuous, ends, chunk_s, progress)
    warn_of_no_decision(decisions, continuous.label)
    table = decision_table(decisions, decoder.classes)
    at_cues = cue_table_of(usable, ends, at_ends, decoder.classes, continuous.sfreq)
    if out is not None:
        content = table.to_csv(index=False, float_format="%.6f").encode()
        write_atomically(Path(out), content)
    return Replay(
        label=continuous.label,
        decisions=table,
        cues=at_cues,
        scores=ReplayScores.of(at_cues, table, decoder.classes, step),
        delay_s=decoder.delay_s,
        window_s=decoder.window_s,
        model=ServedModel(decoder.model.estimator, served.recipe),
        differences=changes,
    )


def _read(
    recording: str | Path | mne.io.BaseRaw, model: ServedModel, options: ReadingOptions, cues: Cues
) -> ContinuousRecording:
    """Return the recording, which must have one of the events of the user."""
    continuous = read_continuous(recording, model, options)
    if cues and continuous.cues.empty:
        raise DataError(
            f"{continuous.label}: {no_event(next(iter(cues)), continuous.recording.events)}"
        )
    return continuous


def _with_electrodes(
    continuous: ContinuousRecording, model: ServedModel, options: ReadingOptions
) -> tuple[ContinuousRecording, str]:
    """Interpolate the electrodes that `predict` interpolates, and describe what was changed."""
    label, samples = continuous.label, continuous.cues["sample"].to_numpy()
    try:
        raw, electrodes = raw_with_electrodes(
            continuous.raw, samples, model.recipe, continuous.layout, options
        )
    except (DataError, ConfigError) as error:
        raise type(error)(f"{label}: {error}") from error
    changes = differences(label, continuous.sfreq, electrodes, model.recipe, options)
    return replace(continuous, recording=replace(continuous.recording, raw=raw)), changes


def _model_as_read(model: ServedModel, options: ReadingOptions) -> ServedModel:
    """Return the model for channels that are renamed already, with the reference of the user."""
    recipe = model.recipe
    changed: dict[str, object] = {"layout": recipe.layout.model_copy(update={"rename": {}})}
    if options.reference:
        update = {"reference": list(options.reference)}
        changed["preprocessing"] = recipe.preprocessing.model_copy(update=update)
    return ServedModel(model.estimator, recipe.model_copy(update=changed))


def _usable_cues(continuous: ContinuousRecording, model: ServedModel) -> pd.DataFrame:
    """Return the cues whose trials are neither left out nor marked bad.

    Trials with interruptions are kept, because the decoder itself withholds their decisions.
    """
    usable = continuous.cues[continuous.cues["left_out"] == ""]
    first, last = (round(time * continuous.sfreq) for time in model.recipe.window)
    samples = usable["sample"].to_numpy(dtype=int)
    starts, stops = (samples + first) / continuous.sfreq, (samples + last + 1) / continuous.sfreq
    is_bad = np.zeros(len(usable), dtype=bool)
    for start, stop in _segments(continuous)[1]:
        is_bad |= (start < stops) & (stop > starts)  # as mne.Epochs decides
    return usable[~is_bad]


def _segments(continuous: ContinuousRecording) -> tuple[list[Segment], list[Segment]]:
    """Return start and end (s) of interruptions, and of other segments that are marked bad."""
    from bci_dann.data.screening.interruptions import INTERRUPTION

    marks = continuous.raw.annotations
    onsets = marks.onset - continuous.raw.first_time
    interrupted, bad = [], []
    for start, stop, name in zip(onsets, onsets + marks.duration, marks.description, strict=True):
        if name.upper().startswith((INTERRUPTION, "EDGE")):
            interrupted.append((float(start), float(stop)))
        elif name.upper().startswith("BAD"):
            bad.append((float(start), float(stop)))
    return interrupted, bad


def _decode(
    decoder: OnlineDecoder,
    continuous: ContinuousRecording,
    ends: NDArray[np.int_],
    chunk_s: float,
    progress: bool,
) -> tuple[list[Decision], dict[int, Decision]]:
    """Push a recording into a decoder, with additional decisions at the ends of trials."""
    signal, n_chunk = _signal_uv(continuous), max(1, round(chunk_s * decoder.sfreq))
    n_samples = signal.shape[1]
    inside = ends[(ends > 0) & (ends <= n_samples)]
    edges = np.unique(np.concatenate([np.arange(0, n_samples, n_chunk), inside, [n_samples]]))
    wanted = set(inside.tolist())
    decisions: list[Decision] = []
    at_ends: dict[int, Decision] = {}
    pairs = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    for start, stop in _shown(pairs, continuous.label, progress):
        decisions += decoder.push(signal[:, start:stop])
        if stop in wanted:
            at_ends[stop] = decoder.decide()
    return decisions, at_ends


def _signal_uv(continuous: ContinuousRecording) -> NDArray[np.float64]:
    """Return the signals (µV), with NaN where the recording has interruptions."""
    signal: NDArray[np.float64] = continuous.raw.get_data() * 1e6
    for start, stop in _segments(continuous)[0]:
        first = max(0, round(start * continuous.sfreq))
        n_samples = max(1, round((stop - start) * continuous.sfreq))
        signal[:, first : first + n_samples] = np.nan
    return signal


def _ends_of_trials(usable: pd.DataFrame, model: ServedModel, sfreq: float) -> NDArray[np.int_]:
    """Return the number of samples up to the end of each trial, the last sample included."""
    last = round(model.recipe.window[1] * sfreq)
    return np.asarray(usable["sample"].to_numpy(dtype=int) + last + 1)


def _shown(
    pairs: Sequence[tuple[int, int]], label: str, progress: bool
) -> Iterable[tuple[int, int]]:
    """Iterate over pairs, with a progress bar in which names are neither markup nor emoji."""
    if not progress:
        yield from pairs
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    name = TextColumn("{task.description}", markup=False)
    bar = Progress(name, BarColumn(), TaskProgressColumn(), console=Console(stderr=True))
    with bar:
        yield from bar.track(pairs, description=f"Replaying {label}")


def _check_not_the_recording(out: Path, recording: str | Path | mne.io.BaseRaw) -> None:
    if out.resolve() in {file.resolve() for file in recording_files(recording)}:
        raise ConfigError(
            f"{out}, the file for the decisions, is the recording itself: choose another file."
        )
