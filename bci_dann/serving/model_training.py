"""Training of a model on the subjects of a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError
from bci_dann.serving.served_model import ServedModel, check_writable
from bci_dann.serving.training_display import training_shown

if TYPE_CHECKING:
    from bci_dann.data import EEGTrials
    from bci_dann.evaluation import PipelineSpec, RunConfig
    from bci_dann.serving.expected_accuracy import AccuracyExpectation

__all__ = ["DEFAULT_PIPELINE", "fit_model"]

# The default recipe in its form without networks, which adapts within a second.
DEFAULT_PIPELINE = "bci_dann_light"


def fit_model(
    config: str | Path | Mapping[str, Any] | RunConfig,
    *,
    pipeline: str | None = None,
    exclude: Sequence[str | int] = (),
    data_dir: str | Path | None = None,
    seed: int = 0,
    compact: bool = False,
    expect_accuracy: bool = False,
    card: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    cache_dir: str | Path | None = None,
    progress: bool = False,
) -> ServedModel:
    """Train a pipeline on the subjects of a configuration.

    Parameters
    ----------
    config : str, pathlib.Path, mapping or RunConfig
        A configuration file or its content. The keys ``pipelines`` and ``protocols`` are optional.
        If it names several datasets, recordings for the model are read like those of the first.
    pipeline : str or None
        A pipeline of the configuration, any other by its name, or the path of its file. By default
        the only pipeline that the configuration names; if it names several or none,
        ``bci_dann_light``, the default recipe without networks.
    exclude : sequence of str or int
        Subjects to leave out of training, for example to evaluate the model on them.
    data_dir : str, pathlib.Path or None
        Folder of the recordings; see :func:`bci_dann.data.prepare_trials`.
    seed : int
        The ``random_state``.
    compact : bool
        Whether to remove the references of the training sessions, which can be half of the size of
        a model. Predictions for new subjects do not change; see
        :func:`bci_dann.serving.compact_model.without_training_sessions`.
    expect_accuracy : bool
        Whether to learn to predict the accuracy for a new subject. This trains one more model for
        each training subject, which is left out; see
        :func:`bci_dann.serving.expected_accuracy.learn_expectation`.
    card : mapping of str to str, or None
        Entries of the model card: ``licence`` (its identifier on Hugging Face), ``note`` (a
        sentence on the data), and ``scores`` (a table of ``bci-dann publish`` with this pipeline).
    out : str, pathlib.Path or None
        Folder to save the model in; a model in it is replaced.
    cache_dir : str, pathlib.Path or None
        Folder of the prepared trials; see :func:`bci_dann.data.prepare_trials`.
    progress : bool
        Whether to show progress on the standard error stream: of reading the subjects and, in a
        terminal, of training networks.

    Returns
    -------
    ServedModel
        The trained model with its recipe.

    Raises
    ------
    ConfigError
        When the configuration or the pipeline is invalid, a subject to exclude is unknown, or the
        method cannot be saved.
    DataError
        When the training recordings do not match the configuration.
    ResultsError
        When the folder cannot be written to; this is checked before training.

    See Also
    --------
    adapt_model : The next step: adapt the model to a new subject.

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
    from bci_dann.data.combined.combined_trials import interpolated_electrodes
    from bci_dann.evaluation import load_config
    from bci_dann.evaluation.runs.preflight import check_rest_window
    from bci_dann.serving.compact_model import without_training_sessions
    from bci_dann.serving.model_cards.card_scores import card_fields
    from bci_dann.serving.training_recipe import recipe_of_training

    run = load_config(config, defaults={"pipelines": [DEFAULT_PIPELINE], "protocols": ["train"]})
    _check_without_regime(run)
    spec = _pipeline_of(run, pipeline)
    recipe_entries = card_fields(card or {}, spec.name)
    estimator = _savable_estimator(spec, seed)
    check_rest_window(spec.name, estimator, run.preprocessing)
    if out is not None:
        check_writable(Path(out))
    run, excluded = _without_subjects(run, exclude, data_dir)
    prepared = prepare_trials(run.data, run.preprocessing, data_dir, cache_dir, progress)
    trials = open_trials(prepared)
    if expect_accuracy:
        recipe_entries["expectation"] = _learned_expectation(spec, seed, trials, progress)
    with training_shown(_training_text(spec.name, trials), estimator, progress):
        estimator.fit(trials.unlabelled(), trials.y)
    if compact:
        estimator = without_training_sessions(estimator)
    recipe = recipe_of_training(run, spec, seed, trials, data_dir)
    recipe_entries |= {"excluded": excluded, "interpolated": interpolated_electrodes(prepared)}
    model = ServedModel(estimator, recipe.model_copy(update=recipe_entries))
    if out is not None:
        model.save(out)
    return model


