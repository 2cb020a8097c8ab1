"""Comparisons of pipelines over subjects."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel, wilcoxon

from bci_dann.evaluation.statistics.meta_analysis import combine_datasets
from bci_dann.evaluation.statistics.paired_tests import compare_pipelines, paired_p_values
from bci_dann.exceptions import ConfigError

A = [0.70, 0.75, 0.80, 0.65, 0.70, 0.92]
B = [0.60, 0.71, 0.75, 0.62, 0.60, 0.85]


def test_equals_a_count_of_all_patterns_of_signs():
    differences = np.array([0.1, -0.02, 0.05, 0.07, 0.0, 0.03, -0.01])
    patterns = np.array(list(itertools.product([1, -1], repeat=7)))
    means = (patterns * differences).mean(axis=1)
    greater = np.mean(means >= differences.mean() - 1e-12)
    assert paired_p_values(differences) == pytest.approx((greater, 2 * greater))


def test_equals_moabb_on_the_same_scores(make_results):
    from moabb.analysis.meta_analysis import compute_effect, compute_pvals_perm

    frame = pd.DataFrame({"a": A, "b": B})
    row = compare_pipelines(make_results({"a": A, "b": B}), reference="b").iloc[0]
    # MOABB counts the given signs among the patterns, too
    assert row["p_greater"] == pytest.approx(compute_pvals_perm(frame)[0, 1], abs=1 / 64)
    assert row["effect_size"] == pytest.approx(compute_effect(frame)[0, 1])
    assert row["difference"] == pytest.approx(np.mean(np.subtract(A, B)))


def test_more_subjects_are_tested_by_wilcoxon():
    differences = np.random.default_rng(0).normal(0.03, 0.05, 20)
    expected = [wilcoxon(differences, alternative=side).pvalue for side in ("greater", "two-sided")]
    assert paired_p_values(differences) == pytest.approx(tuple(expected))


@pytest.mark.parametrize("n_different", [1, 5, 13])
def test_p_does_not_depend_on_subjects_without_a_difference(n_different):
    """Wilcoxon's approximation gives five equal gains of 14 subjects p = 0.025, not 2 / 2**5."""
    differences = np.zeros(30)
    differences[3 : 3 + n_different] = 0.1
    p_value = min(1.0, 2.0 ** (1 - n_different))
    assert paired_p_values(differences) == pytest.approx((2.0**-n_different, p_value))


@pytest.mark.parametrize("n_subjects", [6, 20])
def test_equal_differences_are_ties_whatever_their_rounding(make_results, n_subjects):
    rng = np.random.default_rng(0)
    hits, others = rng.integers(10, 31, (2, n_subjects))
    (row,) = compare_pipelines(make_results({"new": hits / 30, "old": others / 30}), "old").to_dict(
        "records"
    )
    expected = paired_p_values((hits - others).astype(float))
    assert (row["p_greater"], row["p_value"]) == pytest.approx(expected, abs=1e-12)


def test_the_same_difference_in_all_subjects_has_no_spread(make_results):
    scores = {"new": [0.7, 0.8, 0.9], "old": [0.6, 0.7, 0.8]}
    assert compare_pipelines(make_results(scores), "old")["effect_size"].tolist() == [np.inf]


def test_seeds_are_no_further_subjects(make_results):
    seeds = [make_results({"a": A, "b": B}, seed=seed) for seed in range(5)]
    once, repeated = (compare_pipelines(table) for table in (seeds[0], pd.concat(seeds)))
    pd.testing.assert_frame_equal(once, repeated)


def test_a_pipeline_with_one_seed_is_compared_with_the_mean_over_seeds(make_results):
    network = [
        make_results({"net": np.add(A, change)}, seed=k) for k, change in enumerate((0.02, -0.02))
    ]
    table = compare_pipelines(pd.concat([*network, make_results({"b": B})]), reference="b")
    assert table["difference"].item() == pytest.approx(np.mean(np.subtract(A, B)))


def test_only_subjects_that_both_have_are_compared(make_results):
    table = compare_pipelines(make_results({"a": A, "b": [*B[:4], np.nan, np.nan]}))
    assert table["n_subjects"].item() == 4


