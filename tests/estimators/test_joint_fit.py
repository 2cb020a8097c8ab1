from __future__ import annotations

import numpy as np
import pytest

from bci_dann import DANNClassifier, ReweightedClassifier, SourceOnlyClassifier
from bci_dann.estimators import fit_together
from bci_dann.exceptions import ConfigError, DataError, TrainingError


def trials(seed, n=40):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(scale=10, size=(n, 3, 128)), np.arange(n) % 2
    X[y == 1] *= 1.5
    return X.astype("f4"), y, np.repeat(["a", "b"], n // 2)


def arguments(seed):
    X, y, subjects = trials(seed)
    target = trials(seed + 50, n=20)[0]
    return {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": target}


def model(kind, seed):
    return kind("EEGNet", sfreq=64.0, max_epochs=3, lr=1e-2, random_state=seed)


@pytest.mark.parametrize("stack", [True, False])
@pytest.mark.parametrize("kind", [DANNClassifier, SourceOnlyClassifier, ReweightedClassifier])
def test_together_is_as_alone(kind, stack):
    given, new = [arguments(seed) for seed in range(3)], trials(9)[0]
    alone = [model(kind, seed).fit(**given[seed]) for seed in range(3)]
    together = fit_together([model(kind, seed) for seed in range(3)], given, stack=stack)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(
            one.predict_proba(new), other.predict_proba(new), rtol=0, atol=0 if not stack else 2e-3
        )
        assert len(other.history_) == 3


def test_kinds_that_cannot_be_stacked_are_trained_apart():
    models = [model(DANNClassifier, 0), model(SourceOnlyClassifier, 0), model(DANNClassifier, 1)]
    fitted = fit_together(models, [arguments(0)] * 3, stack=True)
    for one, other in zip([type(m) for m in models], fitted, strict=True):
        assert isinstance(other, one)
        assert other.predict(trials(3)[0]).shape == (40,)


class Broken(DANNClassifier):
    def weigh(self, spec, trials, *given, **named):
        return np.full(len(trials.labels), np.inf)


def test_what_stops_one_leaves_the_others():
    models = [model(Broken, 0), model(DANNClassifier, 1)]
    error, fitted = fit_together(
        models, [arguments(0), arguments(1)], names=["fold 3, seed 0", "fold 4, seed 1"], stack=True
    )
    assert isinstance(error, TrainingError)
    assert "fold 3, seed 0" in str(error)
    assert fitted.predict(trials(3)[0]).shape == (40,)
    assert not hasattr(models[0], "networks_")


def test_bad_input_of_one_leaves_no_model_half_fitted():
    models = [model(DANNClassifier, seed) for seed in (0, 1)]
    bad = arguments(1) | {"X": np.full((40, 3, 128), np.nan, dtype=np.float32)}
    with pytest.raises(DataError, match="NaN"):
        fit_together(models, [arguments(0), bad])
    assert not any(one.__sklearn_is_fitted__() for one in models)


def test_fitted_models_keep_no_cache():
    aligned = SourceOnlyClassifier("EEGNet", alignment="euclidean", sfreq=64.0, max_epochs=1)
    (fitted,) = fit_together([aligned], [arguments(0)])
    assert fitted.alignment_.cache is None


def test_numbers_must_agree():
    with pytest.raises(ConfigError, match="for each of 2 models; got"):
        fit_together([model(DANNClassifier, seed) for seed in (0, 1)], [arguments(0)])
