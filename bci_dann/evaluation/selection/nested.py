"""Nested choice of a pipeline for each target, on the other subjects as pseudo-targets.

The score of the best pipeline of a comparison is optimistic, since it was chosen by the same scores
(Varma and Simon, 2006, "Bias in error estimation when using cross-validation for model
selection", BMC Bioinformatics 7:91; Cawley and Talbot, 2010, "On over-fitting in model selection
and subsequent selection bias in performance evaluation", JMLR 11:2079-2107). Here the choice for
a target is based on trainings without any of its trials, so its labels cannot influence the choice.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._files import write_atomically
from bci_dann.data.combined.combined_config import CombinedDataConfig
from bci_dann.evaluation.config.run_config import RunConfig
from bci_dann.evaluation.runs.records import Record, Task
from bci_dann.evaluation.runs.resolved_run import ResolvedRun, RunOptions, resolve_run
from bci_dann.evaluation.runs.results import results_table
from bci_dann.evaluation.runs.runner import TaskPlan, run_tasks, task_table
from bci_dann.evaluation.selection.importance_validation import ImportanceWeighting, controlled_mean
from bci_dann.evaluation.summary import per_subject_and_seed
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["nested_choice", "nested_summary", "nested_table", "with_pseudo_targets"]

# The table of the choice in a results folder.
NESTED_FILE = "nested.csv"
# Columns that identify a row of the table.
ROW_KEYS = ["protocol", "subject", "pipeline"]
# Columns of the target's own scores, and of the scores over pseudo-targets.
TARGET_SCORES = ["accuracy", "roc_auc"]
PSEUDO_SCORES = [f"pseudo_{name}" for name in TARGET_SCORES]
# Columns of importance-weighted scores over pseudo-targets, with the names of choices by them.
WEIGHTED_SCORES = {
    "weighted_accuracy": "importance-weighted validation",
    "controlled_accuracy": "deep embedded validation",
}
# Decimal places to which means are rounded before they are compared: further digits depend on the
# order of summation.
DECIMALS = 12


def nested_choice(
    config: str | Path | Mapping[str, Any] | RunConfig,
    out: str | Path | None = None,
    n_jobs: int = 1,
    data_dir: str | Path | None = None,
    progress: bool = True,
    dry_run: bool = False,
    cache_dir: str | Path | None = None,
    stack: int | None = None,
) -> pd.DataFrame:
    """Choose a pipeline for each target by evaluation on the other subjects, and score the choice.

    Each pipeline is trained and scored for every pseudo-target: another subject, whose labels
    are known, while the target itself is excluded completely, as source and as target.
    For each protocol this requires pipelines x subjects x (subjects - 1) x seeds trainings in
    addition to the ordinary ones, which are those of :func:`bci_dann.evaluation.run_benchmark`. The
    score of the best of several pipelines is optimistic [1]_ [2]_; that of a nested choice is not.

    Parameters
    ----------
    config : str, pathlib.Path, mapping or RunConfig
        A configuration file or its content. Its pipelines, with their variants, are the
        candidates.
    out : str, pathlib.Path or None
        The results folder; ``None`` is ``runs/NAME`` in the working folder.
    n_jobs : int
        Number of parallel tasks, each in its own process; -1 for the number of cores.
    data_dir : str, pathlib.Path or None
        The folder of the recordings.
    progress : bool
        Whether to show progress on the standard error stream.
    dry_run : bool
        Check everything except the signals, and return the tasks.
    cache_dir : str, pathlib.Path or None
        The folder of prepared trials.
    stack : int or None
        Maximum number of networks that a process trains simultaneously.

    Returns
    -------
    pandas.DataFrame
        The result of :func:`nested_table`, also written to ``nested.csv`` in the results folder; in
        a dry run, one row per task.

    Raises
    ------
    ConfigError
        When there are fewer than two candidate pipelines; see also ``run_benchmark``.
    DataError
        When there are fewer than three subjects, or a class occurs in only two; see also
        ``run_benchmark``.
    ResultsError
        See ``run_benchmark``.

    See Also
    --------
    nested_summary : Accuracy and regret of the choice.
    selection_table : Choices by label-free scores.

    References
    ----------
    .. [1] Varma, S. and Simon, R. (2006). Bias in error estimation when using cross-validation for
       model selection. BMC Bioinformatics 7:91. doi:10.1186/1471-2105-7-91.
    .. [2] Cawley, G. C. and Talbot, N. L. C. (2010). On over-fitting in model selection and
       subsequent selection bias in performance evaluation. JMLR 11, 2079-2107.

    Examples
    --------
    With two pipelines and four subjects, there are 8 ordinary trainings and 24 nested ones:

    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann.evaluation import nested_choice
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 4, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "protocols": ["train"]}
    >>> config["pipelines"] = ["csp_lda", "ea_csp_lda"]
    >>> with TemporaryDirectory() as folder:
    ...     tasks = nested_choice(config, out=folder, progress=False, dry_run=True)
    >>> len(tasks)
    32
    """
    from bci_dann.data import open_trials

    options = RunOptions(out, n_jobs, data_dir, cache_dir, progress, dry_run, stack)
    run = resolve_run(config, options)
    _check_choice(run)
    done = run_tasks(run, TaskPlan(with_pseudo_targets, n_left_out=2))
    if done.trials_folder is None:  # a dry run
        return task_table(done.requested)
    weighting = ImportanceWeighting(open_trials(done.trials_folder))
    table = nested_table(done.folder.finished(done.requested), weighting.weights)
    write_atomically(done.folder.path / NESTED_FILE, table.to_csv(index=False).encode())
    return table


def with_pseudo_targets(tasks: Sequence[Task]) -> list[Task]:
    """Return ordinary tasks, followed by the nested tasks for their targets.

    Parameters
    ----------
    tasks : sequence of Task
        One task for each target, pipeline, protocol and seed.

    Returns
    -------
    list of Task
        ``tasks``, and for each of them one task for every other subject as pseudo-target, which
        excludes the original target.
    """
    subjects = list(dict.fromkeys(task.subject for task in tasks))
    pseudo = [
        dataclasses.replace(task, subject=other, without=task.subject)
        for task in tasks
        for other in subjects
        if other != task.subject
    ]
    return [*tasks, *pseudo]


def nested_table(
    finished: Iterable[tuple[Task, Record]],
    weigh: Callable[[str, str], NDArray[np.float64]] | None = None,
) -> pd.DataFrame:
    """Return the scores of each pipeline for each target, and the chosen pipeline.

    Parameters
    ----------
    finished : iterable of (Task, Record)
        The tasks of :func:`with_pseudo_targets`, pipelines in the order that breaks ties.
    weigh : callable, optional
        Returns the importance weights of all trials for a target and a protocol; see
        :class:`bci_dann.evaluation.selection.importance_validation.ImportanceWeighting`.

    Returns
    -------
    pandas.DataFrame
        One row for each protocol, target (``subject``) and pipeline. ``pseudo_accuracy`` and
        ``pseudo_roc_auc`` are means over pseudo-targets and seeds; the pipeline with the best
        accuracy is ``chosen``. Ties are resolved by the ROC AUC, and then by the order of
        pipelines. ``accuracy`` and ``roc_auc`` are means over seeds of the ordinary records of the
        target, which are not used for the choice. All scores are between 0 and 1, and means over
        sessions weighted by their number of trials, as in :func:`bci_dann.evaluation.summarise`.
        With ``weigh`` there are two additional columns, with importance weights of the trials of
        pseudo-targets: ``pseudo_weighted_accuracy`` (Sugiyama et al. 2007) and, with a control
        variate, ``pseudo_controlled_accuracy`` (You et al. 2019).
    """
    pairs: dict[str | None, list[tuple[Task, Record]]] = defaultdict(list)
    for task, record in finished:
        pairs[task.without].append((task, record))
    order = _row_keys([task for task, _ in pairs[None]])
    target_means = _means(pairs.pop(None)).loc[order]
    by_target = {target: records for target, records in pairs.items() if target}
    pseudo = _pseudo_means({target: _means(records) for target, records in by_target.items()})
    if weigh is not None:
        pseudo = pseudo.join(_weighted_means(by_target, weigh))
    table = pseudo.add_prefix("pseudo_").loc[order].join(target_means).reset_index()
    best = [_best(rows, PSEUDO_SCORES) for _, rows in table.groupby(["protocol", "subject"])]
    return table.assign(chosen=table.index.isin(best))


def nested_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracy and regret of the nested choice, and of other choices for comparison.

    Parameters
    ----------
    table : pandas.DataFrame
        The result of :func:`nested_table`.

    Returns
    -------
    pandas.DataFrame
        Several rows for each protocol, with these values of ``choice``: ``nested``, the choice of
        :func:`nested_table` for each target; ``importance-weighted validation`` and ``deep embedded
        validation``, the choices by the weighted columns, if they exist; ``best over
        pseudo-targets``, the single ``pipeline`` with the best mean over pseudo-targets; ``best in
        hindsight``, the single pipeline with the best mean over targets; and ``oracle``, the best
        pipeline for each target. The last two use the labels of the targets, and are only for
        comparison; ``best over pseudo-targets`` also uses the labels of all subjects, but no
        ordinary scores of targets. ``accuracy`` (%) and ``roc_auc`` (0 to 1) are means over
        targets; ``regret`` and ``worst_regret`` are the loss of accuracy compared with the oracle,
        mean and worst target (points).

    See Also
    --------
    nested_choice : Returns the table.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.evaluation import nested_summary
    >>> table = pd.DataFrame(
    ...     {
    ...         "protocol": "train",
    ...         "subject": ["1", "1", "2", "2"],
    ...         "pipeline": ["csp_lda", "ea_csp_lda"] * 2,
    ...         "pseudo_accuracy": [0.6, 0.7, 0.6, 0.8],
    ...         "pseudo_roc_auc": [0.6, 0.7, 0.6, 0.8],
    ...         "accuracy": [0.6, 0.7, 0.75, 0.7],
    ...         "roc_auc": [0.6, 0.7, 0.8, 0.7],
    ...         "chosen": [False, True, False, True],
    ...     }
    ... )
    >>> nested_summary(table)[["choice", "accuracy", "regret"]].round(1)
                         choice  accuracy  regret
    0                    nested      70.0     2.5
    1  best over pseudo-targets      70.0     2.5
    2         best in hindsight      70.0     2.5
    3                    oracle      72.5     0.0
    """
    import pandas as pd

    rows = [
        {"protocol": protocol, "choice": choice, **_choice_scores(chosen, candidates)}
        for protocol, candidates in table.groupby("protocol", sort=False)
        for choice, chosen in _choices(candidates).items()
    ]
    return pd.DataFrame(rows)


