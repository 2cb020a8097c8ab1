"""Scores of pseudo-online runs: detection of tasks, their classes, and time until a decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.pseudo_online.window_folds import is_causal
from bci_dann.evaluation.runs.results import ROW_KEYS

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.evaluation.runs.records import Record, Task

__all__ = ["SCORES", "score_windows", "summarise_windows", "window_scores"]

# Names of the scores.
SCORES = (
    *("mcc", "detection_auc", "task_accuracy", "task_auc", "idle_decisions"),
    *("activations_per_minute", "hit_rate", "seconds_to_hit"),
)
NAN = float("nan")


def window_scores(
    finished: Iterable[tuple[Task, Record]],
    idle: str,
    sessions: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return the scores of a pseudo-online run.

    Parameters
    ----------
    finished : iterable of (Task, Record)
        Tasks with their records.
    idle : str
        The class of time without a task.
    sessions : mapping of str to sequence of str, optional
        The sessions with trials of each subject, in the order of recording, for ``causal``; by
        default those with scored windows.

    Returns
    -------
    pandas.DataFrame
        One row for each task of the run and session, in the order of the tasks: ``dataset``,
        ``pipeline``, ``protocol``, ``seed``, ``subject``, ``session``; ``causal``, whether no
        prediction depends on trials that were recorded after it; ``n_windows``, ``n_idle`` and
        ``n_tasks``, the numbers of windows, of idle windows, and of tasks that the subject
        performed; and the scores of :func:`score_windows`.
    """
    import pandas as pd

    known = sessions or {}
    rows = [
        row
        for task, record in finished
        for row in _rows(task, record, idle, known.get(task.subject, ()))
    ]
    counts = ("causal", "n_windows", "n_idle", "n_tasks")
    return pd.DataFrame(rows, columns=[*ROW_KEYS, *counts, *SCORES])


def _rows(
    task: Task, record: Record, idle: str, sessions: Sequence[str]
) -> Iterator[dict[str, Any]]:
    names = list(dict.fromkeys(record.sessions.tolist()))
    causal = is_causal(task.protocol, _n_sessions(names, sessions))
    for session in names:
        chosen = record.sessions == session
        times = {name: values[chosen] for name, values in record.windows.items()}
        of_idle = record.truth[chosen] == idle
        yield {
            "dataset": task.dataset,
            "pipeline": task.pipeline.name,
            "protocol": task.protocol,
            "seed": task.seed,
            "subject": task.subject,
            "session": session,
            "causal": causal,
            "n_windows": int(chosen.sum()),
            "n_idle": int(of_idle.sum()),
            "n_tasks": len(_tasks(times, idle)),
            **score_windows(
                record.probabilities[chosen],
                record.truth[chosen],
                record.classes.tolist(),
                times,
                idle,
            ),
        }


def _n_sessions(scored: Sequence[str], recorded: Sequence[str]) -> int:
    """Return the number of sessions from the first scored one on, or of all if it is not known."""
    if scored[0] not in recorded:
        return len({*scored, *recorded})
    return len(recorded[recorded.index(scored[0]) :])


def score_windows(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.str_],
    classes: Sequence[str],
    times: dict[str, NDArray[Any]],
    idle: str,
) -> dict[str, float]:
    """Score the predictions of the windows of one session.

    Parameters
    ----------
    probabilities : ndarray, shape (n_windows, n_classes)
        Rows that sum to one, in temporal order.
    truth : ndarray of str, shape (n_windows,)
        The class of each window.
    classes : sequence of str
        The class of each column.
    times : dict of str to ndarray, shape (n_windows,)
        ``run``, ``end`` (s), and the ``task`` in which a window ends with its ``onset`` (s).
    idle : str
        The class of time without a task.

    Returns
    -------
    dict of str to float
        NaN where a score cannot be computed.

        - ``mcc``: Matthews' correlation over all windows and classes; 0 is chance (Gorodkin 2004,
          Comparing two K-category assignments by a K-category correlation coefficient).
        - ``detection_auc``: area under the ROC curve of task against idle, by one minus the
          probability of idle.
        - ``task_accuracy``: share of windows in tasks that are decided correctly, mean over
          classes (0 to 1).
        - ``task_auc``: ROC AUC between the classes of tasks for windows in tasks, by probabilities
          that are normalised over these classes; NaN for one class.
        - ``idle_decisions``: share of idle windows in which a class of a task is decided (0 to 1).
        - ``activations_per_minute``: number of activations that begin in idle windows, for each
          minute of idle time. An activation is a sequence of consecutive windows in which classes
          of tasks are decided.
        - ``hit_rate``: share of tasks with at least one correctly decided window among those that
          end in the task (0 to 1).
        - ``seconds_to_hit``: median time from the start of a task to the end of its first correctly
          decided window, over tasks that have one (s).
    """
    from sklearn.metrics import matthews_corrcoef, roc_auc_score

    names = np.asarray(classes)
    decided = names[probabilities.argmax(axis=1)]
    is_idle = truth == idle
    scores = dict.fromkeys(SCORES, NAN)
    if len(np.unique(truth)) > 1:
        scores["mcc"] = float(matthews_corrcoef(truth, decided))
    if is_idle.any():
        scores["idle_decisions"] = float((decided[is_idle] != idle).mean())
        scores["activations_per_minute"] = _activations(decided != idle, is_idle, times)
    if is_idle.any() and not is_idle.all():
        not_idle = 1 - probabilities[:, names == idle].sum(axis=1)
        scores["detection_auc"] = float(roc_auc_score(~is_idle, not_idle))
    of_tasks = [name for name in classes if name != idle and (truth == name).any()]
    if of_tasks:
        recalls = [(decided[truth == name] == name).mean() for name in of_tasks]
        scores["task_accuracy"] = float(np.mean(recalls))
    if len(of_tasks) > 1:
        scores["task_auc"] = _task_auc(probabilities[~is_idle], truth[~is_idle], names, of_tasks)
    delays = _delays(decided, times, idle)
    if len(delays):
        hit = np.isfinite(delays)
        scores["hit_rate"] = float(hit.mean())
        scores["seconds_to_hit"] = float(np.median(delays[hit])) if hit.any() else NAN
    return scores


