"""Average ranks of pipelines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation.statistics.ranks import average_ranks
from bci_dann.exceptions import ResultsError


@pytest.fixture
def scores() -> dict[str, np.ndarray]:
    base = np.random.default_rng(0).uniform(0.5, 0.7, 12)
    return {"worst": base, "middle": base + 0.05, "best": base + 0.1}


def test_the_best_has_rank_one(make_results, scores):
    ranks = average_ranks(make_results(scores), "train")
    assert ranks.ranks.to_dict() == {"best": 1.0, "middle": 2.0, "worst": 3.0}
    assert list(ranks.p_values.columns) == ["best", "middle", "worst"]
    assert ranks.p_friedman < 0.001
    assert ranks.p_values.loc["best", "worst"] < 0.001 < ranks.p_values.loc["best", "middle"]


def test_subjects_of_all_datasets_are_ranked_together(make_results, scores):
    both = pd.concat([make_results(scores, "One"), make_results(scores, "Two")])
    assert average_ranks(both, "train").n_subjects == 24


def test_subjects_that_a_pipeline_lacks_are_left_out(make_results, scores):
    scores["best"] = np.where(np.arange(12) < 2, np.nan, scores["best"])
    assert average_ranks(make_results(scores), "train").n_subjects == 10


def test_ties_share_their_ranks(make_results, scores):
    ranks = average_ranks(make_results({**scores, "again": scores["best"]}), "train").ranks
    assert ranks["best"] == ranks["again"] == 1.5


@pytest.mark.parametrize(("protocol", "left_out"), [("online", ()), ("train", ("best",))])
def test_too_little_to_rank_is_refused(make_results, scores, protocol, left_out):
    some = {name: values for name, values in scores.items() if name not in left_out}
    with pytest.raises(ResultsError, match="3 pipelines"):
        average_ranks(make_results(some), protocol)


def test_means_over_seeds_that_differ_by_rounding_are_ties(make_results):
    of_seeds = {"a": [0.5, 0.525, 0.65], "b": [0.65, 0.525, 0.5], "c": [0.1, 0.1, 0.1]}
    tables = [
        make_results({name: [scores[seed]] * 5 for name, scores in of_seeds.items()}, seed=seed)
        for seed in range(3)
    ]
    ranks = average_ranks(pd.concat(tables), "train").ranks
    assert ranks.to_dict() == {"a": 1.5, "b": 1.5, "c": 3.0}