def _check_choice(run: ResolvedRun) -> None:
    data = run.config.data
    if isinstance(data, CombinedDataConfig) and data.target_dataset is not None:
        raise ConfigError(
            "a nested choice leaves out subjects, not datasets: remove target_dataset, or run "
            "without a choice."
        )
    if run.config.pseudo_online is not None:
        raise ConfigError(
            "a nested choice scores trials, not windows over whole recordings: remove "
            "pseudo_online, or run without a choice."
        )
    names = [spec.name for spec in run.pipelines]
    if len(names) < 2:
        raise ConfigError(
            f"a choice needs at least two pipelines, but there is only {', '.join(names)}. Add "
            "names to `pipelines`, or list settings under `variants`."
        )


def _row_keys(tasks: Sequence[Task]) -> list[tuple[str, str, str]]:
    """Return protocol, target and pipeline of each row, in the order of the tasks."""
    parts = zip(*((task.protocol, task.subject, task.pipeline.name) for task in tasks), strict=True)
    protocols, subjects, names = (list(dict.fromkeys(part)) for part in parts)
    return list(itertools.product(protocols, subjects, names))


def _means(pairs: Sequence[tuple[Task, Record]]) -> pd.DataFrame:
    """Return accuracy and ROC AUC, means over seeds, by :data:`ROW_KEYS`."""
    scores = per_subject_and_seed(results_table(pairs))
    return scores.groupby(ROW_KEYS)[TARGET_SCORES].mean()


