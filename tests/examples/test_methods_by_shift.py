"""Methods under each kind of shift: valid runs, a table, and the effect it shows."""

from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

from bci_dann.data import load_dataset
from bci_dann.estimators import build_method
from bci_dann.evaluation import load_config, run_benchmark
from bci_dann.examples.methods_by_shift import (
    METHODS,
    SHIFTS,
    TERMS,
    accuracy_table,
    configuration,
    main,
)


@pytest.mark.parametrize("name", SHIFTS)
def test_every_configuration_is_valid(name):
    config = load_config(configuration(SHIFTS[name], 0))
    assert len(config.pipelines) == len(METHODS) + len(TERMS)


def test_a_configuration_differs_by_its_shift_and_seed_only():
    first, other = configuration({"gain": 4.0}, 0), configuration({"head": 3.0}, 5)
    assert first["data"]["params"].pop("shift") == {"gain": 4.0}
    assert other["data"]["params"].pop("shift") == {"head": 3.0}
    assert other["data"]["params"].pop("random_state") == 5
    assert other.pop("seeds") == [5]
    first["data"]["params"].pop("random_state")
    first.pop("seeds")
    assert first == other


def test_the_first_shift_is_none_and_each_of_the_next_is_of_one_kind():
    amounts = list(SHIFTS.values())
    assert amounts[0] == {}
    assert [len(shift) for shift in amounts[1:-1]] == [1] * (len(amounts) - 2)


@pytest.fixture
def benchmark(monkeypatch):
    """Replace runs by results that tell shift and seed apart; return the calls."""
    calls = []

    def run(config, out, *, n_jobs):
        params = config["data"]["params"]
        calls.append((params["shift"], params["random_state"], out.name, n_jobs))
        level = 0.5 + 0.1 * sum(params["shift"].values()) / 4 + 0.02 * params["random_state"]
        rows = [(name, level + 0.01 * subject) for name in ("b", "a") for subject in (0, 1)]
        return pd.DataFrame(rows, columns=["pipeline", "accuracy"])

    monkeypatch.setattr("bci_dann.evaluation.run_benchmark", run)
    return calls


def test_the_table_is_the_mean_over_subjects_and_simulations(benchmark, tmp_path):
    table = accuracy_table(tmp_path, n_simulations=2, n_jobs=3)
    assert list(table.columns) == list(SHIFTS)
    assert list(table.index) == ["b", "a"]  # the order of the pipelines
    assert table.loc["a", "none"] == pytest.approx(100 * (0.5 + 0.005 + 0.01))
    assert table.loc["b", "gain"] == pytest.approx(100 * (0.6 + 0.005 + 0.01))


def test_every_simulation_has_a_folder_of_its_own(benchmark, tmp_path):
    accuracy_table(tmp_path, n_simulations=2, n_jobs=3)
    folders = [folder for _, _, folder, _ in benchmark]
    assert folders[:2] == ["none-0", "none-1"]
    assert len(set(folders)) == 2 * len(SHIFTS)
    assert {n_jobs for *_, n_jobs in benchmark} == {3}


def test_the_command_prints_the_table(benchmark, tmp_path):
    import typer

    app = typer.Typer()
    app.command()(main)
    done = CliRunner(env={"COLUMNS": "120"}).invoke(
        app, ["--out", str(tmp_path), "--simulations", "1", "--jobs", "2"]
    )
    assert done.exit_code == 0, done.output
    assert "Accuracy on new subjects" in done.output
    assert "50.5" in done.output
    assert len(benchmark) == len(SHIFTS)


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
def test_terms_cure_the_gain_that_plain_training_falls_for():
    plan = load_config(configuration(SHIFTS["gain"], 0))
    trials = load_dataset(plan.data, preprocessing=plan.preprocessing)
    training = {**plan.pipeline_parameters["*"], "max_epochs": 25, "random_state": 0}
    scores = dict.fromkeys(["source_only", "dann", "ea_mcc", "ea_coral", "ea_mmd"], 0.0)
    for subject in ("1", "2"):
        own = trials.subjects == subject
        source, target = trials[~own].unlabelled(), trials[own].unlabelled()
        for name in scores:
            model = build_method(name).set_params(alignment=None, **training)
            model.fit(source, trials.y[~own], X_target_unlabeled=target)
            scores[name] += model.score(target, trials.y[own]) / 2
    assert scores.pop("source_only") < 0.7
    assert min(scores.values()) > 0.7