def test_holm_corrects_over_the_comparisons_of_a_dataset(make_results):
    scores = {"a": A, "b": B, "c": B[::-1], "d": A[::-1]}
    table = compare_pipelines(make_results(scores)).sort_values("p_value")
    assert len(table) == 6
    smallest = table.iloc[0]
    assert smallest["p_holm"] == pytest.approx(min(1.0, 6 * smallest["p_value"]))
    assert (table["p_holm"] >= table["p_value"]).all()


def test_the_interval_is_that_of_the_paired_t_test(make_results):
    row = compare_pipelines(make_results({"a": A, "b": B})).iloc[0]
    expected = ttest_rel(A, B).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high))


def test_protocols_and_datasets_are_compared_apart(make_results):
    parts = [
        make_results({"a": A, "b": B}, dataset, protocol)
        for dataset, protocol in (("One", "train"), ("One", "online"), ("Two", "train"))
    ]
    table = compare_pipelines(pd.concat(parts))
    assert len(table) == 3
    assert not table.duplicated(["dataset", "protocol"]).any()


@pytest.mark.parametrize("n_subjects", [1, 0])
def test_too_few_subjects_give_no_number(make_results, n_subjects):
    table = compare_pipelines(
        make_results({"a": A, "b": [*B[:n_subjects], *[np.nan] * (6 - n_subjects)]})
    )
    assert table["p_value"].isna().all()
    assert len(table) == n_subjects


def test_equal_pipelines_do_not_differ(make_results):
    row = compare_pipelines(make_results({"a": A, "b": A})).iloc[0]
    assert (row["p_value"], row["effect_size"], row["low"], row["high"]) == (1.0, 0.0, 0.0, 0.0)


def test_unknown_names_are_refused(make_results):
    with pytest.raises(ConfigError, match="reference"):
        compare_pipelines(make_results({"a": A, "b": B}), reference="c")
    with pytest.raises(ConfigError, match="metric"):
        compare_pipelines(make_results({"a": A, "b": B}), metric="luck")


@pytest.mark.slow
def test_false_alarms_come_at_the_nominal_rate():
    """Four pipelines that are equally good for each subject: simulated results of whole runs.

    Seeds are averaged, differences tested (by sign flips of 9 subjects and by Wilcoxon's test of
    20), corrected over comparisons, and combined over both datasets.
    """
    rng, n_runs = np.random.default_rng(0), 200
    found: dict[str, list[bool]] = {"one": [], "any": [], "over datasets": []}
    for _ in range(n_runs):
        tables = [
            compare_pipelines(equally_good(rng, dataset, n_subjects), "reference")
            for dataset, n_subjects in (("small", 9), ("large", 20))
        ]
        found["one"] += [bool(table["p_value"].iloc[0] < 0.05) for table in tables]
        found["any"] += [bool((table["p_holm"] < 0.05).any()) for table in tables]
        both = combine_datasets(pd.concat(tables))
        found["over datasets"].append(bool(both["p_greater"].iloc[0] < 0.05))
    for kind, alarms in found.items():
        error = np.sqrt(0.05 * 0.95 / len(alarms))
        # three corrected comparisons with one reference depend on each other: fewer alarms
        lowest = 0.0 if kind == "any" else 0.05 - 3 * error
        assert lowest <= np.mean(alarms) <= 0.05 + 3 * error, kind


def equally_good(rng: np.random.Generator, dataset: str, n_subjects: int) -> pd.DataFrame:
    """Return results of three seeds on 40 trials: subjects differ, and pipelines by chance only."""
    skill = rng.beta(8, 3, n_subjects)
    rows = [
        {
            **{"dataset": dataset, "pipeline": pipeline, "protocol": "train", "seed": seed},
            **{"subject": str(subject), "session": "0", "n_test": 40},
            "accuracy": rng.binomial(40, own) / 40,
        }
        for pipeline in ("reference", "a", "b", "c")
        for subject, own in enumerate(np.clip(skill + rng.normal(0, 0.08, n_subjects), 0, 1))
        for seed in range(3)
    ]
    return pd.DataFrame(rows)
