"""Fit a model to a configuration's subjects, adapt it to a new subject, predict recordings."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann._files import check_folder_of, write_atomically
from bci_dann._validation import check_option
from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.serving.recording_names import Recording, recording_files, recording_label
from bci_dann.serving.recording_trials import prepare
from bci_dann.serving.served_model import ServedModel, as_served_model, check_writable

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.data import EEGTrials
    from bci_dann.data.recordings.layout import RecordingsLayout
    from bci_dann.estimators import TransferClassifier
    from bci_dann.evaluation import PipelineSpec, RunConfig
    from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["Adaptation", "adapt_model", "fit_model", "predict_recordings", "write_predictions"]


@dataclass(frozen=True)
class Adaptation:  # numpydoc ignore=PR02
    """An adapted model, and what it was adapted to.

    Parameters
    ----------
    model : ServedModel
        The adapted model.
    n_trials : int
        Number of trials of the new subject.
    changed : bool
        False for a model without alignment, in which there is nothing to adapt.

    See Also
    --------
    adapt_model : Returns it.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import SimulatedMI
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["csp_lda"], "protocols": ["train"]}
    >>> raw = SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]
    >>> serving.adapt_model(serving.fit_model(config), raw).changed
    False
    """

    model: ServedModel
    n_trials: int
    changed: bool


def fit_model(
    config: str | Path | Mapping[str, Any] | RunConfig,
    *,
    pipeline: str | None = None,
    data_dir: str | Path | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    cache_dir: str | Path | None = None,
    progress: bool = False,
) -> ServedModel:
    """Train a pipeline on all subjects of a configuration.

    Parameters
    ----------
    config : str, pathlib.Path, mapping or RunConfig
        A configuration file or its content.
    pipeline : str or None
        One of the configuration's pipelines; may be left out where there is only one.
    data_dir : str, pathlib.Path or None
        Where the recordings are; see :func:`bci_dann.data.prepare_trials`.
    seed : int
        The ``random_state``.
    out : str, pathlib.Path or None
        Folder to save the model in; a model in it is replaced.
    cache_dir : str, pathlib.Path or None
        Where prepared trials are kept; see :func:`bci_dann.data.prepare_trials`.
    progress : bool
        Whether to show a progress bar over subjects on the standard error stream.

    Returns
    -------
    ServedModel
        With the recipe of its trials.

    Raises
    ------
    ConfigError
        When the configuration or the pipeline is wrong, or the model could not be saved.
    DataError
        When the training recordings are not what was promised.
    ResultsError
        When the folder cannot be written to, which is tried before training.

    See Also
    --------
    adapt_model : The next step, for a new subject.

    Examples
    --------
    >>> from bci_dann import serving
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> model = serving.fit_model(config)
    >>> model.recipe.classes, model.recipe.sfreq
    (['left_hand', 'right_hand'], 128.0)
    """
    from bci_dann.data import open_trials, prepare_trials
    from bci_dann.evaluation import load_config

    run = load_config(config)
    spec = _pipeline_of(run, pipeline)
    estimator = _savable_estimator(spec, seed)
    if out is not None:
        check_writable(Path(out))
    trials = open_trials(prepare_trials(run.data, run.preprocessing, data_dir, cache_dir, progress))
    estimator.fit(trials.unlabelled(), trials.y)
    model = ServedModel(estimator, _recipe(run, spec, seed, trials, _layout(run, data_dir)))
    if out is not None:
        model.save(out)
    return model


def adapt_model(
    model: str | Path | ServedModel,
    recordings: Recording | Sequence[Recording],
    *,
    cues: Sequence[str] = (),
    out: str | Path | None = None,
) -> Adaptation:
    """Adapt a model to a new subject from recordings without labels.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder; it is left as it is.
    recordings : str, pathlib.Path, mne.io.Raw, mne.Epochs, or list of these
        Recordings of one subject, in the order of recording; see :func:`prepare`. Of their
        events only the times are used.
    cues : sequence of str
        Annotations at which trials start. By default the events of training.
    out : str, pathlib.Path or None
        Folder to save the adapted model in; a model in it is replaced.

    Returns
    -------
    Adaptation
        With the adapted model.

    Raises
    ------
    ConfigError
        When there is no recording, or as :func:`prepare`.
    DataError
        As :func:`prepare`.
    ResultsError
        When the folder cannot be written to, which is tried before adapting.

    See Also
    --------
    predict_recordings : The next step.
    bci_dann.TransferClassifier.adapt : The same for arrays of trials.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import SimulatedMI
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> raw = SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]
    >>> adaptation = serving.adapt_model(serving.fit_model(config), raw)
    >>> adaptation.n_trials, adaptation.changed
    (20, True)
    """
    from bci_dann.data import EEGTrials

    served = as_served_model(model)
    if out is not None:
        check_writable(Path(out))
    prepared = [prepare(one, served, cues=cues) for one in _as_list(recordings)]
    trials = EEGTrials.concatenate(prepared)
    estimator = served.estimator
    with warnings.catch_warnings():  # the result says so
        warnings.filterwarnings("ignore", r"adapt\(\) changes nothing", BCIDannWarning)
        adapted = ServedModel(estimator.adapt(trials), served.recipe)
    if out is not None:
        adapted.save(out)
    return Adaptation(adapted, len(trials), changed=estimator.can_adapt)


def predict_recordings(
    model: str | Path | ServedModel,
    recordings: Recording | Sequence[Recording],
    *,
    cues: Sequence[str] = (),
    out: str | Path | None = None,
) -> pd.DataFrame:
    """Predict the class of each trial of some recordings.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder, best one that was adapted to the subject.
    recordings : str, pathlib.Path, mne.io.Raw, mne.Epochs, or list of these
        Recordings of one subject; see :func:`prepare`.
    cues : sequence of str
        Annotations at which trials start. By default the events of training.
    out : str, pathlib.Path or None
        CSV file to write the predictions to.

    Returns
    -------
    pandas.DataFrame
        One row a trial: ``file``, ``trial`` (from 0 in each recording), ``onset_s`` (s),
        ``predicted``, one column ``p_CLASS`` for each class, and ``event`` where the events
        name classes.

    Raises
    ------
    ConfigError
        When there is no recording, ``out`` is one or lies nowhere, or as :func:`prepare`.
    DataError
        As :func:`prepare`.
    ResultsError
        When the file cannot be written.

    See Also
    --------
    adapt_model : The step before.
    write_predictions : Writes the table.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import SimulatedMI
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> raw = SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]
    >>> adapted = serving.adapt_model(serving.fit_model(config), raw).model
    >>> table = serving.predict_recordings(adapted, raw)
    >>> len(table), list(table.columns)
    (20, ['file', 'trial', 'onset_s', 'predicted', 'p_left_hand', 'p_right_hand', 'event'])
    """
    import pandas as pd

    served, listed = as_served_model(model), _as_list(recordings)
    if out is not None:
        _check_no_recording(check_folder_of(Path(out)), listed)
    prepared = [prepare(one, served, cues=cues) for one in listed]
    tables = [
        _predictions(served.estimator, recording_label(one), trials)
        for one, trials in zip(listed, prepared, strict=True)
    ]
    table = pd.concat(tables, ignore_index=True)
    if not set(table["event"]) <= set(served.recipe.classes):
        table = table.drop(columns="event")
    if out is not None:
        write_predictions(table, out)
    return table


def write_predictions(table: pd.DataFrame, path: str | Path) -> None:
    """Write predictions as CSV, with six decimals.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`predict_recordings` returns it.
    path : str or pathlib.Path
        The file.

    Raises
    ------
    ResultsError
        When it cannot be written.

    See Also
    --------
    predict_recordings : Returns the table, and writes it where ``out`` is given.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from bci_dann import serving
    >>> table = pd.DataFrame({"trial": [0], "predicted": ["feet"], "p_feet": [2 / 3]})
    >>> with TemporaryDirectory() as folder:
    ...     serving.write_predictions(table, path := Path(folder, "predictions.csv"))
    ...     print(path.read_text(), end="")
    trial,predicted,p_feet
    0,feet,0.666667
    """
    write_atomically(Path(path), table.to_csv(index=False, float_format="%.6f").encode())


def _as_list(recordings: Recording | Sequence[Recording]) -> list[Recording]:
    listed = list(recordings) if isinstance(recordings, list | tuple) else [recordings]
    if not listed:
        raise ConfigError("there is no recording: give one at least.")
    return listed


def _pipeline_of(run: RunConfig, name: str | None) -> PipelineSpec:
    """Return the pipeline of a configuration that is to be trained."""
    from bci_dann.evaluation.config.run_config import pipeline_specs

    specs = {spec.name: spec for spec in pipeline_specs(run)}
    if name is None and len(specs) > 1:
        raise ConfigError(
            f"choose one with --pipeline (or pipeline= in Python): {', '.join(specs)}."
        )
    name = next(iter(specs)) if name is None else name
    check_option("pipeline", name, specs)
    return specs[name]


def _savable_estimator(spec: PipelineSpec, seed: int) -> Any:
    from bci_dann.estimators.saved_models import is_loadable
    from bci_dann.evaluation import build

    estimator = build(spec, seed)
    if not is_loadable(estimator):
        raise ConfigError(
            f"the pipeline {spec.name!r} ({type(estimator).__name__}) can be compared, but not "
            "saved and adapted. Choose one that is a classifier of bci_dann.estimators."
        )
    return estimator


def _layout(run: RunConfig, data_dir: str | Path | None) -> RecordingsLayout:
    """Return the run's layout, or what a MOABB dataset implies for files like its own."""
    from bci_dann.data import RecordingsLayout, make_dataset

    if run.data.recordings is not None:
        return run.data.recordings
    dataset = make_dataset(run.data, data_dir)
    return RecordingsLayout(
        events={name: name for name in dataset.event_id},
        pattern="{subject}",
        interval=(float(dataset.interval[0]), float(dataset.interval[1])),
        montage=None,
    )


