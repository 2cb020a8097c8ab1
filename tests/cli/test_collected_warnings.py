"""Warnings of a command: once each, with a count, at its end."""

from __future__ import annotations

import warnings

import pytest

from bci_dann.cli.collected_warnings import collected_warnings, warning_line
from bci_dann.exceptions import BCIDannWarning


def test_each_is_printed_once_with_its_count_at_the_end(capsys):
    with collected_warnings():
        for _ in range(3):
            warnings.warn("[few] trials", BCIDannWarning, stacklevel=1)
        warnings.warn("another", BCIDannWarning, stacklevel=1)
        warnings.warn("of a library", FutureWarning, stacklevel=1)
        assert capsys.readouterr().err == ""
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["Warning: 3 times: [few] trials", "Warning: another"]


def test_those_that_differ_in_numbers_only_are_one(capsys):
    with collected_warnings():
        for auc in ("0.98", "1.000", "0.98"):
            warnings.warn(f"domain AUC {auc}", BCIDannWarning, stacklevel=1)
    assert capsys.readouterr().err == "Warning: 3 times, first: domain AUC 0.98\n"


def test_they_are_printed_when_the_command_fails(capsys):
    @collected_warnings()
    def interrupted():
        warnings.warn("few trials", BCIDannWarning, stacklevel=1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert capsys.readouterr().err == "Warning: few trials\n"


def test_filters_are_as_before_afterwards():
    before = (list(warnings.filters), warnings.showwarning)
    with collected_warnings():
        pass
    assert (list(warnings.filters), warnings.showwarning) == before


def test_a_single_one_has_no_count():
    assert warning_line({"few trials": 1}) == "Warning: few trials"
