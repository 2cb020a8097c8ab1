"""Parts of one's own as Python objects: classes, functions and instances, in every method."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from sklearn.base import clone

from bci_dann import load_model
from bci_dann.estimators import (
    DANNClassifier,
    EnsembleClassifier,
    NetworkClassifier,
    ProcrustesClassifier,
    ReweightedClassifier,
    RiemannianClassifier,
    ShallowClassifier,
    SourceOnlyClassifier,
)
from bci_dann.exceptions import ConfigError

QUICK = {"max_epochs": 1, "random_state": 0}
SMALL = {"n_windows": 1, "n_delays": 1}

METHODS = {
    "term in a list": lambda mine: DANNClassifier(terms=[mine.FeatureNorm(5.0)], **QUICK),
    "term by a label": lambda mine: NetworkClassifier(
        terms={"norm": mine.FeatureNorm(5.0), "mcc": 0.5}, **QUICK
    ),
    "term as a class": lambda mine: NetworkClassifier(terms=[mine.FeatureNorm], **QUICK),
    "backbone as a class": lambda mine: NetworkClassifier(mine.LogPower, **QUICK),
    "backbone as a module": lambda mine: SourceOnlyClassifier(
        mine.LogPower(4, 128, 128.0), **QUICK
    ),
    "weighting as a function": lambda mine: ReweightedClassifier(
        weighting=mine.within_range, alignment="euclidean", **QUICK
    ),
    "weighting as a class": lambda mine: NetworkClassifier(weighting=mine.NearCentre, **QUICK),
    "weighting of a shallow learner": lambda mine: ReweightedClassifier(
        learner="tangent_space",
        weighting=mine.NearCentre(1.0),
        alignment="euclidean",
        random_state=0,
    ),
    "weighting of patterns": lambda mine: ShallowClassifier(
        classifier="logistic", weighting=mine.NearCentre(1.0)
    ),
    "weighting in a mapping": lambda mine: ShallowClassifier(
        classifier="logistic", weighting={"name": mine.NearCentre(1.0), "features": "csp"}
    ),
    "weighting in a mapping, as a class": lambda mine: ShallowClassifier(
        classifier="logistic", weighting={"name": mine.NearCentre, "unit": "subject"}
    ),
    "weighting of a nearest mean": lambda mine: ShallowClassifier(
        "covariances", "mdm", weighting=mine.within_range
    ),
    "weighting of a head": lambda mine: RiemannianClassifier(
        weighting=mine.NearCentre(1.0), **SMALL
    ),
    "weighting of Procrustes analysis": lambda mine: ProcrustesClassifier(
        weighting=mine.within_range
    ),
    "alignment of a network": lambda mine: DANNClassifier(
        alignment=mine.LogEuclideanAlignment(0.1), **QUICK
    ),
    "alignment of weighted trials": lambda mine: ReweightedClassifier(
        learner="tangent_space", alignment=mine.LogEuclideanAlignment(0.1), random_state=0
    ),
    "alignment of patterns": lambda mine: ShallowClassifier(alignment=mine.LogEuclideanAlignment),
    "alignment of a filter bank": lambda mine: ShallowClassifier(
        "filter_bank_csp", sfreq=128.0, alignment=mine.LogEuclideanAlignment(0.1)
    ),
    "alignment of views": lambda mine: RiemannianClassifier(
        alignment=mine.LogEuclideanAlignment(0.1), terms={"entropy": 0.1}, **SMALL
    ),
    "alignment of Procrustes analysis": lambda mine: ProcrustesClassifier(
        alignment=mine.LogEuclideanAlignment(0.1)
    ),
    "method": lambda mine: mine.LogVarianceClassifier(alignment=mine.LogEuclideanAlignment(0.1)),
    "members": lambda mine: EnsembleClassifier(
        [
            (mine.LogVarianceClassifier(shrinkage=0.5), 1.0),
            (ShallowClassifier(alignment=mine.LogEuclideanAlignment(0.1)), 0.5),
            (DANNClassifier(terms=[mine.FeatureNorm(5.0)], max_epochs=1), 0.25),
        ],
        random_state=0,
    ),
}


@pytest.fixture(scope="module")
def eeg(draw_toy_eeg):
    return draw_toy_eeg(n_subjects=3, n_trials=24, n_chans=4)


@pytest.fixture(scope="module")
def given(eeg):
    X, y, subjects = eeg.without(1)
    return {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": eeg.of(1)[0]}


@pytest.mark.parametrize("name", METHODS)
def test_an_object_is_fitted_as_a_copy_adapted_saved_and_loaded(name, mine, given, tmp_path):
    new = given["X_target_unlabeled"]
    model = METHODS[name](mine)
    again = clone(model).fit(**given)
    before = [values_of(part) for part in model.get_params().values()]
    model.fit(**given)
    after = [values_of(part) for part in model.get_params().values()]
    assert before == after
    np.testing.assert_array_equal(again.predict_proba(new), model.predict_proba(new))
    adapted = model.adapt(new[::-1])
    loaded = load_model(adapted.save(tmp_path / "model"))
    assert type(loaded) is type(model)
    np.testing.assert_array_equal(loaded.predict_proba(new), adapted.predict_proba(new))
    np.testing.assert_array_equal(
        loaded.adapt(new[:12]).predict_proba(new), adapted.adapt(new[:12]).predict_proba(new)
    )


def values_of(part):
    """Return what a part holds, in a form that can be compared."""
    if isinstance(part, torch.nn.Module):
        return {name: values.tolist() for name, values in part.state_dict().items()}
    if isinstance(part, dict):
        return {name: values_of(value) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [values_of(value) for value in part]
    return repr(sorted(vars(part))) if hasattr(part, "__dict__") else repr(part)


def test_a_module_that_does_not_keep_its_parameters_is_not_saved(mine, given, tmp_path):
    module = mine.LogPower(4, 128, 128.0)
    del module.n_filters
    model = SourceOnlyClassifier(module, **QUICK)
    with pytest.raises(ConfigError, match=r"log_power:LogPower cannot be saved.* keep n_filters"):
        model.fit(**given).save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_layers_in_a_row_are_not_saved_since_they_would_be_lost():
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(3))
    with pytest.raises(ConfigError, match=r"Sequential cannot be saved.* keep \*args"):
        SourceOnlyClassifier(module).check_savable()  # before any training


@pytest.mark.parametrize(
    ("weighting", "path"),
    [
        (lambda X_source, X_target: np.ones(len(X_source)), "<lambda>"),
        (functools.partial(np.ones), "functools:partial"),
    ],
)
def test_what_no_other_process_can_import_is_not_saved(given, tmp_path, weighting, path):
    model = ShallowClassifier("tangent_space", "logistic", weighting=weighting)
    with pytest.raises(ConfigError, match=f"weighting: .*{path} cannot be saved, since it does"):
        model.check_savable()  # before any training


def test_a_saved_network_starts_from_the_weights_of_the_module_that_was_given(mine, given):
    module = mine.LogPower(4, 128, 128.0)
    with torch.no_grad():
        module.mixing.weight.fill_(0.5)
    model = SourceOnlyClassifier(module, max_epochs=1, lr=1e-9, random_state=0).fit(**given)
    trained = model.networks_[0].backbone.body.mixing.weight
    torch.testing.assert_close(trained, module.mixing.weight, atol=1e-6, rtol=0)
    assert trained is not module.mixing.weight
