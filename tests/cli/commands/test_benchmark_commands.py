"""The commands ``run``, ``choose`` and ``select``, and variants on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml


def test_run_prints_the_closing_table_and_writes_results(bci_dann, config, sources, tmp_path):
    out = tmp_path / "out"
    done = bci_dann("run", config, "--out", out, "--data-dir", sources)
    assert done.exit_code == 0, done.output
    assert "Leave one subject out: Recordings" in done.stdout
    assert set(pd.read_csv(out / "results.csv")["pipeline"]) == {"shallow", "plain"}
    first, _ = json.loads((out / "config.json").read_text())["pipelines"]  # as in the report
    assert f"gain: mean difference from {first} in points" in " ".join(done.stdout.split())


def test_seeds_replace_those_of_the_configuration(bci_dann, config, sources, tmp_path):
    done = bci_dann("run", config, "--dry-run", "--data-dir", sources, "--seeds", "3,4")
    assert done.exit_code == 0, done.output
    assert "3, 4" in done.stdout
    assert "12 tasks" in done.stdout


def test_protocols_replace_those_of_the_configuration(bci_dann, config, sources):
    arguments = ("--dry-run", "--data-dir", sources, "--protocols")
    done = bci_dann("run", config, *arguments, "online")
    assert done.exit_code == 0, done.output
    assert "online" in done.stdout
    wrong = bci_dann("run", config, *arguments, "onlin")
    assert wrong.exit_code == 2
    assert "Did you mean 'online'" in wrong.output


def test_pipelines_replace_those_of_the_configuration(bci_dann, config, sources):
    arguments = ("--dry-run", "--data-dir", sources, "--pipelines")
    done = bci_dann("run", config, *arguments, "ea_dann, source_only")
    assert done.exit_code == 0, done.output
    assert "6 tasks" in done.stdout
    assert "ea_dann" in done.stdout
    unknown = bci_dann("run", config, *arguments, "ea_dan")
    assert unknown.exit_code == 2
    assert "Did you mean 'ea_dann'" in unknown.stderr


def test_a_dry_run_lists_the_tasks_and_writes_nothing(
    bci_dann, config, sources, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BCI_DANN_CACHE", str(tmp_path / "cache"))  # no durations of earlier runs
    done = bci_dann("run", config, "--dry-run", "--data-dir", sources)
    assert done.exit_code == 0, done.output
    assert "6 tasks; results will be written to runs/mine" in done.stdout
    assert "Prepared trials: " in done.stdout
    assert "Time: not known before a task has finished" in " ".join(done.stdout.split())
    assert "downloaded" not in done.stdout  # they are recordings in a folder
    assert not (tmp_path / "runs").exists()


def test_results_go_to_a_folder_of_the_runs_name(bci_dann, config, sources, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = bci_dann("run", config, "--data-dir", sources)
    assert done.exit_code == 0, done.output
    assert "Every session: runs/mine/results.csv" in done.stdout
    assert "Every subject in one picture: runs/mine/subjects.png" in done.stdout
    assert Path("runs/mine/subjects.png").read_bytes().startswith(b"\x89PNG")
    selected = bci_dann("select", "runs/mine")
    assert selected.exit_code == 0, selected.output
    assert "Choice among pipelines: train" in selected.stdout
    assert "always shallow" in selected.stdout


def test_select_wants_a_folder_of_results_and_pipelines_in_it(bci_dann, tmp_path):
    done = bci_dann("select", tmp_path / "none")
    assert done.exit_code in (1, 2)
    assert done.stderr.startswith("Error: ")
    assert str(tmp_path / "none") in done.stderr


@pytest.fixture
def with_variants(config):
    content = {**yaml.safe_load(config.read_text()), "pipelines": ["shallow"]}
    content["variants"] = {"shallow": {"n_components": [2, 4], "alignment": [None, "euclidean"]}}
    config.write_text(yaml.safe_dump(content, sort_keys=False))
    return config


def test_choose_prints_what_is_chosen_and_what_it_is_worth(
    bci_dann, with_variants, sources, tmp_path
):
    out = tmp_path / "out"
    done = bci_dann("choose", with_variants, "--out", out, "--data-dir", sources)
    assert done.exit_code == 0, done.output
    assert "0/36 tasks are finished" in done.stderr
    assert "1/36 shallow[n_components=2,alignment=none], train, subject 1" in done.stderr
    chosen = pd.read_csv(out / "nested.csv").query("chosen")
    assert all(f" {name} " in done.stdout for name in chosen["pipeline"])
    for way in ("nested", "best over pseudo-targets", "best in hindsight", "oracle"):
        assert way in done.stdout
    assert set(pd.read_csv(out / "results.csv").groupby("pipeline").size()) == {3}
    names = "shallow[n_components=2,alignment=none],shallow[n_components=4,alignment=none]"
    selected = bci_dann("select", out, "--pipelines", names)
    assert selected.exit_code == 0, selected.output
    assert "always shallow[n_components=4,alignment=none]" in selected.stdout


def test_a_dry_run_of_choose_counts_the_tasks(bci_dann, with_variants, sources, tmp_path):
    arguments = ("--dry-run", "--data-dir", sources, "--out", tmp_path / "out")
    done = bci_dann("choose", with_variants, *arguments, "--seeds", "0,1", "--protocols", "online")
    assert done.exit_code == 0, done.output
    assert "72 tasks; results will be written to" in done.stdout
    assert (
        "In 48 of these tasks, another subject serves as the target for the choice" in done.stdout
    )
    assert "shallow[n_components=4,alignment=euclidean]" in done.stdout
    assert not (tmp_path / "out").exists()


def test_variants_of_what_is_not_asked_for_are_dropped(bci_dann, with_variants, sources):
    arguments = ("--dry-run", "--data-dir", sources, "--pipelines", "source_only")
    done = bci_dann("run", with_variants, *arguments)
    assert done.exit_code == 0, done.output
    assert "3 tasks" in done.stdout
    alone = bci_dann("choose", with_variants, *arguments)
    assert alone.exit_code == 2
    assert "a choice needs at least two pipelines" in alone.stderr


@pytest.fixture
def with_regimes(config):
    content = yaml.safe_load(config.read_text())
    content["regimes"] = {
        "whole": {},
        "two_channels": {"channels": ["C3", "C4"]},
        "last_look": {"n_trials": 10, "held_out": True},
    }
    config.write_text(yaml.safe_dump({**content, "baselines": ["plain"]}, sort_keys=False))
    return config


def test_regimes_are_run_printed_and_drawn(bci_dann, with_regimes, sources, tmp_path):
    out = tmp_path / "out"
    done = bci_dann("run", with_regimes, "--out", out, "--data-dir", sources)
    assert done.exit_code == 0, done.output
    assert "Regime 2 of 2: two_channels" in done.stderr
    assert "Regimes by pipelines: train" in done.stdout
    assert "│ worst" in done.stdout
    assert (out / "regimes.png").read_bytes().startswith(b"\x89PNG")
    assert f"Report with explanations: {out / 'report.html'}" in done.stdout
    assert set(pd.read_csv(out / "regimes.csv")["regime"]) == {"whole", "two_channels"}
    published = bci_dann("publish", out, "--out", tmp_path / "t.csv", "--note", "Two regimes.")
    assert published.exit_code == 0, published.output
    selected = bci_dann("select", out / "two_channels")
    assert selected.exit_code == 0, selected.output


def test_regimes_whose_tasks_fail_have_a_report_that_says_so(
    bci_dann, with_regimes, sources, tmp_path, monkeypatch
):
    def compute(task, *_):
        raise MemoryError(f"no room for {task.pipeline.name}")

    monkeypatch.setattr("bci_dann.evaluation.runs.worker.compute", compute)
    out = tmp_path / "out"
    done = bci_dann("run", with_regimes, "--out", out, "--data-dir", sources)
    assert done.exit_code == 1
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "two_channels: 6 of 6 tasks have no record, 6 failed." in page
    assert "no room for shallow" in page
    assert "so there are no scores" in page


def test_a_dry_run_lists_regimes(bci_dann, with_regimes, sources, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ("run", with_regimes, "--data-dir", sources, "--dry-run")
    done = bci_dann(*arguments)
    assert done.exit_code == 0, done.output
    assert "12 tasks in 2 regimes; results will be written to runs/mine" in done.stdout
    held_out = bci_dann(*arguments, "--held-out", "--regimes", "whole, last_look")
    assert held_out.exit_code == 0, held_out.output
    assert "last_look" in held_out.stdout
    assert "two_channels" not in held_out.stdout
    assert not (tmp_path / "runs").exists()


def test_regimes_that_are_not_there_are_refused(bci_dann, with_regimes, sources, tmp_path):
    arguments = ("run", with_regimes, "--data-dir", sources, "--out", tmp_path / "out")
    unknown = bci_dann(*arguments, "--regimes", "hole")
    assert unknown.exit_code == 2
    assert "Did you mean 'whole'" in unknown.stderr
    waiting = bci_dann(*arguments, "--regimes", "last_look")
    assert waiting.exit_code == 2
    assert "--held-out" in waiting.stderr
    none = bci_dann("run", "quickstart", "--regimes", "whole")
    assert none.exit_code == 2
    assert "quickstart has no regimes" in none.stderr


def test_a_model_is_not_trained_in_a_regime(bci_dann, config, sources, tmp_path):
    content = yaml.safe_load(config.read_text())
    content["data"]["regime"] = {"n_trials": 10}
    config.write_text(yaml.safe_dump(content))
    arguments = ("--data-dir", sources, "--pipeline", "shallow", "--out", tmp_path / "model")
    done = bci_dann("fit", config, *arguments)
    assert done.exit_code == 2
    assert "data.regime changes trials to compare methods" in done.stderr


def test_a_value_that_is_set_is_in_the_manifest(bci_dann, config, sources, tmp_path):
    arguments = ("--data-dir", sources, "--out", tmp_path / "out")
    settings = ("--set", "preprocessing.band=[9, 27]", "--set", "seeds=[4]")
    done = bci_dann("run", config, *arguments, *settings)
    assert done.exit_code == 0, done.output
    manifest = json.loads((tmp_path / "out" / "config.json").read_text())
    assert manifest["fixed"]["preprocessing"]["band"] == [9.0, 27.0]
    assert manifest["seeds"] == [4]
    again = bci_dann("run", config, *arguments)
    assert again.exit_code != 0
    assert "preprocessing" in again.output
    assert bci_dann("run", config, *arguments, "--set", "preprocessing.bnad=1").exit_code == 2


def test_windows_over_recordings_have_their_own_table(bci_dann, config, sources, tmp_path):
    settings = ("preprocessing.filter_method=causal", "preprocessing.window=[0.2, 0.8]")
    settings += ("pseudo_online.step=0.25", "protocols=[train, online]")
    options = [one for setting in settings for one in ("--set", setting)]
    out = tmp_path / "out"
    done = bci_dann("run", config, "--out", out, "--data-dir", sources, *options)
    assert done.exit_code == 0, done.output
    assert "Pseudo-online: Recordings, online (causal)" in done.stdout
    assert "Leave one subject out" not in done.stdout
    assert "pseudo_online.csv" in done.stdout
    scores = pd.read_csv(out / "pseudo_online.csv")
    assert len(scores) == 2 * 2 * 3
    # the class raises a rhythm on one side by a factor that no shift hides
    assert scores.query("pipeline == 'shallow'")["mcc"].mean() > 0.2


def test_windows_without_causal_filters_are_refused(bci_dann, config, sources):
    done = bci_dann("run", config, "--data-dir", sources, "--set", "pseudo_online.step=0.25")
    assert done.exit_code == 2
    assert "filter_method: causal" in done.stderr


def test_a_log_for_tensorboard_is_of_one_run(bci_dann, tmp_path):
    done = bci_dann("run", "suites/mi-v1", "--dry-run", "--tensorboard", tmp_path / "log")
    assert done.exit_code == 2
    assert "--tensorboard logs a single run, but this is a suite" in " ".join(done.stderr.split())
