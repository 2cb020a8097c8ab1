"""What one worker does with one task: train, predict, write the record."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.building import build, wants_target
from bci_dann.evaluation.protocols import PROTOCOLS, Fold, split
from bci_dann.evaluation.records import Record, Task, write_record
from bci_dann.exceptions import DataError, ResultsError

if TYPE_CHECKING:
    from bci_dann.data import EEGTrials

__all__ = ["compute", "execute", "limited_threads"]

Result = TypeVar("Result")

# What estimators tell about a fit that a reader of the table may want to know.
DIAGNOSTICS = {"ess": "effective_sample_size_", "domain_auc": "domain_auc_"}


def execute(task: Task, trials_folder: Path, record_path: Path) -> tuple[Task, str | None]:
    """Do one task in this process and write its record.

    Parameters
    ----------
    task : Task
        What to do.
    trials_folder : pathlib.Path
        The prepared trials, which are memory-mapped and not copied to the worker.
    record_path : pathlib.Path
        The record's file.

    Returns
    -------
    task : Task
        The task, because workers finish in any order.
    failure : str or None
        The traceback, when the task has failed. Other tasks are not concerned by it.

    Raises
    ------
    ResultsError
        When the record cannot be written, which would befall all other tasks too.
    """
    from bci_dann.data import open_trials

    try:
        write_record(record_path, task, compute(task, open_trials(trials_folder)))
    except ResultsError:
        raise
    except Exception:
        return task, traceback.format_exc()
    return task, None


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
    fold = split(trials.metadata, task.subject, task.protocol)
    estimator = build(task.pipeline, task.seed)
    with limited_threads(task.threads):
        fit_seconds, _ = _timed(lambda: _fit(estimator, trials, fold))
        predict_seconds, probabilities = _timed(lambda: _predict(estimator, trials, fold, task))
    used = len(fold.calibration) if fold.labelled and wants_target(estimator) else 0
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


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Hold torch and the linear algebra libraries to some threads, and restore them after.

    Parameters
    ----------
    threads : int
        How many; sums are split differently for another number, and round differently.
    """
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_num_threads(before)


def _fit(estimator: Any, trials: EEGTrials, fold: Fold) -> None:
    source, y = trials[fold.train].unlabelled(), _labels(trials)[fold.train]
    if wants_target(estimator):
        estimator.fit(source, y, **_target_arguments(trials, fold))
    else:
        estimator.fit(np.asarray(source.X, dtype=np.float64), y)


def _target_arguments(trials: EEGTrials, fold: Fold) -> dict[str, Any]:
    if not len(fold.calibration):
        return {}
    target = trials[fold.calibration].unlabelled()
    if not fold.labelled:
        return {"X_target_unlabeled": target}
    return {
        "X_target_labeled": target,
        "y_target_labeled": _labels(trials)[fold.calibration],
    }


def _predict(estimator: Any, trials: EEGTrials, fold: Fold, task: Task) -> NDArray[np.float64]:
    size = 1 if PROTOCOLS[task.protocol].trialwise else max(len(fold.test), 1)
    blocks = [fold.test[start : start + size] for start in range(0, len(fold.test), size)]
    return np.concatenate([_predict_block(estimator, trials, block) for block in blocks])


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
