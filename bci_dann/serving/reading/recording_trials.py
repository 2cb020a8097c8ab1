"""Trials from a recording (file, Raw or Epochs), cut in the same way as the training trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving.checks.subject_identity import subject_identity
from bci_dann.serving.headsets.differences import differences
from bci_dann.serving.headsets.repaired_signals import raw_with_electrodes
from bci_dann.serving.reading.continuous_recordings import (
    ContinuousRecording,
    continuous_of_raw,
    read_continuous,
)
from bci_dann.serving.reading.epochs_trials import (
    as_trials,
    event_names,
    trials_of_epochs,
)
from bci_dann.serving.reading.prepared_recording import PreparedRecording
from bci_dann.serving.reading.reading_options import (
    Cues,
    ReadingOptions,
    check_cues_found,
    no_event,
    reading_options,
)
from bci_dann.serving.reading.recording_names import Recording, recording_label
from bci_dann.serving.reading.several_recordings import (
    check_different_files,
    check_different_trials,
    with_own_labels,
)
from bci_dann.serving.served_model import ServedModel, as_served_model

if TYPE_CHECKING:
    import mne
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from bci_dann.data import EEGTrials
    from bci_dann.data.preprocessing import Preprocessing
    from bci_dann.data.recordings.layout import RecordingsLayout
    from bci_dann.data.recordings.reading import CuedRecording
    from bci_dann.data.screening.rest_windows import RestWindows
    from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["prepare", "prepare_with_cues", "serving_account"]


def prepare(
    recording: Recording,
    model: str | Path | ServedModel,
    *,
    cues: Cues = (),
    unit_scale: float | str | None = None,
    rename: Mapping[str, str] | None = None,
    bads: Sequence[str] = (),
    reference: Sequence[str] = (),
) -> EEGTrials:
    """Convert a recording to trials for a model.

    Files and ``Raw`` are processed like the training recordings: channel names, unit, reference,
    filters, window and sampling frequency. A ``Raw`` must therefore be continuous and unprocessed,
    as MNE reads it from a file.

    ``Epochs`` must already be filtered, because epochs are too short for the filters, and
    time-locked to the event that starts a trial. Channels are picked by name, the reference of the
    model is applied, and the epochs are cropped and resampled to the window and sampling frequency
    of the model. Epochs whose info notes a wider band than that of the model are filtered.

    Up to a fifth of the electrodes of the model may be missing, marked bad, or without a signal in
    more than half of the trials: they are interpolated from all others by spherical splines.

    Parameters
    ----------
    recording : str, pathlib.Path, mne.io.Raw or mne.Epochs
        Path of a file in a format that MNE reads, or an object of MNE. It is not changed.
    model : str, pathlib.Path or ServedModel
        A model folder with a recipe, or an open model from :func:`open_model`.
    cues : sequence of str, or mapping of str to str or None
        Events that start a trial, or events of the epochs to use, optionally with their classes.
        By default the events of training, or all epochs.
    unit_scale : float, str or None
        Unit of the samples in the file, such as ``"microvolt"``, or the factor that converts them
        to volt, such as 1e-6. By default, as for the training recordings.
    rename : mapping of str to str, or None
        Electrode names by channel name, in addition to the renaming used in training.
    bads : sequence of str
        Bad channels, in addition to those that the recording marks.
    reference : sequence of str
        Electrodes whose mean is subtracted, for a model that keeps the reference of its recordings:
        the reference electrodes of the training recordings.

    Returns
    -------
    EEGTrials
        In microvolt and without labels. In addition to ``subject``, ``session`` and ``run``, the
        metadata have ``onset``, the time of each trial's event after the start of the recording (s;
        not known for epochs), ``event``, its name in the recording, and ``interpolated``, the
        interpolated electrodes, if any. The session name is equal for every copy of a recording, so
        that an adapted model recognises the recording that it was adapted to.

    Raises
    ------
    ConfigError
        When the type is not supported, or the model's filters or window do not fit the recording.
    DataError
        When the recording is missing or damaged, lacks the events or more than a fifth of the
        electrodes, or is not in the unit of the training recordings.

    See Also
    --------
    predict_recordings : Prepares recordings and predicts their trials.
    bci_dann.load_dataset : Labelled trials of a whole dataset.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import SimulatedMI
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> model = serving.fit_model(config)
    >>> raw = SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]
    >>> trials = serving.prepare(raw, model)
    >>> trials.X.shape, trials.y
    ((20, 15, 513), None)
    """
    served = as_served_model(model)
    options = reading_options(served.recipe, cues, unit_scale, rename, bads, reference)
    return prepare_with_cues([recording], served, options)[0].require_trials()


def prepare_with_cues(
    recordings: Sequence[Recording], model: ServedModel, options: ReadingOptions
) -> list[PreparedRecording]:
    """Convert several recordings to trials, see :func:`prepare`, and list all of their cues.

    Parameters
    ----------
    recordings : sequence of str, pathlib.Path, mne.io.Raw or mne.Epochs
        Recordings of one subject.
    model : ServedModel
        The model.
    options : ReadingOptions
        Options of the user for these recordings.

    Returns
    -------
    list of PreparedRecording
        For each recording its trials, if any, and all of its cues. Equal names are numbered.

    Raises
    ------
    ConfigError, DataError
        For the reasons of :func:`prepare`, when a cue of the user occurs in no recording, and when
        a recording is given twice.
    """
    check_different_files(recordings)
    prepared = with_own_labels([_prepared(one, model, options) for one in recordings])
    check_different_trials(prepared)
    found = {str(event) for recording in prepared for event in recording.cues["event"]}
    events = sum((Counter(recording.events) for recording in prepared), Counter())
    label = ", ".join(recording.label for recording in prepared)
    check_cues_found(options.cues, found, dict(events.most_common()), label)
    return prepared


def _prepared(
    recording: Recording, model: ServedModel, options: ReadingOptions
) -> PreparedRecording:
    if isinstance(recording, str | Path):
        return _of_file(Path(recording), model, options)
    import mne

    if isinstance(recording, mne.io.BaseRaw):
        return _cut(continuous_of_raw(recording, model, options), model, options)
    if isinstance(recording, mne.BaseEpochs):
        return _of_epochs(recording, recording_label(recording), model, options)
    raise ConfigError(
        "a recording must be the path of a file, an mne.io.Raw or mne.Epochs; got "
        f"{type(recording).__name__}. Give arrays of trials to the estimator itself."
    )


def serving_account(prepared: Sequence[PreparedRecording]) -> pd.DataFrame:
    """Count used and unused cues of the recordings of one subject.

    Parameters
    ----------
    prepared : sequence of PreparedRecording
        The recordings.

    Returns
    -------
    pandas.DataFrame
        With the columns of ``EEGTrials.account``; subject, session and run are empty.
    """
    from bci_dann.data.screening.cues import account_of

    return account_of([({"file": recording.label}, recording.cues) for recording in prepared])


@dataclass(frozen=True)
class _RecordingAsDataset:
    """Attributes of a dataset that are needed to cut trials from a single recording."""

    interval: tuple[float, float]
    event_id: dict[str, int] = field(default_factory=dict)  # tasks other than those of the cues
    unit_factor: float = 1e6  # microvolt per volt
    code: str = "the recording"


def _of_file(path: Path, model: ServedModel, options: ReadingOptions) -> PreparedRecording:
    from bci_dann.data.recordings.epochs_files import is_epochs_file, read_epochs_file
    from bci_dann.data.recordings.reading import read_file

    if path.exists() and is_epochs_file(path):
        epochs = read_file(path, read_epochs_file, path)
        return _of_epochs(epochs, str(path), model, options)
    return _cut(read_continuous(path, model, options), model, options)


def _of_epochs(
    epochs: mne.BaseEpochs, label: str, model: ServedModel, options: ReadingOptions
) -> PreparedRecording:
    events = dict(Counter(event_names(epochs).tolist()).most_common())
    found = trials_of_epochs(epochs, model, options)
    changes = differences(label, epochs.info["sfreq"], found.electrodes, model.recipe, options)
    interpolated = tuple(found.electrodes.replaced)
    identity = subject_identity(label, epochs.info)
    return PreparedRecording(
        label, found.trials, found.cues, events, changes, interpolated, identity
    )


def _cut(
    continuous: ContinuousRecording, model: ServedModel, options: ReadingOptions
) -> PreparedRecording:
    """Cut a continuous recording into trials."""
    from bci_dann.data.recordings.events import OTHER_TASK
    from bci_dann.data.screening.cues import with_outcome
    from bci_dann.data.screening.rest_windows import cut_rest_windows
    from bci_dann.data.segmentation import cut_trials

    recording, layout, label = continuous.recording, continuous.layout, continuous.label
    sfreq = continuous.sfreq
    steps = _steps_from_event(model.recipe, sfreq, options)
    dataset = _RecordingAsDataset((0.0, layout.interval[1]), {OTHER_TASK: 0})
    try:
        raw, electrodes = raw_with_electrodes(
            recording.raw, recording.cues["sample"].to_numpy(), model.recipe, layout, options
        )
        cut = cut_trials(raw, dataset, layout.classes, steps, model.n_times)
        rest = cut_rest_windows(
            raw, dataset, layout.classes, steps, cut, task_start=layout.interval[0]
        )
    except (DataError, ConfigError) as error:
        raise type(error)(f"{label}: {error}") from error
    _check_any_cue(recording, layout, label)
    cues = with_outcome(recording.cues, cut.cues if rest is None else rest.cues)
    cues = cues.assign(onset=cues["sample"] / sfreq)
    changes = differences(label, sfreq, electrodes, model.recipe, options)
    prepared = PreparedRecording(
        label,
        None,
        cues,
        recording.events,
        changes,
        tuple(electrodes.replaced),
        subject_identity(label, recording.raw.info),
    )
    if cut.epochs is None:
        return prepared
    trials = _trials(cut.epochs, prepared, continuous.session, model.recipe, layout)
    if rest is not None:
        trials = replace(trials, rest=_rest_signals(rest, model.recipe, dataset.unit_factor))
    return replace(prepared, trials=trials)


def _trials(
    epochs: mne.Epochs,
    prepared: PreparedRecording,
    session: str,
    recipe: ModelRecipe,
    layout: RecordingsLayout,
) -> EEGTrials:
    from bci_dann.data.channels.units import scale_of

    used = prepared.cues[prepared.cues["left_out"] == ""]
    metadata = {"onset": used["onset"].to_numpy(), "event": used["event"].to_numpy()}
    named = _named_as_in_training(epochs, recipe)
    scale = scale_of(layout.unit_scale, prepared.label)
    return as_trials(
        named, recipe, prepared.label, scale, prepared.interpolated, session=session, **metadata
    )


def _check_any_cue(recording: CuedRecording, layout: RecordingsLayout, label: str) -> None:
    if recording.cues.empty and not recording.events:
        raise DataError(
            f"{label} has no trials, because it contains no events: neither annotations nor "
            "triggers. Export it again with its events, give epochs, or decode it like a stream, "
            "with `bci-dann replay`."
        )
    if recording.cues.empty:
        raise DataError(
            f"{label} has no trials, because it contains none of the events "
            f"{', '.join(layout.events)}: {no_event(next(iter(layout.events)), recording.events)} "
            "Name the events that start a trial with --cue (or cues= in Python)."
        )


def _rest_signals(
    rest: RestWindows, recipe: ModelRecipe, unit_factor: float
) -> NDArray[np.float32]:
    """Return the rest windows in microvolt, with the channels in the order of training."""
    from bci_dann.data.channels.electrode_names import resolve_names

    channels = list(recipe.preprocessing.channels or rest.ch_names)
    return rest.in_microvolt(resolve_names(channels, rest.ch_names), unit_factor)


def _named_as_in_training(epochs: mne.Epochs, recipe: ModelRecipe) -> mne.Epochs:
    """Order channels as in training, and spell their names as in training."""
    from bci_dann.data.channels.electrode_names import resolve_names

    channels = list(recipe.preprocessing.channels or epochs.ch_names)
    names = resolve_names(channels, epochs.ch_names)
    spellings = dict(zip(names, channels, strict=True))
    return epochs.reorder_channels(names).rename_channels(spellings, verbose="error")


def _steps_from_event(recipe: ModelRecipe, sfreq: float, options: ReadingOptions) -> Preprocessing:
    """Return the preprocessing with times relative to the event and the model's frequency."""
    from bci_dann.data.segmentation import same_sfreq

    other_rate = None if same_sfreq(sfreq, recipe.sfreq) else recipe.sfreq
    resample = recipe.preprocessing.resample or other_rate
    start, end = recipe.preprocessing.window
    task_start = recipe.layout.interval[0]
    changed: dict[str, object] = {"resample": resample}
    if options.reference:
        changed["reference"] = list(options.reference)
    changed["window"] = (start + task_start, None if end is None else end + task_start)
    if recipe.preprocessing.rest_window is not None:
        changed["rest_window"] = tuple(t + task_start for t in recipe.preprocessing.rest_window)
    return recipe.preprocessing.model_copy(update=changed)
