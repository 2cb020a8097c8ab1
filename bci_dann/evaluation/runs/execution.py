"""Execution of tasks: training on a fold, prediction of its target, and its record."""

from __future__ import annotations

import re
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bci_dann._threads import limited_threads
from bci_dann.data.combined.combined_config import subject_name
from bci_dann.data.windows.window_table import WindowTable, separated
from bci_dann.evaluation.config.pipeline_builder import build_with_warnings, wants_target
from bci_dann.evaluation.feature_maps.trained_map import map_features
from bci_dann.evaluation.protocols import PROTOCOLS, Fold, split
from bci_dann.evaluation.pseudo_online.window_folds import trials_of, window_fold
from bci_dann.evaluation.pseudo_online.window_predictions import predict_windows, times_of
from bci_dann.evaluation.runs.records import DIAGNOSTICS, Record, Task
from bci_dann.exceptions import DataError, ResultsError, UnadaptedWarning

if TYPE_CHECKING:
    from bci_dann.data import EEGTrials

__all__ = ["attempt", "compute", "compute_stack"]

# Probabilities may be negative by rounding errors.
ROUNDING = 1e-9

Result = TypeVar("Result")
# Function that is called with each estimator before training.
Prepare = Callable[[Any], None]


def compute(task: Task, trials: EEGTrials, prepare: Prepare | None = None) -> Record:
    """Train and predict; labels of the target are only stored in the record.

    Parameters
    ----------
    task : Task
        The task.
    trials : EEGTrials
        All trials of the dataset (µV). Labels of target trials are used in training only if the
        protocol has labelled target trials.
    prepare : callable, optional
        Called with the estimator before it is trained.

    Returns
    -------
    Record
        The predictions, with the labels of the target for scoring.

    Raises
    ------
    DataError
        When the predictions are not finite, are negative or all zero, or not one for each class and
        trial.
    """
    trials, table = separated(trials)
    fold = _fold(task, trials, table)
    with _built(task, prepare) as estimator:
        # threads do not speed up small matrices, and would change rounding
        threads = task.threads if getattr(estimator, "trains_network", True) else 1
        with limited_threads(threads):
            fit_seconds, _ = _timed(lambda: _fit(estimator, trials, fold))
            return _record(task, estimator, trials, fold, fit_seconds, table)


def compute_stack(
    tasks: Sequence[Task], trials: EEGTrials, prepare: Prepare | None = None
) -> list[Record | str]:
    """Train the networks of several tasks in one stack, and predict with each.

    Parameters
    ----------
    tasks : sequence of Task
        Tasks of one pipeline and protocol whose estimator is a network.
    trials : EEGTrials
        See :func:`compute`.
    prepare : callable, optional
        See :func:`compute`.

    Returns
    -------
    list of Record or str
        For each task its record, or the traceback if it failed.

    Raises
    ------
    ResultsError
        See :func:`attempt`.
    """
    try:
        return _trained_together(tasks, trials, prepare)
    except ResultsError:
        raise
    except Exception:  # such as an error in the data of one task, which then fails alone
        return [attempt(partial(compute, task, trials, prepare)) for task in tasks]


def attempt(job: Callable[[], Record]) -> Record | str:
    """Return the result of a job, or the traceback of its failure.

    Parameters
    ----------
    job : callable
        Function without arguments that returns a record.

    Returns
    -------
    Record or str
        The record, or the traceback as text.

    Raises
    ------
    ResultsError
        When results cannot be written, because this affects all jobs.
    """
    try:
        return job()
    except ResultsError:
        raise
    except Exception:
        return traceback.format_exc()


def _trained_together(
    tasks: Sequence[Task], trials: EEGTrials, prepare: Prepare | None
) -> list[Record | str]:
    """Train in one stack; an error of one task before training is raised for all."""
    from bci_dann.estimators import fit_together

    rows, table = separated(trials)
    folds = [_fold(task, rows, table) for task in tasks]
    arguments = [_fit_arguments(rows, fold) for fold in folds]
    with _built_all(tasks, prepare) as models, limited_threads(tasks[0].threads):
        names = [task.label for task in tasks]
        seconds, fitted = _timed(lambda: fit_together(models, arguments, names=names, stack=True))
        return [
            "".join(traceback.format_exception(model))
            if isinstance(model, Exception)
            else attempt(partial(_record, task, model, rows, fold, seconds / len(tasks), table))
            for task, model, fold in zip(tasks, fitted, folds, strict=True)
        ]


