"""Examples in the help pages: every command has some, and they can be typed."""

from __future__ import annotations

import shlex

import pytest
import typer

from bci_dann.cli.app import COMMANDS, app
from bci_dann.cli.help_examples import EXAMPLES, START, epilog

LINES = [line for examples in EXAMPLES.values() for line in examples]


def test_every_command_has_examples_of_itself():
    assert set(EXAMPLES) == {command.__name__ for command in COMMANDS}
    for name, examples in EXAMPLES.items():
        assert examples
        assert all(line.startswith(f"bci-dann {name}") for line in examples)


@pytest.mark.parametrize("line", LINES)
def test_an_example_can_be_parsed(line):
    _, name, *arguments = shlex.split(line)
    command = typer.main.get_command(app).commands[name]
    command.make_context(name, arguments)  # raises on an unknown option


@pytest.mark.parametrize("line", [*LINES, *START])
def test_an_example_fits_on_a_line_of_a_terminal(line):
    assert len(line) <= 76


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_help_ends_with_the_examples(bci_dann, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    text = bci_dann(command.__name__, "--help").stdout
    assert "Examples" in text
    assert all(line in text for line in EXAMPLES[command.__name__])


def test_the_first_page_says_where_to_start(bci_dann):
    assert "bci-dann quickstart --jobs 2" in bci_dann("--help").stdout


def test_an_example_and_its_meaning_are_one_paragraph():
    assert epilog({"a": "b", "c": "d"}).count("\n\n") == 2
