"""Trials of a recording (file, Raw or Epochs), cut exactly as a model's training trials were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann.exceptions import ConfigError, DataError
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
from bci_dann.serving.reading.reading_options import (
    Cues,
    ReadingOptions,
    check_cues_found,
    no_event,
    reading_options,
)
from bci_dann.serving.reading.recording_names import Recording, recording_label
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

__all__ = ["PreparedRecording", "prepare", "prepare_with_cues", "serving_account"]


@dataclass(frozen=True)
class PreparedRecording:
    """The trials of a recording, and every cue of it.

    Parameters
    ----------
    label : str
        What tables and messages call the recording.
    trials : EEGTrials or None
        The trials, in the order of the cues that are not left out; ``None`` where there is none.
    cues : pandas.DataFrame
        The columns of :func:`bci_dann.data.screening.cues.cue_table`, and ``onset`` (s).
    events : dict of str to int
        How often each event is in the recording.
    differences : str
        What was done because the recording is not like those of training; empty where nothing.
    interpolated : tuple of str
        Electrodes of the model that were interpolated, as the recording or the model names them.
    """

    label: str
    trials: EEGTrials | None
    cues: pd.DataFrame
    events: dict[str, int]
    differences: str = ""
    interpolated: tuple[str, ...] = ()

    def require_trials(self) -> EEGTrials:
        """Return the trials, of which there has to be one.

        Returns
        -------
        EEGTrials
            The trials.

        Raises
        ------
        DataError
            When there is none, with the reasons.
        """
        if self.trials is None:
            from bci_dann.data.screening.cues import left_out_sentence

            reasons = left_out_sentence(self.cues["left_out"].value_counts().to_dict())
            found = f"Of {len(self.cues)} cues were left out {reasons}."
            raise DataError(f"{self.label} has no usable trials. {found}")
        return self.trials


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
    """Turn a recording into the trials that a model wants.

    Files and ``Raw`` go through everything that the training recordings went through: channel
    names, unit, reference, filters, window and sampling frequency. So a ``Raw`` has to be
    continuous and as MNE reads it from a file, not filtered or rescaled before.

    ``Epochs`` are taken as referenced and filtered already, since trials are too short for the
    filters of recordings, and as time-locked to the event that starts a trial. Channels are
    picked by name, and the window and the sampling frequency are brought to the model's.

    Up to a fifth of the model's electrodes may be missing, marked bad, or without a signal in more
    than half of the trials: they are interpolated from all others by spherical splines.

    Parameters
    ----------
    recording : str, pathlib.Path, mne.io.Raw or mne.Epochs
        Path of a file in a format that MNE reads, or what MNE made of one. It is left as it is.
    model : str, pathlib.Path or ServedModel
        A model folder with a recipe, or a model from :func:`open_model`.
    cues : sequence of str, or mapping of str to str or None
        Events at which trials start, or events to take of epochs, perhaps with their classes. By
        default the events of training, and all epochs.
    unit_scale : float, str or None
        Factor on the samples, or the unit of the numbers that MNE takes for volt, such as
        ``"microvolt"``. By default that of training.
    rename : mapping of str to str, or None
        New names of channels, beside those of training.
    bads : sequence of str
        Channels that are bad, beside those that the recording marks.
    reference : sequence of str
        Electrodes whose mean the recording is re-referenced to, for a model that keeps the
        reference of its recordings: those that the training recordings had as theirs.

    Returns
    -------
    EEGTrials
        In microvolt and without labels. Beside ``subject``, ``session`` and ``run`` the metadata
        have ``onset``, the time of each trial's event after the start of the recording (s,
        not known of epochs), ``event``, as the recording names it, and where electrodes were
        interpolated ``interpolated``, which lists them. The session is the
        same for every copy of a recording, so that a model recognises one that it was adapted
        to.

    Raises
    ------
    ConfigError
        When the recording is of another type, or does not allow the model's filters or window.
    DataError
        When it is missing or damaged, lacks the events or more than a fifth of the electrodes, or
        is not in the unit of the training recordings.

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
    """Do what :func:`prepare` does for several recordings, with an account of the cues.

    Parameters
    ----------
    recordings : sequence of str, pathlib.Path, mne.io.Raw or mne.Epochs
        Recordings of one subject.
    model : ServedModel
        The model.
    options : ReadingOptions
        What the user says of the recordings.

    Returns
    -------
    list of PreparedRecording
        Trials, where there are any, and every cue.

    Raises
    ------
    ConfigError, DataError
        As :func:`prepare`, and when a cue of the user is in none of them.
    """
    prepared = [_prepared(recording, model, options) for recording in recordings]
    found = {str(event) for one in prepared for event in one.cues["event"]}
    events = sum((Counter(one.events) for one in prepared), Counter())
    label = ", ".join(one.label for one in prepared)
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
        "a recording is the path of a file, an mne.io.Raw or mne.Epochs; got "
        f"{type(recording).__name__}. Trials that are ready go to the estimator itself."
    )


