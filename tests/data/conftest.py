"""MOABB's fake dataset in a size that tests can afford."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def fake_dataset():
    """Return a function that makes MOABB's FakeDataset of two classes."""
    from moabb.datasets.fake import FakeDataset

    def make(**changes):
        options = {"n_subjects": 2, "n_sessions": 2, "n_runs": 1, "seed": 5, "duration": 60}
        return FakeDataset(["left_hand", "right_hand"], n_events=12, **{**options, **changes})

    return make