def _pseudo_means(by_target: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return means over pseudo-targets by :data:`ROW_KEYS`, the subject being the target."""
    import pandas as pd

    means = {
        target: frame.groupby(["protocol", "pipeline"]).mean()
        for target, frame in by_target.items()
    }
    return pd.concat(means, names=["subject"]).reorder_levels(ROW_KEYS)


def _weighted_means(
    by_target: Mapping[str, list[tuple[Task, Record]]],
    weigh: Callable[[str, str], NDArray[np.float64]],
) -> pd.DataFrame:
    """Return the importance-weighted accuracy over pseudo-targets by :data:`ROW_KEYS`."""
    import pandas as pd

    rows = []
    for target, pairs in by_target.items():
        groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for task, record in pairs:
            groups[task.protocol, task.pipeline.name].append(record)
        weights = {protocol: weigh(target, protocol) for protocol, _ in groups}
        for (protocol, name), records in groups.items():
            is_correct = np.concatenate([_is_correct(record) for record in records])
            importance = np.concatenate(
                [weights[protocol][record.test_index] for record in records]
            )
            weighted = float(np.mean(importance * is_correct))
            rows.append((protocol, target, name, weighted, controlled_mean(is_correct, importance)))
    return pd.DataFrame(rows, columns=[*ROW_KEYS, *WEIGHTED_SCORES]).set_index(ROW_KEYS)


def _is_correct(record: Record) -> NDArray[np.float64]:
    predicted = record.classes[record.probabilities.argmax(axis=1)]
    return np.asarray(predicted == record.truth, dtype=np.float64)


def _best(rows: pd.DataFrame, columns: Sequence[str]) -> Any:
    """Return the label of the best row by the first column; ties by the next columns and order."""
    keys = rows[list(columns)].round(DECIMALS).fillna(-1.0)
    return max(rows.index, key=lambda label: tuple(keys.loc[label]))


def _choices(candidates: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows that each rule chooses for the targets."""
    means = candidates.groupby("pipeline", sort=False).mean(numeric_only=True)
    best_pseudo, best_target = _best(means, PSEUDO_SCORES), _best(means, TARGET_SCORES)
    choices = {"nested": candidates[candidates["chosen"]]}
    for column, choice in WEIGHTED_SCORES.items():
        if f"pseudo_{column}" in candidates:
            columns = [f"pseudo_{column}", *PSEUDO_SCORES]
            choices[choice] = _best_for_each_target(candidates, columns)
    return choices | {
        "best over pseudo-targets": candidates[candidates["pipeline"] == best_pseudo],
        "best in hindsight": candidates[candidates["pipeline"] == best_target],
        "oracle": _best_for_each_target(candidates, TARGET_SCORES),
    }


def _best_for_each_target(candidates: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    by_target = candidates.groupby("subject", sort=False)
    return candidates.loc[[_best(rows, columns) for _, rows in by_target]]


def _choice_scores(chosen: pd.DataFrame, candidates: pd.DataFrame) -> dict[str, str | float]:
    names = chosen["pipeline"].unique()
    best = candidates.groupby("subject")["accuracy"].max()
    regret = best - chosen.set_index("subject")["accuracy"]
    return {
        "pipeline": names[0] if len(names) == 1 else "each target's",
        "accuracy": 100 * chosen["accuracy"].mean(),
        "roc_auc": chosen["roc_auc"].mean(),
        "regret": 100 * regret.mean(),
        "worst_regret": 100 * regret.max(),
    }
