"""The application: version, help, and one entry for each command."""

from __future__ import annotations

import pytest

import bci_dann as package
from bci_dann.cli.app import COMMANDS


def test_version(bci_dann):
    done = bci_dann("--version")
    assert done.exit_code == 0
    assert done.stdout == f"bci-dann {package.__version__}\n"


def test_version_comes_before_a_wrong_command(bci_dann):
    assert bci_dann("--version", "nonsense").stdout.startswith("bci-dann ")


def test_help_lists_every_command_and_no_arguments_are_help(bci_dann):
    listed = bci_dann("--help").stdout
    assert all(f" {command.__name__} " in listed for command in COMMANDS)
    assert bci_dann().output.strip() == listed.strip()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_each_command_has_help_in_plain_words(bci_dann, command):
    done = bci_dann(command.__name__, "--help")
    assert done.exit_code == 0
    text = " ".join(done.stdout.replace("│", " ").split())
    assert " ".join(command.__doc__.split()) in text
    assert "person" not in text
    assert "people" not in text
