"""What one worker does with its tasks: train, predict, write the records."""

from __future__ import annotations

import itertools
import multiprocessing
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bci_dann._threads import limited_threads
from bci_dann.evaluation.config.pipeline_builder import build, trains_network, wants_target
from bci_dann.evaluation.protocols import PROTOCOLS, Fold, split
from bci_dann.evaluation.runs.records import DIAGNOSTICS, Record, Task, write_record
from bci_dann.exceptions import DataError, ResultsError

if TYPE_CHECKING:
    from bci_dann.data import EEGTrials

__all__ = ["compute", "compute_together", "execute", "stacks_of"]

Result = TypeVar("Result")


def execute(
    tasks: Sequence[Task], trials_folder: Path, record_paths: Sequence[Path]
) -> list[tuple[Task, str | None]]:
    """Do some tasks in this process and write their records.

    Parameters
    ----------
    tasks : sequence of Task
        What to do; several train their networks in one stack.
    trials_folder : pathlib.Path
        The prepared trials, which are memory-mapped and not copied to the worker.
    record_paths : sequence of pathlib.Path
        The file of each record.

    Returns
    -------
    list of (Task, str or None)
        Each task, because workers finish in any order; and the traceback, when it has
        failed. Other tasks are not concerned by it.

    Raises
    ------
    ResultsError
        When the record cannot be written, which would befall all other tasks too.
    """
    from bci_dann.data import open_trials

    if multiprocessing.parent_process() is not None:
        warnings.showwarning = _warn_in_a_line
    trials = open_trials(trials_folder)
    outcomes: Iterable[Record | str]
    if len(tasks) > 1:
        outcomes = compute_together(tasks, trials)
    else:
        outcomes = (_attempt(partial(compute, task, trials)) for task in tasks)
    finished: list[tuple[Task, str | None]] = []
    for task, path, outcome in zip(tasks, record_paths, outcomes, strict=True):
        failure = outcome if isinstance(outcome, str) else None
        if not isinstance(outcome, str):
            write_record(path, task, outcome)
        finished.append((task, failure))
    return finished


def compute(task: Task, trials: EEGTrials) -> Record:
    """Train and predict; labels of the target go to the record only.

    Parameters
    ----------
    task : Task
        What to do.
    trials : EEGTrials
        All trials of the data. Labels of the target trials are read for training only
        where the protocol's name says that they are.

    Returns
    -------
    Record

    Raises
    ------
    DataError
        When the predictions are not one finite probability for each class and trial.
    """
    fold = _fold(task, trials)
    estimator = build(task.pipeline, task.seed)
    # small matrices gain nothing by threads, and sums in another order round otherwise
    threads = task.threads if getattr(estimator, "trains_network", True) else 1
    with limited_threads(threads):
        fit_seconds, _ = _timed(lambda: _fit(estimator, trials, fold))
        return _record(task, estimator, trials, fold, fit_seconds)


def compute_together(tasks: Sequence[Task], trials: EEGTrials) -> list[Record | str]:
    """Train the networks of several tasks in one stack, and predict with each.

    Parameters
    ----------
    tasks : sequence of Task
        Tasks of one pipeline and protocol, whose estimator is a network.
    trials : EEGTrials
        As in :func:`compute`.

    Returns
    -------
    list of Record or str
        A task that has failed gives its traceback.
    """
    from bci_dann.estimators import fit_together

    folds = [_fold(task, trials) for task in tasks]
    models = [build(task.pipeline, task.seed) for task in tasks]
    arguments = [_fit_arguments(trials, fold) for fold in folds]
    with limited_threads(tasks[0].threads):
        names = [task.label for task in tasks]
        try:
            seconds, fitted = _timed(
                lambda: fit_together(models, arguments, names=names, stack=True)
            )
        except Exception:  # of one task's data, say: alone, it costs only itself
            return [_attempt(partial(compute, task, trials)) for task in tasks]
        return [
            "".join(traceback.format_exception(model))
            if isinstance(model, Exception)
            else _attempt(partial(_record, task, model, trials, fold, seconds / len(tasks)))
            for task, model, fold in zip(tasks, fitted, folds, strict=True)
        ]


