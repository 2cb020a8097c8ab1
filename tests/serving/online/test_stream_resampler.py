"""Resampling of a stream: the signal of the other rate, late by a time that is told."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.exceptions import ConfigError
from bci_dann.serving.online.stream_resampler import StreamResampler


@pytest.mark.parametrize(("sfreq", "to"), [(160, 128), (250, 125), (512, 128), (100, 125)])
def test_a_sine_is_the_same_sine_later(sfreq, to):
    one = StreamResampler(sfreq, to)
    result = one.resampled(np.sin(2 * np.pi * 10 * np.arange(4 * sfreq) / sfreq)[None])[0]
    times = np.arange(len(result)) / to - one.delay_s
    np.testing.assert_allclose(result[to:], np.sin(2 * np.pi * 10 * times)[to:], atol=2e-3)
    assert one.delay_s < 0.12


def test_what_the_model_could_not_tell_from_its_band_is_removed():
    one = StreamResampler(512, 128)
    alias = one.resampled(np.sin(2 * np.pi * 118 * np.arange(2048) / 512)[None])  # 10 Hz at 128 Hz
    assert np.abs(alias[:, 64:]).max() < 1e-2


@pytest.mark.parametrize(("sfreq", "to"), [(160, 128), (1000, 128), (100, 125), (128, 128)])
def test_so_many_inputs_give_so_many_outputs(sfreq, to):
    for n_outputs in (1, 2, 77, 385):
        n_inputs = StreamResampler(sfreq, to).inputs_for(n_outputs)
        sizes = [StreamResampler(sfreq, to).resampled(np.ones((1, n))).shape[1]
                 for n in (n_inputs - 1, n_inputs)]  # fmt: skip
        assert sizes[1] >= n_outputs > sizes[0]


def test_a_rate_that_differs_by_rounding_is_the_same():
    samples = np.ones((1, 7))
    assert StreamResampler(127.9999, 128.0).resampled(samples) is samples


def test_a_ratio_that_is_no_fraction_is_refused():
    with pytest.raises(ConfigError, match=r"a stream at 70000 Hz cannot be resampled .* 128 Hz"):
        StreamResampler(70_000, 128)
