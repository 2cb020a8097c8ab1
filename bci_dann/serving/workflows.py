"""Fit a model to a configuration's subjects, and adapt it to a new subject."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann._validation import check_option
from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.serving.checks.plausibility import warn_of_few_trials, warn_of_one_class
from bci_dann.serving.few_labels import known_labels, read_labels
from bci_dann.serving.reading.reading_options import Cues, reading_options
from bci_dann.serving.reading.recording_names import Recording, as_list
from bci_dann.serving.reading.recording_trials import prepare_with_cues, serving_account
from bci_dann.serving.served_model import ServedModel, as_served_model, check_writable
from bci_dann.serving.training_display import training_shown

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.data import EEGTrials
    from bci_dann.evaluation import PipelineSpec, RunConfig
    from bci_dann.serving.expected_accuracy import ExpectedAccuracy
    from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["DEFAULT_PIPELINE", "Adaptation", "adapt_model", "fit_model"]

# The default recipe: of its two forms the one without a network, which adapts in a second.
DEFAULT_PIPELINE = "bci_dann_light"


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
    account : pandas.DataFrame
        What became of the cues, by recording and event: ``file``, ``event``, ``found``, ``used``,
        and one column a reason.
    n_labels : int
        How many of the trials had a label.
    differences : list of str
        By recording what was done because it is not like those of training: electrodes that
        were interpolated, another sampling frequency or reference. Also in the recipe of the
        model, as ``adapted_by``.

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
    account: pd.DataFrame
    n_labels: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def expected(self) -> ExpectedAccuracy | None:
        """The accuracy to expect of the subject, from the trials without their labels.

        Returns
        -------
        ExpectedAccuracy or None
            ``None`` where `fit` did not learn it (``expect_accuracy``), or with fewer than 20
            trials.
        """
        return self.model.recipe.expected


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
        A configuration file or its content, whose keys ``pipelines`` and ``protocols`` may be left
        out. Of several data sets, the first says how recordings for the model are read.
    pipeline : str or None
        One of the configuration's pipelines. By default the only one that it names; where it names
        several or none, ``bci_dann_light``, the default recipe without its networks.
    exclude : sequence of str or int
        Subjects to leave out of training, such as one that the model is evaluated on.
    data_dir : str, pathlib.Path or None
        Where the recordings are; see :func:`bci_dann.data.prepare_trials`.
    seed : int
        The ``random_state``.
    compact : bool
        Whether to forget the references of the training sessions, half of what a model of many
        sessions holds. New subjects are served alike; see
        :func:`bci_dann.serving.compact_model.without_training_sessions`.
    expect_accuracy : bool
        Whether to learn which accuracy to expect of a new subject, by leaving out each training
        subject in turn: as many trainings more; see
        :func:`bci_dann.serving.expected_accuracy.learn_expectation`.
    card : mapping of str to str, or None
        For the model card: ``licence`` (as Hugging Face names it), ``note`` on the data, and
        ``scores``, a table of ``bci-dann publish`` that holds the pipeline.
    out : str, pathlib.Path or None
        Folder to save the model in; a model in it is replaced.
    cache_dir : str, pathlib.Path or None
        Where prepared trials are kept; see :func:`bci_dann.data.prepare_trials`.
    progress : bool
        Whether to show progress on the standard error stream: over subjects that are read, and in a
        terminal over epochs of networks.

    Returns
    -------
    ServedModel
        With the recipe of its trials.

    Raises
    ------
    ConfigError
        When the configuration or the pipeline is wrong, a subject to exclude is unknown, or the
        model could not be saved.
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
    from bci_dann.data.combined.combined_trials import interpolated_electrodes
    from bci_dann.evaluation import load_config
    from bci_dann.evaluation.runs.preflight import check_rest_window
    from bci_dann.serving.compact_model import without_training_sessions
    from bci_dann.serving.expected_accuracy import learn_expectation
    from bci_dann.serving.model_cards.card_scores import card_fields
    from bci_dann.serving.training_recipe import recipe_of_training

    run = load_config(config, defaults={"pipelines": [DEFAULT_PIPELINE], "protocols": ["train"]})
    if run.data.regime is not None:
        raise ConfigError(
            "data.regime changes trials for a comparison of methods, and a model is trained on "
            "recordings as they are: remove it; subjects, channels and windows are set in `data` "
            "and `preprocessing`."
        )
    spec = _pipeline_of(run, pipeline)
    noted = card_fields(card or {}, spec.name)
    estimator = _savable_estimator(spec, seed)
    check_rest_window(spec.name, estimator, run.preprocessing)
    if out is not None:
        check_writable(Path(out))
    run, excluded = _without_subjects(run, exclude, data_dir)
    prepared = prepare_trials(run.data, run.preprocessing, data_dir, cache_dir, progress)
    trials = open_trials(prepared)
    if expect_accuracy:
        noted["expectation"] = learn_expectation(
            lambda: _savable_estimator(spec, seed),
            trials,
            lambda text, one: training_shown(text, one, progress),
        )
    with training_shown(_training_text(spec.name, trials), estimator, progress):
        estimator.fit(trials.unlabelled(), trials.y)
    if compact:
        estimator = without_training_sessions(estimator)
    recipe = recipe_of_training(run, spec, seed, trials, data_dir)
    noted |= {"excluded": excluded, "interpolated": interpolated_electrodes(prepared)}
    model = ServedModel(estimator, recipe.model_copy(update=noted))
    if out is not None:
        model.save(out)
    return model


def adapt_model(
    model: str | Path | ServedModel,
    recordings: Recording | Sequence[Recording],
    *,
    cues: Cues = (),
    unit_scale: float | str | None = None,
    rename: Mapping[str, str] | None = None,
    bads: Sequence[str] = (),
    reference: Sequence[str] = (),
    labels: str | Path | pd.DataFrame | None = None,
    out: str | Path | None = None,
) -> Adaptation:
    """Adapt a model to a new subject from recordings without labels, or with few.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder; it is left as it is.
    recordings : str, pathlib.Path, mne.io.Raw, mne.Epochs, or list of these
        Recordings of one subject, in the order of recording; see :func:`prepare`. Of their
        events only the times are used.
    cues : sequence of str, or mapping of str to str or None
        Events at which trials start, perhaps with their classes. By default those of training.
    unit_scale : float, str or None
        Factor on the samples, or the unit of the numbers that MNE takes for volt, such as
        ``"microvolt"``. By default that of training.
    rename : mapping of str to str, or None
        New names of channels, beside those of training.
    bads : sequence of str
        Channels that are bad, beside those that recordings mark; see :func:`prepare`.
    reference : sequence of str
        Electrodes to re-reference to; see :func:`prepare`.
    labels : str, pathlib.Path, pandas.DataFrame or None
        Labels that are known: a CSV file, or its content, with the columns ``label``, and ``trial``
        (from 0, as the predictions count cues) or ``onset`` (s); with several recordings also
        ``file``. Trials that it does not name have no label.
    out : str, pathlib.Path or None
        Folder to save the adapted model in; a model in it is replaced.

    Returns
    -------
    Adaptation
        With the adapted model.

    Raises
    ------
    ConfigError
        When there is no recording, a label is no class, the method cannot learn from labels, or
        as :func:`prepare`.
    DataError
        When a label belongs to no cue, or as :func:`prepare`.
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
    table = None if labels is None else read_labels(labels)
    if out is not None:
        check_writable(Path(out))
    options = reading_options(served.recipe, cues, unit_scale, rename, bads, reference)
    prepared = prepare_with_cues(as_list(recordings), served, options)
    trials = EEGTrials.concatenate([one.require_trials() for one in prepared])
    account = serving_account(prepared)
    told = [one.differences for one in prepared if one.differences]
    y = None if table is None else known_labels(table, prepared, served.recipe.classes)
    n_labels = 0 if y is None else int((y != "").sum())
    _say_whom_it_replaces(served.recipe)
    warn_of_few_trials(len(trials))
    estimator, expectation = served.estimator, served.recipe.expectation
    expected = None if expectation is None else expectation.of_trials(estimator, trials)
    with warnings.catch_warnings():  # the result says so
        warnings.filterwarnings("ignore", r"adapt\(\) changes nothing", BCIDannWarning)
        changed = {
            "adapted_to": account.to_dict("records"),
            "adapted_labels": n_labels,
            "adapted_by": told,
            "expected": expected,
        }
        adapted = ServedModel(estimator.adapt(trials, y), served.recipe.model_copy(update=changed))
    decided = adapted.estimator.predict_proba(trials).argmax(axis=1)  # also where it would abstain
    warn_of_one_class(adapted.estimator.classes_[decided])
    if expected is not None:
        expected.warn_if_low()
    if out is not None:
        adapted.save(out)
    return Adaptation(adapted, len(trials), estimator.can_adapt, account, n_labels, told)


