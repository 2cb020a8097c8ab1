from __future__ import annotations

import pytest

from bci_dann.evaluation import load_config, run_benchmark
from bci_dann.examples.methods_by_shift import METHODS, SHIFTS, TERMS, configuration


@pytest.mark.parametrize("name", SHIFTS)
def test_every_configuration_is_valid(name):
    config = load_config(configuration(SHIFTS[name], 0))
    assert len(config.pipelines) == len(METHODS) + len(TERMS)


def accuracies(shift, out, **changes):
    plan = {**configuration(SHIFTS[shift], 0), **changes}
    results = run_benchmark(plan, out / shift, progress=False)
    return results.groupby("pipeline")["accuracy"].mean()


def test_rotation_costs_what_alignment_brings_back(tmp_path):
    shallow = {
        "pipelines": ["ts_logistic", "ra_ts_logistic"],
        "pipeline_parameters": {},
        "variants": {},
    }
    straight, turned = (accuracies(s, tmp_path, **shallow) for s in ("none", "rotation"))
    assert turned["ts_logistic"] < straight["ts_logistic"] - 0.1
    assert turned["ra_ts_logistic"] > turned["ts_logistic"] + 0.05


@pytest.mark.slow
def test_terms_cure_the_gain_that_plain_training_falls_for(tmp_path):
    terms = ["ea_mcc", "ea_coral", "ea_mmd"]
    found = accuracies(
        "gain",
        tmp_path,
        pipelines=["source_only", "dann", *terms],
        variants={term: {"alignment": [None]} for term in terms},
    )
    assert found.pop("source_only") < 0.7
    assert (found > 0.7).all()
