"""Causal filters: their delay is what is told, and an offset gives no transient."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data import Preprocessing
from bci_dann.serving.online.causal_filter import CausalFilter, group_delay_s


@pytest.mark.parametrize("steps", [{"band": (8, 30)}, {"band": (8, 30), "notch": 50.0}])
@pytest.mark.parametrize("sfreq", [125.0, 250.0])
def test_a_burst_in_the_middle_of_the_band_is_late_by_the_group_delay(steps, sfreq):
    steps = Preprocessing(**steps)
    times = np.arange(0, 8, 1 / sfreq)
    burst = np.exp(-((times - 3) ** 2)) * np.cos(2 * np.pi * np.sqrt(8 * 30) * times)
    result = CausalFilter(sfreq, steps).filtered(burst[None])[0]
    centre = (times * result**2).sum() / (result**2).sum()
    assert centre - 3 == pytest.approx(group_delay_s(sfreq, steps), abs=1e-3)


def test_an_offset_gives_no_transient():
    result = CausalFilter(250.0, Preprocessing(band=(8, 30), notch=50.0)).filtered(
        np.full((2, 500), 2e5)
    )
    assert np.abs(result).max() < 1e-6


def test_without_filters_the_signal_stays_as_it_is():
    steps, samples = Preprocessing(band=None), np.ones((2, 5))
    assert CausalFilter(250.0, steps).filtered(samples) is samples
    assert group_delay_s(250.0, steps) == 0
