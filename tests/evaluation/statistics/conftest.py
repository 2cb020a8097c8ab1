"""Results tables with scores that are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

MakeResults = Callable[..., pd.DataFrame]


@pytest.fixture
def make_results() -> MakeResults:
    """Return a function that makes a results table from scores of subjects."""

    def make(
        scores: Mapping[str, Sequence[float]],
        dataset: str = "Mine",
        protocol: str = "train",
        seed: int = 0,
    ) -> pd.DataFrame:
        rows = [
            {
                "dataset": dataset,
                "pipeline": pipeline,
                "protocol": protocol,
                "seed": seed,
                "subject": str(subject),
                "session": "0",
                "n_test": 40,
                "accuracy": score,
                "roc_auc": score,
            }
            for pipeline, values in scores.items()
            for subject, score in enumerate(values, start=1)
            if not np.isnan(score)
        ]
        return pd.DataFrame(rows)

    return make