def _recipe(
    run: RunConfig, spec: PipelineSpec, seed: int, trials: EEGTrials, layout: RecordingsLayout
) -> ModelRecipe:
    from bci_dann.serving.model_recipe import ModelRecipe

    return ModelRecipe(
        pipeline=spec.name,
        seed=seed,
        classes=np.unique(np.asarray(trials.y)).tolist(),
        sfreq=trials.sfreq,
        data=run.data,
        preprocessing=run.preprocessing.model_copy(update={"channels": trials.ch_names}),
        layout=layout,
    )


def _check_no_recording(out: Path, recordings: Sequence[Recording]) -> None:
    """Raise where predictions would replace a recording."""
    files = [file for one in recordings for file in recording_files(one)]
    if out.resolve() in {file.resolve() for file in files}:
        raise ConfigError(
            f"{out}, where predictions would be written, is one of the recordings: "
            "name another file."
        )


def _predictions(estimator: TransferClassifier, label: str, trials: EEGTrials) -> pd.DataFrame:
    import pandas as pd

    classes = np.asarray(estimator.classes_)
    probabilities = estimator.predict_proba(trials)
    columns: dict[str, Any] = {
        "file": [label] * len(trials),
        "trial": range(len(trials)),
        "onset_s": trials.metadata["onset_s"].to_numpy(),
        "predicted": classes[probabilities.argmax(axis=1)],
    }
    for name, column in zip(classes.tolist(), probabilities.T, strict=True):
        columns[f"p_{name}"] = column
    return pd.DataFrame({**columns, "event": trials.metadata["event"].to_numpy()})
