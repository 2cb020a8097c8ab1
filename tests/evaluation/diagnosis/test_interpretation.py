from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.evaluation.diagnosis.interpretation import (
    OVERLAP_LEVELS,
    describe_overlap,
    describe_shifts,
    overlap_level,
    reweighting_advice,
)


def row(auc, ess_share=0.5, n_target=160, alignment="none", mmd_p=0.3, lookalikes=0.01):
    made = {
        "subject": "1",
        "alignment": alignment,
        "n_source": 1000,
        "n_target": n_target,
        "domain_auc": auc,
        "ess": 1000 * ess_share,
        "ess_share": ess_share,
        "mmd_p": mmd_p,
        "source_error": lookalikes,
        "distance": 2.0,
    }
    return {**made, "overlap": overlap_level(made)}


@pytest.mark.parametrize(
    ("what", "expected", "words"),
    [
        (row(np.nan, n_target=3), "too few trials", "3 of the subject and 1000 of the others"),
        (row(0.99), "no overlap", "10 are taken for this subject's (domain AUC 0.990)"),
        (row(0.99), "no overlap", "cannot help; align first"),
        (row(0.99, alignment="euclidean"), "no overlap", "this alignment is not enough"),
        (row(1.0, ess_share=1.0), "no overlap", "only because they are clipped"),
        (
            row(0.9, ess_share=0.02),
            "little overlap",
            "sample size of 1000 source trials is only 20",
        ),
        (row(0.8), "overlap", "may help; the effective sample size of 1000 source trials is 500"),
        (row(0.52), "no shift", "classifier: weights would be nearly even"),
        (row(0.52, mmd_p=0.01), "no shift", "though the MMD shows one (p = 0.010)"),
        (row(0.65, n_target=10), "no shift", "change nothing"),  # chance gives as much
    ],
)
def test_findings_and_their_words(what, expected, words):
    assert what["overlap"] == expected
    assert expected in OVERLAP_LEVELS
    said = reweighting_advice(what, least_trials=5)
    assert said.startswith(expected)
    assert words in said


def test_even_weights_without_overlap_are_explained_and_others_not():
    assert "clipped" not in reweighting_advice(row(0.99), 5)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row(0.99)] * 3, "no overlap for 3 of 3 subjects"),
        ([row(0.99)] * 3, "Reweighting cannot help most of them, for lack of overlap."),
        ([row(0.5)] * 2 + [row(0.8)], "almost no shift left to correct"),
        ([row(0.8)] * 2 + [row(0.5)], "overlap for 2 of 3 subjects, no shift for 1 of 3 subjects"),
        ([row(0.8), row(np.nan)], "too few trials for 1 of 2 subjects"),
        ([row(np.nan)] * 2, "no subject has enough trials"),
    ],
)
def test_all_people_in_a_sentence(rows, words):
    (sentence,) = describe_overlap(pd.DataFrame(rows))
    assert sentence.startswith("without alignment: ")
    assert words in sentence
    assert "nan" not in sentence


def test_what_differs_most_comes_first():
    shifts = pd.DataFrame(
        {
            "subject": ["1"] * 3 + ["2"],
            "band": ["mu", "mu", "beta", "mu"],
            "channel": ["C3", "C4", "C3", "C3"],
            "mean_shift": [0.1, -2.0, 1.0, np.nan],
        }
    )
    assert describe_shifts(shifts, 2) == [
        "subject 1 differs most in mu C4 -2.0 SD, beta C3 +1.0 SD."
    ]
