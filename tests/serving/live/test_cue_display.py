"""Cues in a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bci_dann.serving.live.cue_display import TerminalCues, large_text


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (40, 12)])
def test_a_cue_fills_the_terminal_and_no_more(size):
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=size[0], height=size[1])
    with TerminalCues(console) as display:
        output.truncate(0)
        display.show("cue", "left_hand", "trial 3 of 40")
        shown = output.getvalue()  # written at once
    drawn = [line for line in shown.splitlines() if "█" in line or "▀" in line]
    assert size[1] // 3 <= len(drawn) < size[1]
    assert "trial 3 of 40" in shown


def test_without_a_terminal_cues_are_lines():
    output = io.StringIO()
    with TerminalCues(Console(file=output)) as display:
        display.show("cue", "left_hand", "trial 3 of 40")
    assert output.getvalue() == "trial 3 of 40: left_hand\n"


def test_letters_fit_and_text_that_cannot_be_large_stays_text():
    rows = large_text("right hand", 76, 12).splitlines()
    assert len({len(row) for row in rows}) == 1
    assert 60 < len(rows[0]) <= 76
    assert len(rows) <= 12
    assert large_text("a very long name of a class indeed", 30, 12).startswith("a very long")