def serving_account(prepared: Sequence[PreparedRecording]) -> pd.DataFrame:
    """Count the cues of recordings of one subject.

    Parameters
    ----------
    prepared : sequence of PreparedRecording
        The recordings.

    Returns
    -------
    pandas.DataFrame
        As ``EEGTrials.account``; subject, session and run are empty.
    """
    from bci_dann.data.screening.cues import account_of

    return account_of([({"file": one.label}, one.cues) for one in prepared])


@dataclass(frozen=True)
class _Task:
    """The attributes of a dataset that cutting reads, in the place of one."""

    interval: tuple[float, float]
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
    told = differences(label, epochs.info["sfreq"], found.electrodes, model.recipe, options)
    interpolated = tuple(found.electrodes.replaced)
    return PreparedRecording(label, found.trials, found.cues, events, told, interpolated)


def _cut(
    continuous: ContinuousRecording, model: ServedModel, options: ReadingOptions
) -> PreparedRecording:
    """Cut the trials of a recording whose annotations name the classes or cues."""
    from bci_dann.data.screening.cues import with_outcome
    from bci_dann.data.screening.rest_windows import cut_rest_windows
    from bci_dann.data.segmentation import cut_trials

    recording, layout, label = continuous.recording, continuous.layout, continuous.label
    sfreq = continuous.sfreq
    steps = _steps_from_event(model.recipe, sfreq, options)
    task = _Task((0.0, layout.interval[1]))
    try:
        raw, electrodes = raw_with_electrodes(
            recording.raw, recording.cues["sample"].to_numpy(), model.recipe, layout, options
        )
        cut = cut_trials(raw, task, layout.classes, steps, model.n_times)
        rest = cut_rest_windows(
            raw, task, layout.classes, steps, cut, task_start=layout.interval[0]
        )
    except (DataError, ConfigError) as error:
        raise type(error)(f"{label}: {error}") from error
    _check_any_cue(recording, layout, label)
    cues = with_outcome(recording.cues, cut.cues if rest is None else rest.cues)
    cues = cues.assign(onset=cues["sample"] / sfreq)
    told = differences(label, sfreq, electrodes, model.recipe, options)
    prepared = PreparedRecording(
        label, None, cues, recording.events, told, tuple(electrodes.replaced)
    )
    if cut.epochs is None:
        return prepared
    trials = _trials(cut.epochs, prepared, continuous.session, model.recipe, layout)
    if rest is not None:
        trials = replace(trials, rest=_in_order_of_training(rest, model.recipe, task.unit_factor))
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
    told = {"onset": used["onset"].to_numpy(), "event": used["event"].to_numpy()}
    named = _named_as_in_training(epochs, recipe)
    scale = scale_of(layout.unit_scale, prepared.label)
    return as_trials(
        named, recipe, prepared.label, scale, prepared.interpolated, session=session, **told
    )


def _check_any_cue(recording: CuedRecording, layout: RecordingsLayout, label: str) -> None:
    if recording.cues.empty:
        raise DataError(
            f"{label} has no trials: none of the events {', '.join(layout.events)} lies within "
            f"it; {no_event(next(iter(layout.events)), recording.events)} Name the events that "
            "start a trial with --cue (or cues= in Python)."
        )


def _in_order_of_training(
    rest: RestWindows, recipe: ModelRecipe, unit_factor: float
) -> NDArray[np.float32]:
    from bci_dann.data.channels.electrode_names import resolve_names

    channels = list(recipe.preprocessing.channels or rest.ch_names)
    return rest.in_microvolt(resolve_names(channels, rest.ch_names), unit_factor)


def _named_as_in_training(epochs: mne.Epochs, recipe: ModelRecipe) -> mne.Epochs:
    """Give channels the spelling of the model, which an older version may have written."""
    from bci_dann.data.channels.electrode_names import resolve_names

    channels = list(recipe.preprocessing.channels or epochs.ch_names)
    names = resolve_names(channels, epochs.ch_names)
    spellings = dict(zip(names, channels, strict=True))
    return epochs.reorder_channels(names).rename_channels(spellings, verbose="error")


def _steps_from_event(recipe: ModelRecipe, sfreq: float, options: ReadingOptions) -> Preprocessing:
    """Return the steps with the window counted from the event, at the model's frequency."""
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
