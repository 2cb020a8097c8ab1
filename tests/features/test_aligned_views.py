"""Tangent vectors of signals that a user-defined alignment has aligned."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.alignment import EuclideanAlignment
from bci_dann.features import AlignedViews, TangentViews


class RestAlignment(EuclideanAlignment):
    """An alignment whose references are those of rest windows."""

    takes_rest = True

    def fit(self, X, domains=None, rest=None, rest_domains=None):
        return super().fit(rest, rest_domains)

    def extend(self, X, domains=None, rest=None, rest_domains=None):
        return super().extend(rest, rest_domains)


@pytest.fixture
def trials():
    return np.random.default_rng(0).normal(0, 10, (12, 3, 128)).astype(np.float32)


def views(alignment):
    return AlignedViews(alignment, TangentViews(None, n_windows=1, n_delays=1))


def test_rest_windows_reach_the_alignment(trials):
    domains, windows = np.repeat(["1/0", "2/0"], 6), {"rest_domains": ["1/0", "2/0"]}
    aligned = views(RestAlignment())
    assert aligned.takes_rest
    aligned.fit(trials, domains, rest=trials[[0, 6], :, :64], **windows)
    expected = EuclideanAlignment().fit(trials[[0, 6], :, :64], ["1/0", "2/0"])
    np.testing.assert_array_equal(aligned.first.fallback_, expected.fallback_)
    aligned.extend(trials[:6], ["3/0"] * 6, rest=3 * trials[:1], rest_domains=["3/0"])
    expected.extend(3 * trials[:1], ["3/0"])
    np.testing.assert_array_equal(aligned.first.references_["3/0"], expected.references_["3/0"])


def test_an_alignment_without_rest_windows_gets_none(trials):
    aligned = views(EuclideanAlignment())
    assert not aligned.takes_rest
    assert aligned.fit(trials).transform(trials).shape == (12, 6)