@contextmanager
def _built(task: Task, prepare: Prepare | None) -> Iterator[Any]:
    with _built_all([task], prepare) as (estimator,):
        yield estimator


@contextmanager
def _built_all(tasks: Sequence[Task], prepare: Prepare | None) -> Iterator[list[Any]]:
    """Build the estimators of tasks, without repeating warnings that the run already issued."""
    built = [build_with_warnings(task.pipeline, task.seed) for task in tasks]
    with warnings.catch_warnings():
        # the protocol determines whether target trials are available
        warnings.simplefilter("ignore", UnadaptedWarning)
        for message in {one.message for _, build_warnings in built for one in build_warnings}:
            warnings.filterwarnings("ignore", re.escape(message))
        for estimator, _ in built:
            if prepare is not None:
                prepare(estimator)
        yield [estimator for estimator, _ in built]


def _fold(task: Task, trials: EEGTrials, table: WindowTable | None) -> Fold:
    without = _others_of_dataset(task, trials) if task.cross_dataset else task.without
    if table is not None:
        return window_fold(trials.metadata, table, task.subject, task.protocol, trials.y, without)
    return split(trials.metadata, task.subject, task.protocol, trials.y, without)


def _others_of_dataset(task: Task, trials: EEGTrials) -> list[str]:
    """Return the other subjects of the dataset of the target."""
    first = subject_name(task.dataset, "")
    subjects = np.unique(trials.subjects).tolist()
    return [name for name in subjects if name.startswith(first) and name != task.subject]


def _fit(estimator: Any, trials: EEGTrials, fold: Fold) -> None:
    if wants_target(estimator):
        estimator.fit(**_fit_arguments(trials, fold))
    else:
        X, y = trials.X[fold.train], _labels(trials)[fold.train]
        estimator.fit(np.asarray(X, dtype=np.float64), y)


def _fit_arguments(trials: EEGTrials, fold: Fold) -> dict[str, Any]:
    return {
        "X": trials.deferred(fold.train).unlabelled(),
        "y": _labels(trials)[fold.train],
        **_target_arguments(trials, fold),
    }


def _record(
    task: Task,
    estimator: Any,
    trials: EEGTrials,
    fold: Fold,
    fit_seconds: float,
    table: WindowTable | None,
) -> Record:
    predict_seconds, probabilities = _timed(lambda: _predict(estimator, trials, fold, task, table))
    n_labelled = len(fold.labelled) if wants_target(estimator) else 0
    return Record(
        probabilities=_checked(probabilities, len(fold.test), len(estimator.classes_)),
        truth=_labels(trials)[fold.test],
        classes=np.asarray(estimator.classes_, dtype=str),
        sessions=trials.metadata["session"].to_numpy(dtype=str)[fold.test],
        test_index=fold.test.astype(np.int64),
        n_train=len(fold.train) + n_labelled,
        fit_seconds=fit_seconds,
        predict_seconds=predict_seconds,
        diagnostics=_diagnostics(estimator),
        history=_history(estimator),
        windows={} if table is None else times_of(table, fold.test),
        feature_map=_feature_map(task, estimator, trials, fold) if table is None else {},
    )


def _feature_map(
    task: Task, estimator: Any, trials: EEGTrials, fold: Fold
) -> dict[str, NDArray[Any]]:
    """Return the map of a model's features for the first subject of its dataset, an example."""
    if task.without is not None or not wants_target(estimator):
        return {}
    subjects = np.asarray(trials.subjects, dtype=str)
    # with several datasets, names of subjects begin with that of their dataset
    of_dataset = subjects[np.char.startswith(subjects, subject_name(task.dataset, ""))]
    example = of_dataset[0] if len(of_dataset) else subjects[0]
    if task.subject != example:
        return {}
    sources = np.unique(subjects[fold.train]).tolist()
    return map_features(estimator, trials, task.subject, sources, task.pipeline.name)


