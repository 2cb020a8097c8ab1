from __future__ import annotations

import pytest

from bci_dann.evaluation import load_config, run_benchmark
from bci_dann.examples.remedies import REMEDIES, SHIFTS, TERMS, configuration


@pytest.mark.parametrize("name", SHIFTS)
def test_every_configuration_is_valid(name):
    config = load_config(configuration(SHIFTS[name], 0))
    assert len(config.pipelines) == len(REMEDIES) + len(TERMS)


def test_rotation_costs_what_alignment_brings_back(tmp_path):
    def accuracies(shift):
        plan = configuration(SHIFTS[shift], 0)
        plan["pipelines"] = ["ts_logistic", "ra_ts_logistic"]
        plan["pipeline_parameters"], plan["variants"] = {}, {}
        results = run_benchmark(plan, tmp_path / shift, progress=False)
        return results.groupby("pipeline")["accuracy"].mean()

    straight, turned = accuracies("none"), accuracies("rotation")
    assert turned["ts_logistic"] < straight["ts_logistic"] - 0.1
    assert turned["ra_ts_logistic"] > turned["ts_logistic"] + 0.05
