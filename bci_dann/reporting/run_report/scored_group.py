"""Scores of one dataset and protocol, as the sections of a report need them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bci_dann.evaluation import compare_pipelines
from bci_dann.evaluation.statistics.paired_tests import COLUMNS
from bci_dann.evaluation.summary import per_subject_and_seed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ScoredGroup"]


@dataclass(frozen=True, eq=False)
class ScoredGroup:
    """The scores of one dataset and protocol; those of two protocols are never compared.

    Attributes
    ----------
    dataset, protocol : str
        Their names.
    results : pandas.DataFrame
        Rows of ``results.csv``.
    trials : pandas.DataFrame
        One row for each scored trial.
    reference : str or None
        The pipeline that gains are taken against; ``None`` where there is one pipeline only.
    """

    dataset: str
    protocol: str
    results: pd.DataFrame
    trials: pd.DataFrame
    reference: str | None

    @property
    def title(self) -> str:
        """The heading of the group.

        Returns
        -------
        str
            Dataset and protocol.
        """
        return f"{self.dataset}, {self.protocol}"

    @functools.cached_property
    def accuracies(self) -> pd.DataFrame:
        """The accuracy of each subject and pipeline, the mean over sessions and then seeds.

        Returns
        -------
        pandas.DataFrame
            In percent, one row a subject, one column a pipeline by falling mean; pipelines that
            lack subjects come last.
        """
        by_seed = per_subject_and_seed(self.results, ("accuracy",))
        table = 100 * by_seed.groupby(["subject", "pipeline"])["accuracy"].mean().unstack()
        counts, means = table.notna().sum(), table.mean()
        names = sorted(table, key=lambda name: (-counts[name], -means[name], name))
        subjects = sorted(table.index, key=lambda name: (len(str(name)), str(name)))
        return table.loc[subjects, names]

    @functools.cached_property
    def comparisons(self) -> pd.DataFrame:
        """The comparison of every pipeline with the reference.

        Returns
        -------
        pandas.DataFrame
            As :func:`bci_dann.evaluation.compare_pipelines` returns it; empty without a reference.
        """
        import pandas as pd

        if self.reference is None:
            return pd.DataFrame(columns=list(COLUMNS))
        return compare_pipelines(self.results, reference=self.reference)

    @property
    def gains(self) -> pd.DataFrame:
        """The differences to the reference for each subject.

        Returns
        -------
        pandas.DataFrame
            In points, one row a subject, one column for each other pipeline; without columns where
            there is no reference.
        """
        if self.reference is None:
            return self.accuracies.iloc[:, :0]
        others = self.accuracies.drop(columns=self.reference)
        return others.sub(self.accuracies[self.reference], axis=0)

    @property
    def n_subjects(self) -> int:
        """How many subjects were targets.

        Returns
        -------
        int
            Of any pipeline.
        """
        return len(self.accuracies)

    @property
    def best_first(self) -> list[str]:
        """The pipelines by falling mean accuracy; those that lack subjects come last.

        Returns
        -------
        list of str
            Their names.
        """
        return [str(name) for name in self.accuracies]

    def shown(self, most: int) -> list[str]:
        """Return the best pipelines, and the reference in any case.

        Parameters
        ----------
        most : int
            How many at most.

        Returns
        -------
        list of str
            Best first.
        """
        names = self.best_first
        kept = set(names[:most])
        if self.reference is not None and self.reference not in kept:
            kept = {*names[: most - 1], self.reference}
        return [name for name in names if name in kept]

    def table_of(self, pipelines: Sequence[str]) -> pd.DataFrame:
        """Return the rows of some pipelines.

        Parameters
        ----------
        pipelines : sequence of str
            Their names.

        Returns
        -------
        pandas.DataFrame
            Rows of ``results.csv``, with the number of classes in ``attrs``.
        """
        rows = self.results[self.results["pipeline"].isin(list(pipelines))].copy()
        rows.attrs = dict(self.results.attrs)
        return rows
