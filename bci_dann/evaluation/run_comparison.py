"""Comparison of two runs: differences in their configurations, versions and scores."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann._validation import check_option
from bci_dann.evaluation.metrics import METRICS
from bci_dann.evaluation.runs.manifest import Manifest, differences
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.evaluation.score_table import read_score_table
from bci_dann.evaluation.statistics.paired_scores import scores_by_subject
from bci_dann.evaluation.statistics.paired_tests import compare_pipelines, with_holm
from bci_dann.exceptions import ResultsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunComparison", "compare_runs"]

GROUP = ["dataset", "protocol", "pipeline"]
COLUMNS = (
    *GROUP,
    "n_subjects",
    "first",
    "second",
    "difference",
    "low",
    "high",
    "p_value",
    "p_holm",
)
# Words for the two runs in descriptions of differences.
WHERE = ("in the first", "in the second")


@dataclass(frozen=True, eq=False)
class RunComparison:
    """Differences between two runs.

    Attributes
    ----------
    changes : list of str
        Differences in configurations, pipelines, recordings and versions; may be empty.
    scores : pandas.DataFrame
        One row for each dataset, protocol and pipeline that both runs have: the mean of each run
        over the subjects that both have, their difference (second minus first) with a 95 %
        interval, its two-sided p-value, and the same after Holm's correction over all rows. All of
        them are over the seeds that both runs have for a subject. If the runs have no common seed,
        they are compared only if one of them has a single seed, as deterministic pipelines may.

    See Also
    --------
    compare_runs : Returns it.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.evaluation import RunComparison
    >>> RunComparison(["seeds only in the second: 1"], pd.DataFrame()).changes
    ['seeds only in the second: 1']
    """

    changes: list[str]
    scores: pd.DataFrame


def compare_runs(first: str | Path, second: str | Path, metric: str = "accuracy") -> RunComparison:
    """Compare two runs, subject by subject.

    Parameters
    ----------
    first, second : str or pathlib.Path
        Results folders, as written by ``bci-dann run --out``.
    metric : str
        A metric of ``results.csv``.

    Returns
    -------
    RunComparison
        The differences in settings and in scores.

    Raises
    ------
    ConfigError
        When the metric is unknown.
    ResultsError
        When a folder is no results folder, or has no table yet.

    See Also
    --------
    compare_pipelines : Compares the pipelines of one run.
    open_results : Reads the trials of a run.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import run_benchmark
    >>> from bci_dann.evaluation import compare_runs
    >>> config = {
    ...     "name": "mine",
    ...     "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}},
    ...     "pipelines": ["ea_csp_lda"],
    ...     "protocols": ["train_and_target_unlabeled_full"],
    ... }
    >>> narrow = {**config, "preprocessing": {"band": [10, 14]}}
    >>> with TemporaryDirectory() as one, TemporaryDirectory() as other:
    ...     _ = run_benchmark(config, one, progress=False)
    ...     _ = run_benchmark(narrow, other, progress=False)
    ...     comparison = compare_runs(one, other)
    >>> comparison.changes[0]
    'preprocessing.band: [8.0, 32.0] in the first, [10.0, 14.0] in the second'
    >>> comparison.scores["n_subjects"].tolist()
    [3]
    """
    check_option("metric", metric, METRICS)
    (one, results), (other, new_results) = _opened(Path(first)), _opened(Path(second))
    return RunComparison(list(_changes(one, other)), _scores(results, new_results, metric))


def _opened(path: Path) -> tuple[Manifest, pd.DataFrame]:
    folder = ResultsFolder(path)
    manifest = folder.manifest()
    if manifest is None or not folder.table_path.exists():
        raise ResultsError(
            f"{path} holds no results.csv of a run. Give a folder that `bci-dann run --out` has "
            "written, once its first tasks are finished."
        )
    return manifest, read_score_table(folder.table_path)


def _changes(one: Manifest, other: Manifest) -> Iterator[str]:
    yield from differences(one, other, WHERE)
    for what in ("pipelines", "protocols", "seeds"):
        here, there = (list(map(str, getattr(manifest, what))) for manifest in (one, other))
        for names, others, where in ((here, there, "first"), (there, here, "second")):
            alone = [name for name in names if name not in others]
            if alone:
                yield f"{what} only in the {where}: {', '.join(alone)}"
    if None not in (one.recordings, other.recordings) and one.recordings != other.recordings:
        yield f"recordings: {one.recordings} {WHERE[0]}, {other.recordings} {WHERE[1]}"
    before, after = one.versions or {}, other.versions or {}
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield f"{name}: {before[name]} {WHERE[0]}, {after[name]} {WHERE[1]}"


def _scores(first: pd.DataFrame, second: pd.DataFrame, metric: str) -> pd.DataFrame:
    import pandas as pd

    both = pd.concat([first.assign(run="first"), second.assign(run="second")], ignore_index=True)
    rows = [
        {**dict(zip(GROUP, place, strict=True)), **_row(results, metric)}
        for place, results in both.groupby(GROUP, sort=True)
        if results["run"].nunique() == 2
    ]
    return pd.DataFrame(with_holm(rows), columns=list(COLUMNS))


def _row(results: pd.DataFrame, metric: str) -> dict[str, Any]:
    """Compare one pipeline in both runs, as if each run were a pipeline."""
    results = _with_common_seeds(results.assign(pipeline=results["run"]), metric)
    compared = compare_pipelines(results, "first", metric)
    if compared.empty:
        return {"n_subjects": 0, "p_value": math.nan}
    ((_, _, scores),) = scores_by_subject(results, metric)
    means = scores.groupby(level="subject").mean().dropna().mean()
    kept = ["n_subjects", "difference", "low", "high", "p_value"]
    (row,) = compared[kept].to_dict("records")
    return {"first": means["first"], "second": means["second"], **row}


def _with_common_seeds(results: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the rows of the subjects and seeds that both runs have, or all if there are none."""
    import pandas as pd

    ((_, _, scores),) = scores_by_subject(results, metric)
    places = pd.MultiIndex.from_frame(results[["subject", "seed"]])
    common = results[places.isin(scores.dropna().index)]
    return results if common.empty else common
