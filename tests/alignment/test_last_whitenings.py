from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from bci_dann.alignment import last_whitenings
from bci_dann.alignment.last_whitenings import LastWhitenings
from bci_dann.alignment.whitening import inverse_square_root


@pytest.fixture
def references():
    X = np.random.default_rng(0).standard_normal((3, 4, 50))
    return list(X @ X.swapaxes(1, 2))


@pytest.fixture
def decomposed(monkeypatch):
    """The references that are decomposed from now on."""
    listed = []

    def noted(reference):
        listed.append(reference)
        return inverse_square_root(reference)

    monkeypatch.setattr(last_whitenings, "inverse_square_root", noted)
    return listed


def test_the_same_references_are_decomposed_once(references, decomposed):
    last = LastWhitenings()
    for _ in range(3):
        for whitening, reference in zip(last.of(references), references, strict=True):
            np.testing.assert_allclose(whitening @ reference @ whitening, np.eye(4), atol=1e-9)
    assert len(decomposed) == 3


def test_a_reference_that_was_replaced_is_decomposed_anew(references, decomposed):
    last = LastWhitenings()
    last.of(references)
    moved = [references[0], 4 * references[1], references[2]]
    np.testing.assert_allclose(last.of(moved)[1], inverse_square_root(references[1]) / 2)
    assert len(last.of(references[:2])) == 2


@pytest.mark.parametrize("through", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_is_empty(references, decomposed, through):
    last = LastWhitenings()
    last.of(references)
    assert len(pickle.dumps(last)) < 200
    through(last).of(references)
    assert len(decomposed) == 6
