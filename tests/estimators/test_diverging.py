"""A learning rate so large that a network gives no numbers."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest

from bci_dann.estimators import EnsembleClassifier, SourceOnlyClassifier, fit_together
from bci_dann.exceptions import TrainingError


@pytest.mark.parametrize("backbone", ["EEGNet", "ShallowFBCSPNet"])
@pytest.mark.parametrize("lr", [1e6, 1e20, 1e30])
def test_it_gives_probabilities_or_an_error(toy_eeg, backbone, lr):
    X, y, subjects = toy_eeg.without(1)
    model = SourceOnlyClassifier(backbone, max_epochs=3, lr=lr, random_state=0)
    with suppress(TrainingError):
        assert np.isfinite(model.fit(X, y, subjects=subjects).predict_proba(X)).all()


def test_the_fold_is_named(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    model = SourceOnlyClassifier("EEGNet", max_epochs=3, lr=1e30, random_state=0)
    given = [{"X": X, "y": y, "subjects": subjects}]
    (error,) = fit_together([model], given, names=["dann, train, subject 3, seed 0"])
    assert isinstance(error, TrainingError)
    assert "subject 3, seed 0" in str(error)
    assert "epoch 1" in str(error)


def test_an_ensemble_does_not_hide_it(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    network = SourceOnlyClassifier("EEGNet", max_epochs=3, lr=1e30, random_state=0)
    with pytest.raises(TrainingError, match="Lower `lr`"):
        EnsembleClassifier([(network, 1.0), ("csp_lda", 1.0)]).fit(X, y, subjects=subjects)