def stacks_of(tasks: Sequence[Task], size: int) -> list[list[Task]]:
    """Put tasks together whose networks may be trained in one stack.

    Parameters
    ----------
    tasks : sequence of Task
        Tasks of one pipeline and protocol follow each other.
    size : int
        Most tasks in a stack.

    Returns
    -------
    list of list of Task
        All tasks, in order; those without a network stay alone.
    """
    stacks: list[list[Task]] = []
    for (spec, _), group in itertools.groupby(tasks, key=lambda t: (t.pipeline, t.protocol)):
        alike = list(group)
        step = size if size > 1 and trains_network(build(spec, alike[0].seed)) else 1
        stacks += [alike[start : start + step] for start in range(0, len(alike), step)]
    return stacks


def _warn_in_a_line(message: Warning | str, *_: Any, **__: Any) -> None:
    """Show a warning of a worker without the place in the code, which no user looks for."""
    print(f"Warning: {message}", file=sys.stderr)  # noqa: T201 (the process has no other voice)


def _attempt(job: Callable[[], Record]) -> Record | str:
    """Return a record, or the traceback of what prevents it."""
    try:
        return job()
    except ResultsError:
        raise
    except Exception:
        return traceback.format_exc()


def _fold(task: Task, trials: EEGTrials) -> Fold:
    return split(trials.metadata, task.subject, task.protocol, trials.y, task.without)


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
    task: Task, estimator: Any, trials: EEGTrials, fold: Fold, fit_seconds: float
) -> Record:
    predict_seconds, probabilities = _timed(lambda: _predict(estimator, trials, fold, task))
    used = len(fold.labelled) if wants_target(estimator) else 0
    return Record(
        probabilities=_checked(probabilities, len(fold.test), len(estimator.classes_)),
        truth=_labels(trials)[fold.test],
        classes=np.asarray(estimator.classes_, dtype=str),
        sessions=trials.metadata["session"].to_numpy(dtype=str)[fold.test],
        test_index=fold.test.astype(np.int64),
        n_train=len(fold.train) + used,
        fit_seconds=fit_seconds,
        predict_seconds=predict_seconds,
        diagnostics=_diagnostics(estimator),
    )


def _target_arguments(trials: EEGTrials, fold: Fold) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if len(fold.unlabelled):
        given["X_target_unlabeled"] = trials.deferred(fold.unlabelled).unlabelled()
    if len(fold.labelled):
        given["X_target_labeled"] = trials.deferred(fold.labelled).unlabelled()
        given["y_target_labeled"] = _labels(trials)[fold.labelled]
    return given


def _predict(estimator: Any, trials: EEGTrials, fold: Fold, task: Task) -> NDArray[np.float64]:
    rule = PROTOCOLS[task.protocol]
    size = 1 if rule.trialwise else max(len(fold.test), 1)
    if rule.source_free and getattr(estimator, "can_adapt", False):
        estimator = estimator.adapt(trials[fold.test].unlabelled())
    outputs = []
    for start in range(0, len(fold.test), size):
        block = fold.test[start : start + size]
        outputs.append(_predict_block(estimator, trials, block))
        if rule.online and hasattr(estimator, "partial_adapt"):
            estimator = estimator.partial_adapt(trials[block].unlabelled())
    return np.concatenate(outputs)


def _predict_block(estimator: Any, trials: EEGTrials, block: NDArray[np.intp]) -> Any:
    block_trials = trials[block].unlabelled()
    if wants_target(estimator):
        return estimator.predict_proba(block_trials)
    return estimator.predict_proba(np.asarray(block_trials.X, dtype=np.float64))


def _checked(probabilities: Any, n_trials: int, n_classes: int) -> NDArray[np.float64]:
    """Return double-precision rows that sum to one exactly, as scikit-learn's metrics ask."""
    values = np.asarray(probabilities, dtype=np.float64)
    if values.shape != (n_trials, n_classes) or not np.isfinite(values).all():
        raise DataError(
            f"predict_proba must give finite values of shape {(n_trials, n_classes)}; got "
            f"shape {values.shape}, {np.isfinite(values).sum()} of {values.size} finite."
        )
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def _diagnostics(estimator: Any) -> dict[str, Any]:
    return {
        name: np.asarray(getattr(estimator, attribute)).tolist()
        for name, attribute in DIAGNOSTICS.items()
        if getattr(estimator, attribute, None) is not None
    }


def _labels(trials: EEGTrials) -> NDArray[np.str_]:
    if trials.y is None:
        raise DataError("the trials have no labels, so nothing can be trained or scored.")
    return trials.y


def _timed(function: Callable[[], Result]) -> tuple[float, Result]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result
