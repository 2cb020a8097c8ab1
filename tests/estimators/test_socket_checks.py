"""Open parts of methods: parameters that are refused before training, with their messages."""

from __future__ import annotations

import re

import pytest
from wrong_parts import (
    ALIGNED,
    NETWORKS,
    TERMED,
    WEIGHTED,
    NeedsMargin,
    NeedsRank,
    NoForward,
    NoSuperInit,
    OfChannelsAlone,
    Power,
    Unfinished,
    cases,
    of_sources_alone,
    path,
    too_few,
)

from bci_dann.estimators import ShallowClassifier, SourceOnlyClassifier
from bci_dann.exceptions import ConfigError


def refused(model, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        model.check_parameters()


@cases(
    ALIGNED,
    [
        ("euclidian", "there is no alignment 'euclidian'. Did you mean 'euclidean'?"),
        ("nowhere:Mine", "alignment: 'nowhere:Mine' cannot be imported: No module named 'nowhere'"),
        (path("Unchangd"), "no 'Unchangd'. Did you mean 'Unchanged'?"),
        (path(Power), "must be a subclass of bci_dann.alignment.Alignment, with fit, extend"),
        (path(too_few), "must be a subclass of bci_dann.alignment.Alignment, with fit, extend"),
        (path(Unfinished), "does not implement extend, from_arrays, to_arrays, transform."),
        (path(NeedsRank), "cannot be built with {}: NeedsRank.__init__() missing 1 required"),
        ({"name": path(NeedsRank), "rnk": 3}, "cannot be built with {'rnk': 3}"),
        ({"name": "riemannian", "rank": 3}, "'riemannian' cannot be built with {'rank': 3}"),
        ({"rank": 3}, "alignment: a mapping needs the key 'name', as in {name: ..., parameter"),
        (3.0, "alignment: 'float' must be a subclass of bci_dann.alignment.Alignment"),
        (Unfinished, "alignment 'Unfinished' does not implement extend"),
    ],
)
def test_no_alignment(make, part, words):
    refused(make(part), words)


@cases(
    NETWORKS,
    [
        ("EEGNett", "Did you mean 'EEGNet'?"),
        ("nowhere:Mine", "backbone: 'nowhere:Mine' cannot be imported"),
        (path("Powr"), "no 'Powr'. Did you mean 'Power'?"),
        (path(OfChannelsAlone), "backbone OfChannelsAlone: expected a class or function that is"),
        ({"name": path(Power), "depth": 3}, "each parameter of Power must be one of"),
        ({"name": "EEGNet", "kernel_lenght": 3}, "Did you mean 'kernel_length'?"),
        ({"depth": 3}, "backbone: a mapping needs the key 'name'"),
        (3, "backbone: expected a built-in name, a class or function that builds"),
        (OfChannelsAlone, "it does not take n_times, sfreq"),
    ],
)
def test_no_backbone(make, part, words):
    refused(make(part), words)


@cases(
    TERMED,
    [
        ({"mc": 1.0}, "there is no term 'mc'. Did you mean 'mcc'?"),
        ({"nowhere:Mine": 1.0}, "term: 'nowhere:Mine' cannot be imported"),
        ({path("EachTrail"): 1.0}, "Did you mean 'EachTrial'?"),
        ({path(Power): 1.0}, "must be a subclass of bci_dann.objectives.Term, whose forward"),
        ({path(NoForward): 1.0}, "term 'NoForward' does not implement forward."),
        ({path(NoSuperInit): 1.0}, "term 'NoSuperInit': its __init__ must call super()"),
        ({path(NeedsMargin): 1.0}, "cannot be built with {}: NeedsMargin.__init__() missing"),
        ({"mcc": {"temprature": 2.0}}, "term 'mcc' cannot be built with {'temprature': 2.0}"),
        ({"mcc": {"temperature": 0.0}}, "temperature must be a number above 0"),
        ({"mcc": {"weight": "1"}}, "the weight of mcc must be a number at least 0; got '1'"),
        ({"mcc": {"weight": True}}, "the weight of mcc must be a number at least 0; got True"),
        ({"mcc": True}, "terms: 'mcc' needs a weight, settings or a term; got True."),
        ({"mcc": {"schedule": "lin"}}, "there is no schedule 'lin'. Did you mean 'linear'?"),
        ({"mcc": {"schedule": 3}}, "schedule: 'int' must be called with the progress of"),
        ({"mcc": {"schedule": {"name": "linear", "until": 2}}}, "until must be a number above 0"),
        (["mcc", "mcc"], "terms: 'mcc' is given more than once."),
        ([{"weight": 1.0}], "a mapping needs the key 'name'"),
        ([3], "term: 'int' must be a subclass of bci_dann.objectives.Term"),
        ([None], "terms: each entry of the list needs a weight, settings or a term; got None."),
        ({"mcc": None}, "terms: 'mcc' needs a weight, settings or a term; got None."),
        ("mcc", "terms must map names to weights, as {'mcc': 1.0}, or list terms; got 'mcc'."),
        (3, "terms must map names to weights"),
    ],
)
def test_no_terms(make, part, words):
    refused(make(part), words)


@cases(
    WEIGHTED,
    [
        ("logistics", "there is no weighting 'logistics'. Did you mean 'logistic'?"),
        ("nowhere:mine", "weighting: 'nowhere:mine' cannot be imported"),
        (path("to_few"), "Did you mean 'too_few'?"),
        (path("QUICK"), "must be called with (X_source, X_target), feature arrays"),
        (path(of_sources_alone), "got of_sources_alone(X_source): too many positional arguments."),
        ({"name": path(too_few), "few": 3}, "each parameter of the weighting"),
        ({"name": "logistic", "clp": 0.1}, "weighting 'logistic' cannot be built with {'clp'"),
        ({"name": "logistic", "features": "spectra"}, "features of the weighting must be one of"),
        ({"name": "logistic", "unit": "session"}, "unit must be one of 'trial', 'subject'"),
        ({"name": "logistic", "temper": -1}, "temper must be a number at least 0"),
        ({"name": "logistic", "n_components": 0}, "n_components must be a whole number above 0"),
        ({"clip": 0.1}, "weighting: a mapping needs the key 'name'"),
        (3, "weighting: 'int' must be called with (X_source, X_target), feature arrays"),
    ],
)
def test_no_weighting(make, part, words):
    refused(make(part), words)


@pytest.mark.parametrize("method", ["csp", "nearest_mean", "riemannian", "procrustes"])
def test_features_of_a_network_are_for_methods_that_have_one(method):
    part = {"name": "logistic", "features": "network"}
    refused(WEIGHTED[method](part), "features of the weighting must be one of 'tangent_space'")
    WEIGHTED["network"](part).check_parameters()


def test_discriminant_analysis_takes_no_weights():
    refused(ShallowClassifier(weighting="logistic"), "takes no weights; take classifier='logistic'")


def test_plain_training_takes_neither_terms_nor_weights():
    refused(SourceOnlyClassifier("MLP", terms={"mcc": 1.0}), "for terms take DANNClassifier")
    refused(SourceOnlyClassifier("MLP", weighting="kmm"), "for a weighting ReweightedClassifier")
