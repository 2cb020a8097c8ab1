"""Scores of one dataset and protocol for the sections of a report."""

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
    """The scores of one dataset and protocol; scores of different protocols are not compared.

    Attributes
    ----------
    dataset, protocol : str
        Names of the dataset and the protocol.
    results : pandas.DataFrame
        Rows of ``results.csv``.
    trials : pandas.DataFrame
        One row for each scored trial.
    reference : str or None
        The pipeline that the others are compared with; ``None`` if there is only one pipeline.
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
            Names of dataset and protocol.
        """
        return f"{self.dataset}, {self.protocol}"

    @functools.cached_property
    def accuracies(self) -> pd.DataFrame:
        """The accuracy of each subject and pipeline, averaged over sessions, then over seeds.

        Returns
        -------
        pandas.DataFrame
            Accuracies in percent: one row for each subject, one column for each pipeline, with
            decreasing mean; pipelines with missing subjects are last.
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
            The result of :func:`bci_dann.evaluation.compare_pipelines`; empty without a
            reference.
        """
        import pandas as pd

        if self.reference is None:
            return pd.DataFrame(columns=list(COLUMNS))
        return compare_pipelines(self.results, reference=self.reference)

    @property
    def gains(self) -> pd.DataFrame:
        """The differences from the reference for each subject.

        Returns
        -------
        pandas.DataFrame
            Differences in points: one row for each subject, one column for each other pipeline;
            no columns without a reference.
        """
        if self.reference is None:
            return self.accuracies.iloc[:, :0]
        others = self.accuracies.drop(columns=self.reference)
        return others.sub(self.accuracies[self.reference], axis=0)

    @property
    def n_subjects(self) -> int:
        """Number of target subjects.

        Returns
        -------
        int
            Number of subjects with a result of any pipeline.
        """
        return len(self.accuracies)

    @property
    def best_first(self) -> list[str]:
        """The pipelines with decreasing mean accuracy; those with missing subjects are last.

        Returns
        -------
        list of str
            Names of the pipelines.
        """
        return [str(name) for name in self.accuracies]

    def shown(self, most: int) -> list[str]:
        """Return the best pipelines, always including the reference.

        Parameters
        ----------
        most : int
            Maximum number of pipelines.

        Returns
        -------
        list of str
            Names of the pipelines, the best first.
        """
        names = self.best_first
        selected = set(names[:most])
        if self.reference is not None and self.reference not in selected:
            selected = {*names[: most - 1], self.reference}
        return [name for name in names if name in selected]

    def table_of(self, pipelines: Sequence[str]) -> pd.DataFrame:
        """Return the rows of some pipelines.

        Parameters
        ----------
        pipelines : sequence of str
            Names of the pipelines.

        Returns
        -------
        pandas.DataFrame
            Rows of ``results.csv``, with the number of classes in ``attrs``.
        """
        rows = self.results[self.results["pipeline"].isin(list(pipelines))].copy()
        rows.attrs = dict(self.results.attrs)
        return rows