def _target_arguments(trials: EEGTrials, fold: Fold) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if len(fold.unlabelled):
        arguments["X_target_unlabeled"] = trials.deferred(fold.unlabelled).unlabelled()
    if len(fold.labelled):
        arguments["X_target_labeled"] = trials.deferred(fold.labelled).unlabelled()
        arguments["y_target_labeled"] = _labels(trials)[fold.labelled]
    return arguments


def _predict(
    estimator: Any, trials: EEGTrials, fold: Fold, task: Task, table: WindowTable | None
) -> NDArray[np.float64]:
    rule = PROTOCOLS[task.protocol]
    size = 1 if rule.trialwise else max(len(fold.test), 1)
    if rule.source_free and getattr(estimator, "can_adapt", False):
        shown = fold.test if table is None else trials_of(trials, table, task.subject)
        estimator = estimator.adapt(trials[shown].unlabelled())
    if table is not None:
        predict = partial(_predict_block, trials=trials)
        return predict_windows(estimator, trials, fold.test, table, rule, predict)
    outputs = []
    for start in range(0, len(fold.test), size):
        block = fold.test[start : start + size]
        outputs.append(_predict_block(estimator, block, trials))
        if rule.online and hasattr(estimator, "partial_adapt"):
            estimator = estimator.partial_adapt(trials[block].unlabelled())
    return np.concatenate(outputs)


def _predict_block(estimator: Any, block: NDArray[np.intp], trials: EEGTrials) -> Any:
    block_trials = trials[block].unlabelled()
    if wants_target(estimator):
        return estimator.predict_proba(block_trials)
    return estimator.predict_proba(np.asarray(block_trials.X, dtype=np.float64))


def _checked(probabilities: Any, n_trials: int, n_classes: int) -> NDArray[np.float64]:
    """Return probabilities in double precision that sum to one, for metrics of scikit-learn."""
    values = np.asarray(probabilities, dtype=np.float64)
    if values.shape != (n_trials, n_classes) or not np.isfinite(values).all():
        raise DataError(
            f"predict_proba must return finite values of shape {(n_trials, n_classes)}; got "
            f"shape {values.shape}, with {np.isfinite(values).sum()} of {values.size} finite. "
            "Check the pipeline."
        )
    negative = (values < -ROUNDING).sum()
    values = np.maximum(values, 0.0)
    sums = values.sum(axis=1, keepdims=True)
    if negative or not (sums > 0).all():
        raise DataError(
            "predict_proba must return no negative values, and a sum above 0 for each trial; got "
            f"{negative} of {values.size} negative, and {(sums <= 0).sum()} of "
            f"{n_trials} sums not above 0. Check the pipeline."
        )
    return np.asarray(values / sums)


def _diagnostics(estimator: Any) -> dict[str, Any]:
    return {
        name: np.asarray(getattr(estimator, attribute)).tolist()
        for name, attribute in DIAGNOSTICS.items()
        if getattr(estimator, attribute, None) is not None
    }


def _history(estimator: Any) -> dict[str, NDArray[np.float32]]:
    """Return what was recorded at each epoch: terms of the loss, and domain accuracy.

    For an ensemble these are the records of its networks; with several networks the names say of
    which member they are.
    """
    members = [estimator, *getattr(estimator, "members_", ())]
    trained = {
        place: epochs
        for place, member in enumerate(members)
        if (epochs := getattr(member, "history_", None))
    }
    n_epochs = max(map(len, trained.values()), default=0)
    history = {}
    for place, epochs in trained.items():
        prefix = f"member {place}: " if len(trained) > 1 else ""
        for name in dict.fromkeys(name for epoch in epochs for name in epoch):
            values = np.full(n_epochs, np.nan, dtype=np.float32)  # members may end earlier
            values[: len(epochs)] = [epoch.get(name, np.nan) for epoch in epochs]
            history[prefix + name] = values
    return history


def _labels(trials: EEGTrials) -> NDArray[np.str_]:
    if trials.y is None:
        raise DataError(
            "the trials have no labels, so nothing can be trained or scored: use labelled data."
        )
    return trials.y


def _timed(function: Callable[[], Result]) -> tuple[float, Result]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result