def summarise_windows(table: pd.DataFrame) -> pd.DataFrame:
    """Return means over subjects; scores are first averaged over sessions and seeds.

    Parameters
    ----------
    table : pandas.DataFrame
        The result of :func:`window_scores`, or the content of ``pseudo_online.csv``.

    Returns
    -------
    pandas.DataFrame
        One row for each dataset, pipeline and protocol: ``causal``, ``n_subjects``, each score,
        and ``mcc_std``, the standard deviation of ``mcc`` over subjects. Sorted by decreasing
        ``mcc``.

    See Also
    --------
    bci_dann.run_benchmark : Writes the table in a run with the key ``pseudo_online``.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from bci_dann import run_benchmark
    >>> from bci_dann.evaluation import summarise_windows
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10, "pause": 4}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"]}
    >>> config["protocols"] = ["train", "online"]
    >>> config["preprocessing"] = {"window": [0.5, 2.5], "filter_method": "causal"}
    >>> config["pseudo_online"] = {"step": 1.0}
    >>> with TemporaryDirectory() as folder:
    ...     _ = run_benchmark(config, out=folder, progress=False)
    ...     scores = pd.read_csv(Path(folder) / "pseudo_online.csv", dtype={"subject": str})
    >>> summarise_windows(scores)[["protocol", "causal", "n_subjects"]]
      protocol  causal  n_subjects
    0   online    True           3
    1    train    True           3
    """
    keys = ["dataset", "pipeline", "protocol"]
    by_subject = table.groupby([*keys, "subject"], sort=False)[list(SCORES)].mean()
    groups = by_subject.groupby(level=keys, sort=False)
    means = groups.mean()
    means.insert(0, "causal", table.groupby(keys, sort=False)["causal"].all())
    means.insert(1, "n_subjects", groups.size())
    means.insert(3, "mcc_std", groups["mcc"].std())
    ordered = means.reset_index().sort_values("mcc", ascending=False, kind="stable")
    return ordered.reset_index(drop=True)


def _task_auc(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.str_],
    names: NDArray[np.str_],
    of_tasks: Sequence[str],
) -> float:
    from bci_dann.evaluation.metrics import score

    selected = probabilities[:, [names.tolist().index(name) for name in of_tasks]]
    total = selected.sum(axis=1, keepdims=True)
    equal = np.full_like(selected, 1 / len(of_tasks))
    normalised = np.divide(selected, total, out=equal, where=total > 0)
    return score(normalised, truth, of_tasks)["roc_auc"]


def _activations(
    is_task: NDArray[np.bool_], is_idle: NDArray[np.bool_], times: dict[str, NDArray[Any]]
) -> float:
    """Return the number of activations that begin in idle windows, by minute of idle time."""
    run, end = times["run"], times["end"].astype(float)
    steps = np.diff(end)[run[1:] == run[:-1]]
    if not len(steps):
        return NAN
    step = float(np.median(steps))
    is_consecutive = np.zeros(len(end), dtype=bool)
    is_consecutive[1:] = (run[1:] == run[:-1]) & (np.diff(end) < 1.5 * step)
    is_false = is_task & is_idle
    was_task = np.concatenate([[False], is_task[:-1]]) & is_consecutive
    idle_minutes = is_idle.sum() * step / 60
    return float((is_false & ~was_task).sum() / idle_minutes)


def _tasks(times: dict[str, NDArray[Any]], idle: str) -> list[tuple[str, float]]:
    """Return the tasks in which windows end, by run and onset (s)."""
    in_task = (times["task"] != "") & (times["task"] != idle)
    pairs = zip(times["run"][in_task].tolist(), times["onset"][in_task].tolist(), strict=True)
    return list(dict.fromkeys(pairs))


def _delays(
    decided: NDArray[np.str_], times: dict[str, NDArray[Any]], idle: str
) -> NDArray[np.float64]:
    """Return the time from the start of each task to its first correct decision (s).

    Infinite for tasks without a correct decision.
    """
    onset, end = times["onset"].astype(float), times["end"].astype(float)
    first = dict.fromkeys(_tasks(times, idle), np.inf)
    for place in np.flatnonzero((times["task"] != "") & (decided == times["task"])).tolist():
        key = (str(times["run"][place]), float(onset[place]))
        if key in first:
            first[key] = min(first[key], float(end[place] - onset[place]))
    return np.array(list(first.values()))
