"""The configuration of windows, and steps that would let them look ahead."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bci_dann.data import Preprocessing, PseudoOnline
from bci_dann.data.windows.pseudo_online import check_causal_steps
from bci_dann.exceptions import ConfigError


@pytest.mark.parametrize("wrong", [{"step": 0}, {"task_share": 0}, {"task_share": 2}, {"idle": ""}])
def test_wrong_values_are_refused(wrong):
    with pytest.raises(ValidationError):
        PseudoOnline(**wrong)


@pytest.mark.parametrize("method", ["iir", "fir"])
def test_filters_must_not_look_ahead(method):
    with pytest.raises(ConfigError, match="needs `filter_method: causal`"):
        check_causal_steps(Preprocessing(filter_method=method))


def test_without_filters_nothing_looks_ahead():
    check_causal_steps(Preprocessing(band=None))


def test_rest_windows_need_cues():
    steps = Preprocessing(filter_method="causal", rest_window=(-2, -1))
    with pytest.raises(ConfigError, match="cannot be combined with"):
        check_causal_steps(steps)