def _training_text(pipeline: str, trials: EEGTrials) -> str:
    n_subjects = len(np.unique(trials.subjects))
    return f"Training {pipeline} on {len(trials)} trials of {n_subjects} subjects"


def _say_whom_it_replaces(recipe: ModelRecipe) -> None:
    files = list(dict.fromkeys(str(row["file"]) for row in recipe.adapted_to))
    if files:
        warnings.warn(
            f"the model was adapted to {', '.join(files)} before. It starts from the training "
            "subjects again: give all recordings of one subject in one call.",
            BCIDannWarning,
            stacklevel=3,
        )


def _pipeline_of(run: RunConfig, name: str | None) -> PipelineSpec:
    """Return the pipeline of a configuration that is to be trained."""
    from bci_dann.evaluation.config.run_config import pipeline_specs, with_replaced

    specs = {spec.name: spec for spec in pipeline_specs(run)}
    if name is None and len(specs) > 1:
        default = with_replaced(run, {"pipelines": [DEFAULT_PIPELINE]})
        specs = {spec.name: spec for spec in pipeline_specs(default)}
    if name is None and len(specs) > 1:  # the configuration lists variants of the default
        raise ConfigError(
            f"choose one with --pipeline (or pipeline= in Python): {', '.join(specs)}."
        )
    name = next(iter(specs)) if name is None else name
    check_option("pipeline", name, specs)
    return specs[name]


def _without_subjects(
    run: RunConfig, exclude: Sequence[str | int], data_dir: str | Path | None
) -> tuple[RunConfig, list[str]]:
    """Return a run without some of its subjects, and their names as the dataset has them."""
    from bci_dann.data.combined.combined_dataset import excluding

    if isinstance(exclude, str):
        raise ConfigError(f"exclude is a list of subjects; got {exclude!r}.")
    if not exclude:
        return run, []
    data, excluded = excluding(run.data, exclude, data_dir)
    return run.model_copy(update={"data": data}), excluded


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
