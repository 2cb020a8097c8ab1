"""Access to the records of a results folder: data frames of tasks and trials, and any metric."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._validation import check_option
from bci_dann.data.recordings.natural_order import natural_key
from bci_dann.evaluation import protocol_overlap, record_frames
from bci_dann.evaluation.array_file import READ_ERRORS
from bci_dann.evaluation.record_frames import TASK_COLUMNS, task_of
from bci_dann.evaluation.runs.manifest import Manifest
from bci_dann.evaluation.runs.records import Record, read_stored
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.exceptions import BCIDannWarning, ResultsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StoredResults", "open_results"]

FORMATS = ("csv", "parquet")

Metric = Callable[[NDArray[np.float64], NDArray[np.str_], list[str]], float]


def open_results(folder: str | Path) -> StoredResults:
    """Open the results folder of a finished or unfinished run.

    Parameters
    ----------
    folder : str or pathlib.Path
        A folder written by ``bci-dann run --out`` or :func:`bci_dann.run_benchmark`.

    Returns
    -------
    StoredResults
        Records are read at the first access to one of its data frames.

    Raises
    ------
    ResultsError
        When it is no results folder.

    See Also
    --------
    bci_dann.run_benchmark : Writes the folder.
    summarise : Computes means over subjects from ``results.csv``.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import run_benchmark
    >>> from bci_dann.evaluation import open_results
    >>> config = {
    ...     "name": "mine",
    ...     "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}},
    ...     "pipelines": ["ea_csp_lda"],
    ...     "protocols": ["train_and_target_unlabeled_full"],
    ... }
    >>> with TemporaryDirectory() as run:
    ...     _ = run_benchmark(config, run, progress=False)
    ...     results = open_results(run)
    ...     n_tasks, n_trials = len(results.tasks), len(results.trials)
    >>> n_tasks, n_trials
    (3, 60)
    """
    path = Path(folder)
    manifest = ResultsFolder(path).manifest()
    if manifest is None:
        raise ResultsError(
            f"{path} is no results folder. Give the folder that `bci-dann run --out` has written."
        )
    return StoredResults(path, manifest)


class StoredResults:
    """The records of a results folder, as data frames and as input of any metric.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.
    manifest : Manifest
        Configuration, pipelines and versions of the results.

    Attributes
    ----------
    damaged : list of pathlib.Path
        Records that could not be read; empty before the first access to records. Repeating the
        command of the run computes them again.

    See Also
    --------
    open_results : Opens a folder.

    Examples
    --------
    Any metric can be computed without training again:

    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import run_benchmark
    >>> from bci_dann.evaluation import open_results
    >>> config = {
    ...     "name": "mine",
    ...     "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}},
    ...     "pipelines": ["ea_csp_lda"],
    ...     "protocols": ["train_and_target_unlabeled_full"],
    ... }
    >>> def brier(probabilities, truth, classes):
    ...     return ((probabilities[:, 1] - (truth == classes[1])) ** 2).mean()
    >>> with TemporaryDirectory() as run:
    ...     _ = run_benchmark(config, run, progress=False)
    ...     scores = open_results(run).score(brier)
    >>> scores.columns.tolist()
    ['dataset', 'pipeline', 'protocol', 'subject', 'seed', 'session', 'n_test', 'score']
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.damaged: list[Path] = []

    @functools.cached_property
    def tasks(self) -> pd.DataFrame:
        """One row for each finished task, sorted.

        Returns
        -------
        pandas.DataFrame
            ``dataset``, ``pipeline``, ``protocol``, ``subject``, ``seed``, ``n_train``,
            ``n_test``, ``fit_seconds`` and ``predict_seconds`` (s), ``ess`` and ``domain_auc`` (NaN
            for methods that do not weight source trials), ``version`` (of this package, with a
            fingerprint of its code) and ``key``, the name of the record's file.
        """
        return record_frames.tasks_frame(self._records)

    @functools.cached_property
    def trials(self) -> pd.DataFrame:
        """One row for each scored trial of each task, in the order of recording.

        Returns
        -------
        pandas.DataFrame
            ``dataset``, ``pipeline``, ``protocol``, ``subject``, ``seed``, ``session``, ``trial``
            (the index among all trials of the data, so that rows of different tasks can be
            joined), ``truth`` (the true class), ``prediction``, and ``p_<class>``, the probability
            of each class.
        """
        return record_frames.trials_frame(self._records)

    @functools.cached_property
    def history(self) -> pd.DataFrame:
        """One row for each epoch and quantity that was recorded while networks were trained.

        Returns
        -------
        pandas.DataFrame
            ``dataset``, ``pipeline``, ``protocol``, ``subject``, ``seed``, ``epoch`` (from 1),
            ``summand`` and ``value``, the mean over batches and members. The name of a summand of
            the loss is that of its term; its value includes the weight of the term. Other
            quantities are named by term and quantity, such as ``TERM.domain_accuracy`` of a domain
            classifier (0 to 1) and ``TERM.domain_chance``. With several networks in an ensemble,
            names begin with ``member N:``. Records of earlier versions have no rows.
        """
        return record_frames.history_frame(self._records)

    @functools.cached_property
    def feature_points(self) -> pd.DataFrame:
        """One row for each trial on the map of a trained model's features.

        Returns
        -------
        pandas.DataFrame
            ``dataset``, ``pipeline``, ``protocol``, ``subject`` (the target), ``seed``,
            ``trial_subject``, ``label`` (the true class), ``component_1`` and ``component_2`` (the
            first two principal components of the features), and ``explained_1`` and
            ``explained_2``, their shares of the variance (0 to 1). Only tasks with the first
            subject as the target have rows, and only if their model has a method ``transform``.
        """
        return record_frames.feature_points_frame(self._records)

    def score(self, metric: Metric | None = None, *, common_trials: bool = False) -> pd.DataFrame:
        """Compute a metric from the stored probabilities.

        Parameters
        ----------
        metric : callable or None
            Function of the probabilities ``(n_trials, n_classes)``, the true class of each trial,
            and the class names in the order of the columns; returns a number. ``None`` is the
            accuracy (0 to 1).
        common_trials : bool
            Whether to score only the trials that all protocols of the folder score, so that
            protocols can be compared; sessions without such trials have no row.

        Returns
        -------
        pandas.DataFrame
            One row for each task and session: ``dataset``, ``pipeline``, ``protocol``,
            ``subject``, ``seed``, ``session``, ``n_test`` and ``score``.
        """
        import pandas as pd

        metric = metric or _accuracy
        rows = [
            {
                **task_of(about),
                "session": session,
                "n_test": int(chosen.sum()),
                "score": float(
                    metric(
                        record.probabilities[chosen],
                        record.truth[chosen],
                        record.classes.tolist(),
                    )
                ),
            }
            for about, record in self._records
            for session, chosen in _sessions_of(record, self._scored(about, common_trials))
        ]
        return pd.DataFrame(rows, columns=[*TASK_COLUMNS, "session", "n_test", "score"])

    def write(self, folder: str | Path, form: str = "csv") -> list[Path]:
        """Write the data frames of tasks and trials to files for other programs.

        Parameters
        ----------
        folder : str or pathlib.Path
            Created if it does not exist.
        form : {"csv", "parquet"}
            Format of the files; Parquet needs the package ``pyarrow``.

        Returns
        -------
        list of pathlib.Path
            The files ``tasks`` and ``trials``.

        Raises
        ------
        ConfigError
            When the format is unknown.
        ResultsError
            When Parquet is requested but ``pyarrow`` is not installed.
        """
        check_option("form", form, FORMATS)
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        files = []
        for name, frame in (("tasks", self.tasks), ("trials", self.trials)):
            files.append(target / f"{name}.{form}")
            if form == "csv":
                frame.to_csv(files[-1], index=False)
            else:
                _write_parquet(frame, files[-1])
        return files

    def _scored(self, about: dict[str, Any], common: bool) -> NDArray[np.int64] | None:
        """Return the indices of the common trials of a record's dataset; ``None`` selects all."""
        return self._common[about["dataset"]] if common else None

    @functools.cached_property
    def _common(self) -> dict[str, NDArray[np.int64]]:
        """The indices of the trials that all protocols score, by dataset."""
        left = protocol_overlap.common_trials(self.trials)
        return {
            name: left.loc[left["dataset"] == name, "trial"].unique()
            for name in self.trials["dataset"].unique()
        }

    @functools.cached_property
    def _records(self) -> list[tuple[dict[str, Any], Record]]:
        """Descriptions and records, sorted by task, with one warning for all damaged records."""
        stored = sorted(self._read(), key=lambda pair: _order(pair[0]))
        if self.damaged:
            warnings.warn(
                f"{len(self.damaged)} records in {self.folder} are damaged and left out, "
                f"{self.damaged[0].name} for one. The command of the run computes them again.",
                BCIDannWarning,
                stacklevel=4,
            )
        return stored

    def _read(self) -> Iterator[tuple[dict[str, Any], Record]]:
        for path in sorted((self.folder / "records").glob("*.npz")):
            try:
                about, record = read_stored(path)
            except READ_ERRORS:
                self.damaged.append(path)
                continue
            if self.manifest.includes(about):
                yield about, record


def _order(about: dict[str, Any]) -> tuple[Any, ...]:
    """Return the sort key of a record."""
    subject = natural_key(about["subject"])
    return about["dataset"], about["pipeline"], about["protocol"], subject, about["seed"]


def _sessions_of(
    record: Record, only: NDArray[np.int64] | None
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield each session, with a mask of its trials among those in ``only`` (``None``: all)."""
    scored = np.ones(len(record.truth), bool) if only is None else np.isin(record.test_index, only)
    for session in sorted(set(record.sessions[scored].tolist())):
        yield session, scored & (record.sessions == session)


def _accuracy(
    probabilities: NDArray[np.float64], truth: NDArray[np.str_], classes: list[str]
) -> float:
    return float(np.mean(np.asarray(classes)[probabilities.argmax(axis=1)] == truth))


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    try:
        frame.to_parquet(path, index=False)
    except ImportError as error:
        raise ResultsError(
            "Parquet files need the package pyarrow: `pip install pyarrow`, or write csv."
        ) from error