def _check_without_regime(run: RunConfig) -> None:
    """Raise an error if the configuration changes the trials for a comparison of methods."""
    if run.data.regime is not None:
        raise ConfigError(
            "data.regime changes trials to compare methods, but a model is trained on recordings "
            "as they are: remove it. Subjects, channels and windows are set in `data` and "
            "`preprocessing`."
        )


def _pipeline_of(run: RunConfig, name: str | None) -> PipelineSpec:
    """Return the pipeline of a configuration that is to be trained, by name or by default."""
    from bci_dann.evaluation.config.run_config import pipeline_specs, with_replaced

    specs = {spec.name: spec for spec in pipeline_specs(run)}
    if name in specs:
        return specs[name]
    if name is not None or len(specs) > 1:
        try:
            other = with_replaced(run, {"pipelines": [name or DEFAULT_PIPELINE]})
            specs = {spec.name: spec for spec in pipeline_specs(other)}
        except ConfigError as error:
            raise ConfigError(f"{error}{did_you_mean(name or '', specs)}") from None
    if len(specs) > 1:  # the configuration lists variants of it
        raise ConfigError(
            f"the configuration has several pipelines: choose one with --pipeline (or pipeline= in "
            f"Python): {', '.join(specs)}."
        )
    return next(iter(specs.values()))


def _savable_estimator(spec: PipelineSpec, seed: int) -> Any:
    from bci_dann.estimators.saved_models import is_loadable
    from bci_dann.evaluation import build

    estimator = build(spec, seed)
    if not is_loadable(estimator):
        raise ConfigError(
            f"the pipeline {spec.name!r} ({type(estimator).__name__}) can be compared with others, "
            "but not saved and adapted. Choose a pipeline with a classifier of bci_dann.estimators."
        )
    return estimator


def _without_subjects(
    run: RunConfig, exclude: Sequence[str | int], data_dir: str | Path | None
) -> tuple[RunConfig, list[str]]:
    """Return a run without some of its subjects, and the names of these subjects."""
    from bci_dann.data.combined.combined_dataset import excluding

    if isinstance(exclude, str):
        raise ConfigError(f"exclude is a list of subjects; got {exclude!r}.")
    if not exclude:
        return run, []
    data, excluded = excluding(run.data, exclude, data_dir)
    return run.model_copy(update={"data": data}), excluded


def _learned_expectation(
    spec: PipelineSpec, seed: int, trials: EEGTrials, progress: bool
) -> AccuracyExpectation:
    """Learn the expected accuracy of new subjects, with a display of each training."""
    from bci_dann.serving.expected_accuracy import learn_expectation

    return learn_expectation(
        lambda: _savable_estimator(spec, seed),
        trials,
        lambda text, estimator: training_shown(text, estimator, progress),
    )


def _training_text(pipeline: str, trials: EEGTrials) -> str:
    n_subjects = len(np.unique(trials.subjects))
    return f"Training {pipeline} on {len(trials)} trials of {n_subjects} subjects"
