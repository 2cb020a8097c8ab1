"""Montages under their old and new names."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data.montages import RENAMED_MONTAGES, standard_montage
from bci_dann.exceptions import ConfigError


@pytest.mark.parametrize(("old", "new"), RENAMED_MONTAGES.items())
def test_old_and_new_names_are_the_same_positions(old, new):
    first, second = (standard_montage(name).get_positions()["ch_pos"] for name in (old, new))
    assert list(first) == list(second)
    np.testing.assert_array_equal(list(first.values()), list(second.values()))


def test_no_deprecated_name_is_asked_of_mne():
    # warnings are errors in these tests, and MNE 1.13 warns of the old names
    assert "C3" in standard_montage("standard_1020").ch_names


@pytest.mark.parametrize("available", [["standard_1005"], ["colin27_1005"]])
def test_either_name_is_enough_for_mne(monkeypatch, available):
    requested = []
    monkeypatch.setattr(mne.channels, "get_builtin_montages", lambda: available)
    monkeypatch.setattr(mne.channels, "make_standard_montage", requested.append)
    standard_montage("standard_1005")
    standard_montage("colin27_1005")
    assert requested == available * 2


def test_other_montages_keep_their_name():
    assert len(standard_montage("biosemi32").ch_names) == 32


def test_an_unknown_montage_is_told_with_the_nearest_and_the_way_without():
    with pytest.raises(ConfigError, match=r"'biosemi33'.*Did you mean 'biosemi32'.*montage: null"):
        standard_montage("biosemi33")
