"""Trials of a recording (file, Raw or Epochs), cut exactly as a model's training trials were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving.epochs_trials import as_trials, event_names, trials_of_epochs
from bci_dann.serving.recording_names import Recording, raw_session, recording_label
from bci_dann.serving.served_model import ServedModel, as_served_model

if TYPE_CHECKING:
    import mne

    from bci_dann.data import EEGTrials
    from bci_dann.data.preprocessing import Preprocessing
    from bci_dann.data.recordings.layout import RecordingsLayout
    from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["prepare"]


def prepare(
    recording: Recording, model: str | Path | ServedModel, *, cues: Sequence[str] = ()
) -> EEGTrials:
    """Turn a recording into the trials that a model wants.

    Files and ``Raw`` go through everything that the training recordings went through: channel
    names, unit, reference, filters, window and sampling frequency. So a ``Raw`` has to be
    continuous and as MNE reads it from a file, not filtered or rescaled before.

    ``Epochs`` are taken as referenced and filtered already, since trials are too short for the
    filters of recordings, and as time-locked to the event that starts a trial. Channels are
    picked by name, and the window and the sampling frequency are brought to the model's.

    Parameters
    ----------
    recording : str, pathlib.Path, mne.io.Raw or mne.Epochs
        Path of a file in a format that MNE reads, or what MNE made of one. It is left as it is.
    model : str, pathlib.Path or ServedModel
        A model folder with a recipe, or a model from :func:`open_model`.
    cues : sequence of str
        Annotations at which trials start, or events to take of epochs. By default the events
        of training, and all epochs.

    Returns
    -------
    EEGTrials
        In microvolt and without labels. Beside ``subject``, ``session`` and ``run`` the metadata
        have ``onset_s``, the time of each trial's event after the start of the recording (s,
        not known of epochs), and ``event``, the class or cue that it names. The session is the
        same for every copy of a recording, so that a model recognises one that it was adapted
        to.

    Raises
    ------
    ConfigError
        When the recording is of another type, or does not allow the model's filters or window.
    DataError
        When it is missing or damaged, lacks a channel or the events, is flat, or is not in the
        unit of the training recordings.

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
    if isinstance(recording, str | Path):
        return _trials_of_file(Path(recording), served, cues)
    import mne

    if isinstance(recording, mne.io.BaseRaw):
        return _trials_of_raw(recording, served, cues)
    if isinstance(recording, mne.BaseEpochs):
        return trials_of_epochs(recording, served, cues)
    raise ConfigError(
        "a recording is the path of a file, an mne.io.Raw or mne.Epochs; got "
        f"{type(recording).__name__}. Trials that are ready go to the estimator itself."
    )


@dataclass(frozen=True)
class _Task:
    """The attributes of a dataset that cutting reads, in the place of one."""

    interval: tuple[float, float]
    unit_factor: float = 1e6  # microvolt per volt
    code: str = "the recording"


def _trials_of_file(path: Path, model: ServedModel, cues: Sequence[str]) -> EEGTrials:
    from bci_dann.data.recordings.reading import read_recording
    from bci_dann.data.recordings.recording_paths import bids_events_path, recording_name

    if not path.exists():
        raise DataError(f"there is no recording {path}.")
    layout = _layout(model.recipe, cues, has_bids_events=bids_events_path(path).is_file())
    raw = read_recording(path, layout)
    return _cut(raw, str(path), recording_name(path), model, layout)


def _trials_of_raw(raw: mne.io.BaseRaw, model: ServedModel, cues: Sequence[str]) -> EEGTrials:
    from bci_dann.data.recordings.reading import apply_layout

    label = recording_label(raw)
    layout = _layout(model.recipe, cues)
    return _cut(apply_layout(raw, layout, label), label, raw_session(raw), model, layout)


def _layout(
    recipe: ModelRecipe, cues: Sequence[str], has_bids_events: bool = False
) -> RecordingsLayout:
    """Return the layout with the events of the model's classes, or with the user's cues.

    A file with BIDS events beside it is read as such by a model of BIDS data; any other
    recording is taken as it is.
    """
    known = {key: name for key, name in recipe.layout.events.items() if name in recipe.classes}
    events = {cue: known.get(cue, cue) for cue in cues} or known
    in_bids = recipe.layout.format == "bids" and has_bids_events
    place = {} if in_bids else {"format": "files", "pattern": "{subject}"}
    return recipe.layout.model_copy(update={"events": events, **place})


def _cut(
    raw: mne.io.BaseRaw, label: str, session: str, model: ServedModel, layout: RecordingsLayout
) -> EEGTrials:
    """Cut the trials of a recording whose annotations name the classes or cues."""
    from bci_dann.data.segmentation import cut_trials

    steps = _steps_from_event(model.recipe, raw.info["sfreq"])
    task = _Task((0.0, layout.interval[1]))
    try:
        epochs = cut_trials(raw, task, layout.classes, steps, model.n_times)
    except (DataError, ConfigError) as error:
        raise type(error)(f"{label}: {error}") from error
    if epochs is None:
        raise DataError(
            f"{label} has no trials: none of the events {', '.join(layout.events)} lies within "
            "it. Name the annotations that start a trial with --cue (or cues= in Python)."
        )
    onsets = (epochs.events[:, 0] - raw.first_samp) / raw.info["sfreq"]
    return as_trials(epochs, label, session=session, onset_s=onsets, event=event_names(epochs))


def _steps_from_event(recipe: ModelRecipe, sfreq: float) -> Preprocessing:
    """Return the steps with the window counted from the event, at the model's frequency."""
    resample = recipe.preprocessing.resample or (recipe.sfreq if sfreq != recipe.sfreq else None)
    start, end = recipe.preprocessing.window
    task_start = recipe.layout.interval[0]
    window = (start + task_start, None if end is None else end + task_start)
    return recipe.preprocessing.model_copy(update={"window": window, "resample": resample})
