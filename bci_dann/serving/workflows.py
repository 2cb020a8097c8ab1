"""From a configuration to a saved model, and from recordings of a new person to predictions."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann._validation import check_option
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.evaluation.config.pipeline_builder import build
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.run_config import RunConfig, load_config, pipeline_specs
from bci_dann.exceptions import BCIDannWarning, ConfigError, ResultsError
from bci_dann.serving.model_recipe import Recipe, load_recipe, save_recipe
from bci_dann.serving.recording_trials import CutRecording, cut_recording

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.data import EEGTrials

__all__ = ["Adaptation", "adapt_model", "fit_model", "predict_recordings", "write_csv"]


@dataclass(frozen=True)
class Adaptation:
    """What came of adapting a model.

    Parameters
    ----------
    n_trials : int
        The number of trials it met.
    changed : bool
        False for a model without alignment, which has nothing to adapt.
    """

    n_trials: int
    changed: bool


def fit_model(
    config: Path, out: Path, pipeline: str | None, data_dir: Path | None, seed: int
) -> Recipe:
    """Train a pipeline on all subjects of a configuration and save it with its recipe.

    Parameters
    ----------
    config : pathlib.Path
        The configuration file.
    out : pathlib.Path
        The model's folder.
    pipeline : str or None
        One of the configuration's pipelines; may be ``None`` where there is only one.
    data_dir : pathlib.Path or None
        Where the recordings are.
    seed : int
        The ``random_state``.

    Returns
    -------
    Recipe
        What was written beside the model.

    Raises
    ------
    ConfigError
        When the pipeline is unknown or cannot be saved.
    ResultsError
        When the folder cannot be written to, which is tried before training.
    """
    from bci_dann.data import open_trials, prepare_trials

    run = load_config(config)
    spec = _chosen(run, pipeline)
    estimator = _savable(spec, seed)
    _make_writable(out)
    folder = prepare_trials(run.data, run.preprocessing, data_dir=data_dir, progress=True)
    trials = open_trials(folder)
    estimator.fit(trials.unlabelled(), trials.y)
    recipe = _recipe(run, spec, seed, trials, _layout(run, data_dir))
    estimator.save(out)
    save_recipe(recipe, out)
    return recipe


def adapt_model(
    model: Path, recordings: Sequence[Path], out: Path, cues: Sequence[str] = ()
) -> Adaptation:
    """Adapt a saved model to a new person and save it.

    Parameters
    ----------
    model : pathlib.Path
        The model's folder.
    recordings : sequence of pathlib.Path
        Recordings of one person. Their events only say where trials start.
    out : pathlib.Path
        The adapted model's folder.
    cues : sequence of str
        Annotations at which trials start; empty for those of training.

    Returns
    -------
    Adaptation
        From how many trials, and whether anything came of it.
    """
    from bci_dann.estimators import load_model

    recipe, estimator = load_recipe(model), load_model(model)
    _make_writable(out)
    cut = _cut_all(recordings, recipe, cues, estimator.n_times_)
    trials = _joined([one.trials for one in cut])
    with warnings.catch_warnings():  # told by the result
        warnings.filterwarnings("ignore", r"adapt\(\) changes nothing", BCIDannWarning)
        estimator.adapt(trials).save(out)
    save_recipe(recipe, out)
    return Adaptation(len(trials), changed=estimator.can_adapt)


def predict_recordings(
    model: Path, recordings: Sequence[Path], cues: Sequence[str] = ()
) -> pd.DataFrame:
    """Predict the trials of some recordings.

    Parameters
    ----------
    model : pathlib.Path
        The model's folder.
    recordings : sequence of pathlib.Path
        Recordings of the person that the model was adapted to.
    cues : sequence of str
        Annotations at which trials start; empty for those of training.

    Returns
    -------
    pandas.DataFrame
        ``file``, ``trial`` (from 0 in each file), ``onset_s``, ``predicted``, one column
        ``p_CLASS`` for each class, and ``event`` where the events name classes.
    """
    import pandas as pd

    from bci_dann.estimators import load_model

    recipe, estimator = load_recipe(model), load_model(model)
    cut = _cut_all(recordings, recipe, cues, estimator.n_times_)
    tables = [_predictions(estimator, path, one) for path, one in zip(recordings, cut, strict=True)]
    table = pd.concat(tables, ignore_index=True)
    known = set(table["event"]) <= set(recipe.classes)
    return table if known else table.drop(columns="event")


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write predictions.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`predict_recordings` returns it.
    path : pathlib.Path
        The file.

    Raises
    ------
    ResultsError
        When it cannot be written.
    """
    from bci_dann._files import write_atomically

    write_atomically(path, table.to_csv(index=False, float_format="%.6f").encode())


def _chosen(run: RunConfig, pipeline: str | None) -> PipelineSpec:
    specs = {spec.name: spec for spec in pipeline_specs(run)}
    if pipeline is None and len(specs) > 1:
        raise ConfigError(f"choose one with --pipeline: {', '.join(specs)}.")
    name = pipeline if pipeline is not None else next(iter(specs))
    check_option("--pipeline", name, specs)
    return specs[name]


def _savable(spec: PipelineSpec, seed: int) -> Any:
    from bci_dann.estimators.saved_models import is_loadable

    estimator = build(spec, seed)
    if not is_loadable(estimator):
        raise ConfigError(
            f"the pipeline {spec.name!r} ({type(estimator).__name__}) can be compared, but not "
            "saved and adapted. Choose one that is a classifier of bci_dann.estimators."
        )
    return estimator


def _make_writable(folder: Path) -> None:
    """Make a model's folder before the work whose result it is for."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ResultsError(
            f"the model cannot be written to {folder}: {error.strerror or error}. "
            "Choose another folder with --out."
        ) from error


def _layout(run: RunConfig, data_dir: Path | None) -> RecordingsLayout:
    """Return the run's layout, or what a MOABB dataset implies for files like its own."""
    from bci_dann.data import make_dataset

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
) -> Recipe:
    return Recipe(
        pipeline=spec.name,
        seed=seed,
        classes=np.unique(np.asarray(trials.y)).tolist(),
        sfreq=trials.sfreq,
        data=run.data,
        preprocessing=run.preprocessing.model_copy(update={"channels": trials.ch_names}),
        layout=layout,
    )


def _cut_all(
    recordings: Sequence[Path], recipe: Recipe, cues: Sequence[str], n_times: int | None
) -> list[CutRecording]:
    return [cut_recording(path, recipe, cues, n_times) for path in recordings]


def _joined(parts: Sequence[EEGTrials]) -> EEGTrials:
    import pandas as pd

    from bci_dann.data import EEGTrials

    return EEGTrials.trusted(
        X=np.concatenate([part.X for part in parts]),
        y=None,
        metadata=pd.concat([part.metadata for part in parts], ignore_index=True),
        info=parts[0].info,
    )


def _predictions(estimator: Any, path: Path, cut: CutRecording) -> pd.DataFrame:
    import pandas as pd

    classes = np.asarray(estimator.classes_)
    probabilities = estimator.predict_proba(cut.trials)
    columns: dict[str, Any] = {
        "file": [str(path)] * len(cut.onsets),
        "trial": range(len(cut.onsets)),
        "onset_s": cut.onsets,
        "predicted": classes[probabilities.argmax(axis=1)],
    }
    for name, column in zip(classes.tolist(), probabilities.T, strict=True):
        columns[f"p_{name}"] = column
    return pd.DataFrame({**columns, "event": cut.events})
