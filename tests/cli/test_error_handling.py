"""Errors and warnings of commands: one line, an exit code, no traceback."""

from __future__ import annotations

import subprocess
import sys
import warnings

import pytest
import yaml

from bci_dann.cli.error_handling import exit_code_of
from bci_dann.exceptions import (
    BCIDannWarning,
    ConfigError,
    DataError,
    InstallationError,
    ResultsError,
)

MORE = "(details: bci-dann --debug COMMAND)"


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


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyboardInterrupt(), "Stopped: files are kept, if any were written."),
        (
            NotImplementedError(),
            "Error: NotImplementedError (details: bci-dann --debug COMMAND)",
        ),
        (DataError(), "Error: DataError (details: bci-dann --debug COMMAND)"),
        (MemoryError(""), "Error: MemoryError (details: bci-dann --debug COMMAND)"),
        (AssertionError(" "), "Error: AssertionError (details: bci-dann --debug COMMAND)"),
    ],
)
def test_an_error_without_a_message_is_named(bci_dann, config, monkeypatch, error, line):
    def silent(*_, **__):
        raise error

    monkeypatch.setattr("bci_dann.evaluation.runs.runner.run_benchmark", silent)
    assert bci_dann("run", config).stderr.strip() == line


def test_unexpected_errors_have_no_traceback_either(bci_dann, config, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("[red]oops[/red]")

    monkeypatch.setattr("bci_dann.evaluation.runs.runner.run_benchmark", broken)
    done = bci_dann("run", config)
    assert done.exit_code == 1
    assert "ZeroDivisionError: [red]oops[/red]" in done.stderr
    assert "Traceback" not in done.output


def test_own_warnings_are_a_line_and_those_of_others_nothing(bci_dann, config, monkeypatch):
    def warning(*_, **__):
        warnings.warn("[few] trials", BCIDannWarning, stacklevel=1)
        warnings.warn("deprecated", FutureWarning, stacklevel=1)
        raise ConfigError("and then an error")

    monkeypatch.setattr("bci_dann.evaluation.runs.runner.run_benchmark", warning)
    done = bci_dann("run", config)
    assert done.stderr.splitlines() == ["Warning: [few] trials", "Error: and then an error"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("wrong"), 2),
        (DataError("wrong"), 2),
        (ResultsError("wrong"), 1),
        (InstallationError("wrong"), 1),
        (KeyError("wrong"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(error, code):
    assert exit_code_of(error) == code


def test_exits_of_typer_are_left_to_typer():
    import typer

    assert exit_code_of(typer.Exit(3)) is None
    assert exit_code_of(typer.BadParameter("wrong")) is None


def test_a_mistyped_option_or_command_is_told(bci_dann, config):
    assert "--dry-run" in bci_dann("run", config, "--dry-rn").stderr
    assert "Did you mean 'doctor'" in bci_dann("docter").stderr


def test_a_list_with_spaces_is_told_how_lists_are_written(bci_dann, config):
    done = bci_dann("run", config, "--pipelines", "dann", "ea_dann")
    assert done.exit_code == 2
    words = " ".join(done.stderr.replace("│", " ").split())
    assert "(ea_dann). Lists have commas and no spaces, as in --pipelines" in words


def test_a_closed_pipe_ends_a_command_without_a_message():
    program = (
        "import typer\n"
        "from bci_dann.cli.error_handling import ErrorReportingGroup\n"
        "app = typer.Typer(cls=ErrorReportingGroup)\n"
        "app.callback()(lambda: None)\n"
        "app.command('talk')(lambda: typer.echo('line'))\n"
        "app(['talk'])\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()  # as head does, once it has its lines
        assert process.stderr.read() == b""
        assert process.wait(60) == 1
