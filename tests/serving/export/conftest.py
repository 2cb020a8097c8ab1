"""Fitted estimators, each as a model with the recipe of its trials."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data import DataConfig, Preprocessing, RecordingsLayout
from bci_dann.serving import ModelRecipe, ServedModel

SFREQ = 128.0


@pytest.fixture
def served(toy_eeg):
    """Return a function that fits an estimator to three subjects, and adapts it to the fourth."""

    def make(estimator, adapt=True):
        X, y, subjects = toy_eeg.without(4)
        fitted = estimator.fit(X, y, subjects=subjects)
        if adapt:
            fitted = fitted.adapt(toy_eeg.of(4)[0])
        recipe = ModelRecipe(
            pipeline="mine",
            seed=0,
            classes=["a", "b"],
            sfreq=SFREQ,
            data=DataConfig(dataset="SimulatedMI"),
            preprocessing=Preprocessing(channels=[f"C{i}" for i in range(X.shape[1])]),
            layout=RecordingsLayout(pattern="{subject}", events={"a": "a", "b": "b"}),
            typical_uv=float(np.median(X.std(axis=2))),
        )
        return ServedModel(fitted, recipe)

    return make
