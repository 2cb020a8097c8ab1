"""Comparisons of pipelines over several datasets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation.statistics.meta_analysis import combine_datasets
from bci_dann.evaluation.statistics.paired_tests import compare_pipelines


@pytest.fixture
def comparisons(make_results) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    tables = []
    for dataset, n_subjects in (("One", 8), ("Two", 12), ("Three", 16)):
        base = rng.uniform(0.6, 0.8, n_subjects)
        gains = rng.normal(0.03, 0.04, n_subjects)
        tables.append(make_results({"new": base + gains, "old": base}, dataset))
    return compare_pipelines(pd.concat(tables), reference="old")


def test_p_values_are_combined_as_in_moabb(comparisons):
    from moabb.analysis.meta_analysis import combine_pvalues

    expected = combine_pvalues(comparisons["p_greater"], comparisons["n_subjects"])
    combined = combine_datasets(comparisons).iloc[0]
    assert combined["p_greater"] == pytest.approx(float(expected))
    assert (combined["n_datasets"], combined["n_subjects"]) == (3, 36)


def test_a_dataset_in_which_all_subjects_lose_does_not_decide_alone(make_results):
    """Its exact p is 1, with which Stouffer's combination would be 1 whatever the others show."""
    from moabb.analysis.meta_analysis import combine_pvalues, compute_pvals_perm

    gains = {"One": [-0.01] * 6, "Two": [0.1, 0.2, 0.1, 0.3, 0.2, 0.1, 0.2, 0.1, 0.2, 0.3]}
    frames = {
        name: pd.DataFrame({"new": np.add(0.5, gain), "old": 0.5}) for name, gain in gains.items()
    }
    tables = [make_results(dict(frame), name) for name, frame in frames.items()]
    p_values = [compute_pvals_perm(frame)[0, 1] for frame in frames.values()]
    combined = combine_datasets(compare_pipelines(pd.concat(tables), "old")).iloc[0]
    expected = combine_pvalues(np.array(p_values), np.array([6, 10]))
    assert combined["p_greater"] == pytest.approx(float(expected))
    assert combined["p_greater"] < 0.5


@pytest.mark.parametrize("n_subjects", [6, 100])
def test_a_dataset_without_any_difference_speaks_for_neither(comparisons, n_subjects):
    equal = {"n_subjects": n_subjects, "difference": 0.0, "std_difference": 0.0, "p_greater": 1.0}
    tables = [comparisons.iloc[[1]], comparisons.iloc[[0]].assign(**equal)]
    p_value = combine_datasets(pd.concat(tables)).iloc[0]["p_greater"]
    assert comparisons["p_greater"][1] < p_value < 0.5


def test_the_mean_is_that_of_dersimonian_and_laird(comparisons):
    means = comparisons["difference"].to_numpy()
    variances = comparisons["std_difference"] ** 2 / comparisons["n_subjects"]
    weights = 1 / variances.to_numpy()
    fixed = np.average(means, weights=weights)
    q = np.sum(weights * (means - fixed) ** 2)
    scale = weights.sum() - np.sum(weights**2) / weights.sum()
    between = max(0.0, (q - (len(means) - 1)) / scale)
    weights = 1 / (variances.to_numpy() + between)
    combined = combine_datasets(comparisons).iloc[0]
    assert combined["difference"] == pytest.approx(np.average(means, weights=weights))
    half = 1.959964 / np.sqrt(weights.sum())
    assert combined["high"] - combined["difference"] == pytest.approx(half, rel=1e-5)
    assert combined["heterogeneity"] == pytest.approx(max(0.0, 1 - (len(means) - 1) / q))


def test_data_sets_that_agree_have_no_negative_variance_between_them(comparisons):
    comparisons["difference"], comparisons["std_difference"] = [0.03, 0.031, 0.029], 0.05
    subjects = comparisons["n_subjects"].to_numpy(dtype=float)
    combined = combine_datasets(comparisons).iloc[0]
    half = 1.959964 * 0.05 / np.sqrt(subjects.sum())  # all have a standard deviation of 0.05
    assert combined["difference"] == pytest.approx(
        np.average([0.03, 0.031, 0.029], weights=subjects)
    )
    assert combined["high"] - combined["low"] == pytest.approx(2 * half, rel=1e-5)
    assert combined["heterogeneity"] == 0


def test_one_dataset_is_no_meta_analysis(comparisons):
    assert combine_datasets(comparisons.iloc[:1]).empty


def test_differences_without_spread_give_no_mean(comparisons):
    comparisons.loc[0, "std_difference"] = 0.0
    combined = combine_datasets(comparisons).iloc[0]
    assert np.isnan(combined["difference"])
    assert np.isfinite(combined["p_greater"])


def test_a_spread_that_is_rounding_gives_no_mean(comparisons):
    """Three subjects who all gain 0.2: an infinite weight, and nonsense, without a check."""
    differences = np.array([0.2, 0.2, 0.1 + 0.1 + 1e-16])
    comparisons.loc[0, "difference"] = differences.mean()
    comparisons.loc[0, "std_difference"] = 3e-17
    assert np.isnan(combine_datasets(comparisons).iloc[0]["difference"])


def test_a_mean_of_exactly_zero_counts_like_any_other(comparisons):
    differences = []
    for mean in (0.0, 1e-9):
        comparisons.loc[0, "difference"] = mean
        differences.append(combine_datasets(comparisons).iloc[0]["difference"])
    assert differences[0] == pytest.approx(differences[1], abs=1e-8)
    assert differences[0] < comparisons["difference"][1:].max()


def test_the_standard_deviation_is_that_of_the_effect_size(comparisons):
    spread = comparisons["difference"] / comparisons["effect_size"]
    np.testing.assert_allclose(comparisons["std_difference"], spread)
