"""Training times of the tasks of earlier runs on this machine, to estimate those of new ones."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bci_dann._files import write_atomically
from bci_dann.exceptions import ResultsError

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.evaluation.config.pipeline_file import PipelineSpec

__all__ = ["Durations"]

logger = logging.getLogger(__name__)

DURATIONS_FILE = "durations.json"
# A later run replaces an entry, unless it has less than this share of the entry's data: durations
# cannot be extrapolated well from much smaller datasets.
MIN_SHARE_OF_KNOWN_DATA = 0.5


@dataclass(frozen=True)
class Durations:
    """Mean training times of tasks, by the definition of their pipeline.

    Parameters
    ----------
    entries : dict of str to dict
        For the key of a pipeline, ``seconds`` of a task and ``n_values``, the number of trials
        times channels of the dataset.

    See Also
    --------
    bci_dann.evaluation.runs.cost.run_cost.planned_cost : Uses them in a dry run.
    """

    entries: dict[str, dict[str, float]]

    @classmethod
    def load(cls, cache: Path) -> Self:
        """Read the durations in a cache folder.

        Parameters
        ----------
        cache : pathlib.Path
            The folder.

        Returns
        -------
        Durations
            Empty if there are none, or if the file is damaged.
        """
        try:
            content = json.loads((cache / DURATIONS_FILE).read_text(encoding="utf-8"))
            return cls({key: _entry(**value) for key, value in content.items()})
        except (OSError, ValueError, TypeError, AttributeError, OverflowError):
            return cls({})

    def seconds(self, pipeline: PipelineSpec, n_values: float) -> float | None:
        """Estimate the training time of a task, in proportion to the amount of data.

        Parameters
        ----------
        pipeline : PipelineSpec
            The pipeline.
        n_values : float
            Trials times channels of the dataset; NaN if it is not known.

        Returns
        -------
        float or None
            Seconds; ``None`` if no run on this machine had this pipeline.
        """
        entry = self.entries.get(_key(pipeline))
        if entry is None:
            return None
        return entry["seconds"] * n_values / entry["n_values"]

    def with_run(
        self, results: pd.DataFrame, pipelines: Sequence[PipelineSpec], n_values: float
    ) -> Self:
        """Add the durations of a run.

        Parameters
        ----------
        results : pandas.DataFrame
            The results table of the run.
        pipelines : sequence of PipelineSpec
            Its pipelines.
        n_values : float
            Trials times channels of its dataset.

        Returns
        -------
        Durations
            New durations.
        """
        means = results.groupby("pipeline")["fit_seconds"].mean()
        entries = dict(self.entries)
        for pipeline in pipelines:
            key = _key(pipeline)
            known = entries.get(key, {"n_values": 0.0})
            if pipeline.name in means and n_values >= MIN_SHARE_OF_KNOWN_DATA * known["n_values"]:
                entries[key] = _entry(float(means[pipeline.name]), n_values)
        return type(self)(entries)

    def save(self, cache: Path) -> None:
        """Write the durations to a cache folder, if it can be written to.

        Parameters
        ----------
        cache : pathlib.Path
            The folder.
        """
        try:
            write_atomically(cache / DURATIONS_FILE, json.dumps(self.entries, indent=1).encode())
        except ResultsError as error:  # no reason to stop a run
            logger.info("Durations of tasks are not kept for later estimates: %s", error)


def _entry(seconds: float, n_values: float) -> dict[str, float]:
    if not n_values > 0:
        raise ValueError(f"a duration belongs to trials and channels; got {n_values} values")
    return {"seconds": float(seconds), "n_values": float(n_values)}


def _key(pipeline: PipelineSpec) -> str:
    from bci_dann.data.cache import cache_key  # imports pandas

    return cache_key({"definition": list(pipeline.definition)})[:16]
