"""Networks do not depend on the default precision that a user has given torch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch

from bci_dann import load_model
from bci_dann.components import built_in_names
from bci_dann.estimators import DANNClassifier, RiemannianClassifier, SourceOnlyClassifier
from bci_dann.models.precision import single_precision

QUICK = {"max_epochs": 1, "random_state": 0}
METHODS = {
    "EEGNet": lambda: SourceOnlyClassifier("EEGNet", **QUICK),
    "ShallowFBCSPNet": lambda: SourceOnlyClassifier("ShallowFBCSPNet", **QUICK),
    "of braindecode": lambda: SourceOnlyClassifier("EEGConformer", **QUICK),
    "every term": lambda: DANNClassifier(**QUICK, terms=dict.fromkeys(built_in_names("term"), 0.1)),
    "own normalisation": lambda: DANNClassifier(**QUICK, batch_norm="domain"),
    "augmented": lambda: DANNClassifier(**QUICK, augmentation={"FTSurrogate": {}}),
    "linear": lambda: RiemannianClassifier(terms={"information_maximisation": 0.5}),
}


@pytest.fixture
def in_double_precision():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    assert torch.get_default_dtype() == torch.float64  # it belongs to the user
    torch.set_default_dtype(before)


@pytest.fixture(scope="module")
def fold(draw_toy_eeg):
    toy = draw_toy_eeg(n_subjects=3, n_trials=20)
    return (*toy.without(1), toy.of(1)[0])


def fitted(name, fold):
    X, y, subjects, X_new = fold
    return METHODS[name]().fit(X, y, subjects=subjects, X_target_unlabeled=X_new)


@pytest.fixture(scope="module", params=list(METHODS))
def in_single_precision(request, fold, tmp_path_factory):
    """The name of a method, its probabilities before and after adaptation, and its file."""
    model = fitted(request.param, fold)
    path = tmp_path_factory.mktemp("model")
    model.save(path)
    adapted = model.adapt(fold[-1])
    return request.param, model.predict_proba(fold[-1]), adapted.predict_proba(fold[-1]), path


def test_results_do_not_depend_on_the_default_precision(
    in_single_precision, fold, in_double_precision
):
    name, expected, expected_adapted, path = in_single_precision
    for model in (fitted(name, fold), load_model(path)):
        np.testing.assert_array_equal(model.predict_proba(fold[-1]), expected)
        adapted = model.adapt(fold[-1])
        np.testing.assert_array_equal(adapted.predict_proba(fold[-1]), expected_adapted)


def test_the_default_returns_when_the_last_thread_has_left(in_double_precision):
    entered = Barrier(2)

    def work(index):
        with single_precision():
            entered.wait(timeout=10)
            return torch.get_default_dtype()

    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(work, range(2))) == {torch.float32}


def test_the_default_returns_after_an_error(in_double_precision):
    with pytest.raises(RuntimeError), single_precision():
        raise RuntimeError
