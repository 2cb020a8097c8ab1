from __future__ import annotations

import pandas as pd
import pytest
import yaml


def test_run_prints_the_closing_table_and_writes_results(bci_dann, config, sources, tmp_path):
    out = tmp_path / "out"
    done = bci_dann("run", config, "--out", out, "--data-dir", sources)
    assert done.exit_code == 0, done.output
    assert "Leave one subject out: Recordings" in done.stdout
    assert set(pd.read_csv(out / "results.csv")["pipeline"]) == {"shallow", "plain"}


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


def test_dry_run_lists_and_writes_nothing(bci_dann, config, sources, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = bci_dann("run", config, "--dry-run", "--data-dir", sources)
    assert done.exit_code == 0, done.output
    assert "6 tasks; results would go to runs/mine" in done.stdout
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocols": ["trian"]}, "Did you mean 'train'"),
        ({"pipelines": ["shalow"]}, "Did you mean 'shallow'"),
        ({"seed": [1]}, "Did you mean 'seeds'"),
        ({"data": {"dataset": "BNCI2014_01"}}, "Did you mean 'BNCI2014_001'"),
    ],
)
def test_a_mistake_is_one_clean_message(bci_dann, config, sources, change, message):
    content = {**yaml.safe_load(config.read_text()), **change}
    config.write_text(yaml.safe_dump(content))
    done = bci_dann("run", config, "--dry-run", "--data-dir", sources)
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: ")
    assert message in done.stderr
    assert "Traceback" not in done.output


def test_debug_shows_the_error_itself(bci_dann, tmp_path):
    done = bci_dann("--debug", "run", tmp_path / "none.yaml")
    assert type(done.exception).__name__ == "ConfigError"


def test_another_configuration_in_the_folder_exits_with_1(bci_dann, config, sources, tmp_path):
    (tmp_path / "config.json").write_text("{")
    done = bci_dann("run", config, "--dry-run", "--data-dir", sources, "--out", tmp_path)
    assert done.exit_code == 1
    assert "cannot be read" in done.stderr


def test_ctrl_c_exits_with_130_and_says_how_to_go_on(bci_dann, config, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt("interrupted: 2 of 3 tasks are finished")

    monkeypatch.setattr("bci_dann.evaluation.runs.runner.run_benchmark", interrupted)
    done = bci_dann("run", config)
    assert done.exit_code == 130
    assert "2 of 3 tasks" in done.stderr


def test_unexpected_errors_have_no_traceback_either(bci_dann, config, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("[red]oops[/red]")

    monkeypatch.setattr("bci_dann.evaluation.runs.runner.run_benchmark", broken)
    done = bci_dann("run", config)
    assert done.exit_code == 1
    assert "ZeroDivisionError: [red]oops[/red]" in done.stderr
    assert "Traceback" not in done.output


def test_seeds_that_are_no_numbers(bci_dann, config):
    done = bci_dann("run", config, "--seeds", "0;1")
    assert done.exit_code == 2
    assert "--seeds takes whole numbers" in done.stderr


def test_mistyped_option_and_verb(bci_dann, config):
    assert "--dry-run" in bci_dann("run", config, "--dry-rn").stderr
    assert "Did you mean 'doctor'" in bci_dann("docter").stderr


def test_datasets_lists_ours_and_moabbs(bci_dann):
    names = bci_dann("datasets").stdout.split()
    assert {"SimulatedMI", "Recordings", "BNCI2014_001"} <= set(names)


def test_pipelines_lists_files_here(bci_dann, config, monkeypatch):
    monkeypatch.chdir(config.parent.parent)
    done = bci_dann("pipelines")
    assert "Covariances + TangentSpace + LogisticRegression" in done.stdout
