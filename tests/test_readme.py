"""The README stays short, and what the command line offers is explained in it or in the guides.

Its code and its figures are tested with the pages, in ``tests/docs``.
"""

from __future__ import annotations

import pytest
import typer

from bci_dann.cli.app import app

MOST_LINES = 150
VERBS = sorted(typer.main.get_command(app).commands)


@pytest.fixture(scope="module")
def pages(project):
    texts = [path.read_text("utf-8") for path in sorted((project / "docs").rglob("*.md"))]
    return "\n".join([(project / "README.md").read_text("utf-8"), *texts])


def test_the_readme_is_short(project):
    assert len((project / "README.md").read_text("utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_explained(pages, verb):
    assert f"bci-dann {verb}" in pages


def test_nothing_is_left_to_fill_in(pages):
    assert not [mark for mark in ("@@", "TODO", "conclusion:") if mark in pages]
