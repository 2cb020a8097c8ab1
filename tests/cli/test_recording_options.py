from __future__ import annotations

import pytest

from bci_dann.cli.recording_options import parse_cues, parse_renames
from bci_dann.exceptions import ConfigError


def test_cues_with_and_without_classes():
    cues = parse_cues(["start", "769=left_hand", "Stimulus/S=1=left", "a=b="])
    assert cues == {"start": None, "769": "left_hand", "Stimulus/S=1": "left", "a=b": None}
    assert parse_renames(["Ch1=C3", "x = Cz"]) == {"Ch1": "C3", "x": "Cz"}


@pytest.mark.parametrize("texts", [["=left_hand"], [""], ["a=left", "a=right"], ["a", "a=left"]])
def test_cues_that_cannot_be_read(texts):
    with pytest.raises(ConfigError, match=r"^--cue "):
        parse_cues(texts)


@pytest.mark.parametrize("texts", [["C3"], ["C3="], ["=C3"], ["a=C3", "a=C4"]])
def test_renames_that_cannot_be_read(texts):
    with pytest.raises(ConfigError, match=r"^--rename "):
        parse_renames(texts)
