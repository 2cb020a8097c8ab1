"""The network classifier: its parts side by side, its presets, and how it is copied and saved."""

from __future__ import annotations

import copy
import json
import math

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from bci_dann import DANNClassifier, ReweightedClassifier, SourceOnlyClassifier, load_model
from bci_dann.alignment import Alignment, EuclideanAlignment
from bci_dann.estimators import NetworkClassifier, build_method
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.objectives import Term
from bci_dann.objectives.class_confusion import ClassConfusion
from bci_dann.objectives.coral import DeepCoral
from bci_dann.objectives.schedules import Ganin, Linear

QUICK = {"max_epochs": 2, "random_state": 0}


class One(Term):
    """A term that is 1 whatever the batch, so that the history shows the factor of its weight."""

    def forward(self, batch):
        return 0.0 * batch.features.sum() + 1.0


def half_way(progress):
    return 1.0 * (progress >= 0.5)


@pytest.fixture(scope="module")
def vectors():
    """Vectors of three source subjects, and of a target that is shifted."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 5)).astype("f4")
    return {
        "X": X,
        "y": (X[:, 0] > 0).astype(int),
        "subjects": np.repeat(["p", "q", "r"], 20),
        "X_target_unlabeled": X + 1,
    }


@pytest.fixture(scope="module")
def eeg(draw_toy_eeg):
    return draw_toy_eeg(n_subjects=3, n_trials=20, n_chans=4)


@pytest.fixture(scope="module")
def given(eeg):
    X, y, subjects = eeg.without(1)
    return {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": eeg.of(1)[0]}


@pytest.fixture(scope="module")
def one_sided(draw_toy_eeg):
    """A target that nearly always imagines one movement, so that weights are not equal."""
    eeg = draw_toy_eeg(n_subjects=3, n_trials=40, n_chans=4)
    X, y, subjects = eeg.without(1)
    X_new, y_new = eeg.of(1)
    rows = np.r_[np.flatnonzero(y_new == "a"), np.flatnonzero(y_new == "b")[:2]]
    return {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": X_new[rows]}


def network(**parameters):
    return NetworkClassifier("MLP", **{**QUICK, **parameters})


def factors(vectors, schedule, max_epochs=4):
    """Return the factor of a weight in each epoch, which is one step here."""
    terms = {"one": {"name": f"{__name__}:One", "weight": 0.5, "schedule": schedule}}
    model = network(terms=terms, max_epochs=max_epochs, batch_size=200).fit(**vectors)
    return [epoch["one"] / 0.5 for epoch in model.history_]


# --- three parts in one configuration -----------------------------------------------------------


def test_adversary_weighting_and_riemannian_alignment_are_one_pipeline(one_sided, tmp_path):
    model = build_method("ra_dann_reweight").set_params(**QUICK)
    assert (model.alignment, model.weighting) == ("riemannian", "logistic")
    model.fit(**one_sided)
    new = one_sided["X_target_unlabeled"]
    assert type(model.alignment_).__name__ == "RiemannianAlignment"
    assert model.weights_.shape == (80,)
    assert model.weights_.mean() == pytest.approx(1.0)
    assert model.weights_.std() > 0.001
    assert 0 < model.domain_auc_ < 1
    assert 1 < model.effective_sample_size_ < 80
    assert all(epoch["domain_adversary"] > 0 for epoch in model.history_)
    loaded = load_model(model.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict_proba(new), model.predict_proba(new))
    np.testing.assert_array_equal(loaded.weights_, model.weights_)
    assert loaded.domain_auc_ == model.domain_auc_
    assert loaded.effective_sample_size_ == model.effective_sample_size_
    assert loaded.temper_ == model.temper_ == 1.0


@pytest.mark.parametrize("part", ["terms", "weighting", "alignment"])
def test_each_of_the_three_parts_has_an_influence(part, one_sided):
    parts = {
        "alignment": "riemannian",
        "terms": {"domain_adversary": 1.0},
        "weighting": "logistic",
    }
    new = one_sided["X_target_unlabeled"]
    with_all, without = (
        NetworkClassifier(**QUICK, **{**parts, **changes}).fit(**one_sided).predict_proba(new)
        for changes in ({}, {part: "euclidean" if part == "alignment" else None})
    )
    assert np.abs(with_all - without).max() > 1e-5


# --- presets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "same"),
    [
        (DANNClassifier("MLP", **QUICK), network(terms={"domain_adversary": 0.1})),
        (
            DANNClassifier("MLP", terms={"mcc": 1.0}, **QUICK),
            network(terms={"domain_adversary": 0.1, "mcc": 1.0}),
        ),
        (
            DANNClassifier("MLP", terms=["mcc"], **QUICK),
            network(terms=[{"name": "domain_adversary", "weight": 0.1}, {"name": "mcc"}]),
        ),
        (DANNClassifier("MLP", terms={"domain_adversary": 0}, **QUICK), network()),
        (
            DANNClassifier("MLP", terms=[{"name": "domain_adversary", "weight": 0.3}], **QUICK),
            network(terms={"domain_adversary": 0.3}),
        ),
        (SourceOnlyClassifier("MLP", **QUICK), network()),
        (ReweightedClassifier("MLP", **QUICK), network(weighting="logistic")),
        (
            ReweightedClassifier("MLP", weighting="kmm", temper=0.5, unit="subject", **QUICK),
            network(weighting={"name": "kmm", "temper": 0.5, "unit": "subject"}),
        ),
        (
            ReweightedClassifier("MLP", weighting={"name": "kmm", "temper": 0.5}, **QUICK),
            network(weighting={"name": "kmm", "temper": 0.5}),
        ),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_preset_is_the_network_classifier_with_these_parameters(preset, same, vectors):
    outputs = [m.fit(**vectors).predict_proba(vectors["X"]) for m in (preset, same)]
    if preset.training_terms() and not same.training_terms():
        # a term of weight 0 has no part in the loss, but the target's trials are in the batches
        assert set(preset.history_[0]) == {"classification"}
    else:
        np.testing.assert_array_equal(*outputs)
    assert [list(e) for e in preset.history_] == [list(e) for e in same.history_]


def test_terms_of_a_user_stand_behind_those_of_the_preset_in_their_order():
    assert list(DANNClassifier(terms={"mcc": 1.0, "coral": 0.1}).training_terms()) == [
        "domain_adversary",
        "mcc",
        "coral",
    ]
    moved = {"mcc": 1.0, "domain_adversary": 0.2}
    assert list(DANNClassifier(terms=moved).training_terms().items()) == list(moved.items())


# --- terms and their schedules ------------------------------------------------------------------


def test_the_history_names_the_summands_in_the_order_of_the_terms(vectors):
    terms = [DeepCoral(), {"name": f"{__name__}:One"}, "mcc", {"name": "entropy", "weight": 0}]
    model = network(terms=terms).fit(**vectors)
    assert [list(epoch) for epoch in model.history_] == 2 * [
        ["classification", "DeepCoral", "One", "mcc"]
    ]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("linear", [0, 0.25, 0.5, 0.75]),
        ({"name": "linear", "until": 0.5}, [0, 0.5, 1, 1]),
        (Linear(until=0.25), [0, 1, 1, 1]),
        (Linear, [0, 0.25, 0.5, 0.75]),
        ("ganin", [2 / (1 + math.exp(-10 * p)) - 1 for p in (0, 0.25, 0.5, 0.75)]),
        (
            {"name": "ganin", "gamma": 3.0},
            [2 / (1 + math.exp(-3 * p)) - 1 for p in (0, 0.25, 0.5, 0.75)],
        ),
        (f"{__name__}:half_way", [0, 0, 1, 1]),
        (half_way, [0, 0, 1, 1]),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),  # not an address in memory
)
def test_a_weight_follows_its_schedule(vectors, schedule, expected):
    assert factors(vectors, schedule) == pytest.approx(expected, abs=1e-6)


def test_a_parameter_of_a_term_reaches_it(vectors):
    """At temperature T the confusion is that of the logits over T; a step of 1e-9 moves nothing."""
    values = {}
    for temperature in (1.0, 4.0):
        terms = {"mcc": {"weight": 2.0, "temperature": temperature, "normalisation": "batch"}}
        model = network(terms=terms, lr=1e-9, batch_size=200, max_epochs=1).fit(**vectors)
        values[temperature] = model.history_[0]["mcc"]
    assert values[4.0] > values[1.0] > 0  # less certain is more confused


def test_what_a_user_hands_over_is_not_changed_by_fit(vectors):
    class Layered(Term):
        def build(self, sizes):
            self.layer = nn.Linear(sizes.n_features, 1)
            return self

        def forward(self, batch):
            return self.layer(batch.features).square().mean()

    term, alignment = Layered(), EuclideanAlignment()
    terms = [term, ClassConfusion(temperature=3.0)]
    model = network(terms=terms, alignment=alignment)
    expected = copy.deepcopy([vars(one) for one in terms])
    first = model.fit(**vectors).predict_proba(vectors["X"])
    assert [vars(one) for one in terms] == expected
    assert not hasattr(term, "layer")
    assert vars(alignment) == {"robust": False}
    assert model.terms is terms
    np.testing.assert_array_equal(model.fit(**vectors).predict_proba(vectors["X"]), first)
    np.testing.assert_array_equal(clone(model).fit(**vectors).predict_proba(vectors["X"]), first)


def test_members_do_not_share_the_layers_of_a_term(vectors):
    model = network(terms={"domain_adversary": 1.0}, n_members=2)
    plan = model.plan(model.training_trials(**vectors))
    heads = [member.objective.terms["domain_adversary"].head[0].weight for member in plan.members]
    assert heads[0] is not heads[1]
    assert not torch.equal(*heads)


# --- parameters ---------------------------------------------------------------------------------


def test_parameters_can_be_read_set_and_cloned():
    terms = {"mcc": {"weight": 1.0, "temperature": 2.0, "schedule": "linear"}}
    model = DANNClassifier("MLP", terms=terms, weighting="kmm")
    assert model.get_params()["terms"] is terms
    assert "deprecated" not in model.get_params()
    copied = clone(model)
    assert copied.get_params() == model.get_params()
    assert copied.terms is not terms
    copied.set_params(terms=None, weighting=None, alignment=None)
    assert model.terms is terms
    with pytest.raises(ValueError, match="Invalid parameter 'gamma'"):
        model.set_params(gamma=3.0)


def test_settings_of_terms_are_saved_as_they_were_given(vectors, tmp_path):
    terms = {
        "mcc": {"weight": 1.0, "temperature": 2.0, "schedule": Linear(until=0.5)},
        "coral": {"schedule": Ganin},
        "own": ClassConfusion(temperature=3.0),
    }
    model = network(terms=terms).fit(**vectors)
    folder = model.save(tmp_path / "model")
    saved = json.loads((folder / "model.json").read_text())["parameters"]["terms"]
    schedules = "bci_dann.objectives.schedules"
    assert saved == {
        "mcc": {
            "weight": 1.0,
            "temperature": 2.0,
            "schedule": {"name": f"{schedules}:Linear", "until": 0.5},
        },
        "coral": {"schedule": f"{schedules}:Ganin"},
        "own": {
            "name": "bci_dann.objectives.class_confusion:ClassConfusion",
            "temperature": 3.0,
            "normalisation": "class",
        },
    }
    again = load_model(folder)
    X = vectors["X"]
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(
        clone(again).set_params(random_state=0).fit(**vectors).predict_proba(X),
        model.predict_proba(X),
    )


def test_numbers_of_numpy_among_the_parameters_are_saved(vectors, tmp_path):
    model = network(terms={"mcc": np.float32(0.5)}, lr=np.float64(1e-3), max_epochs=np.int64(1))
    loaded = load_model(model.fit(**vectors).save(tmp_path / "model"))
    assert (loaded.terms, loaded.max_epochs) == ({"mcc": 0.5}, 1)


def test_a_seed_that_is_no_number_is_not_saved(vectors, tmp_path):
    model = network(random_state=np.random.default_rng(0)).fit(**vectors)
    assert load_model(model.save(tmp_path / "model")).random_state is None


# --- shapes -------------------------------------------------------------------------------------


class FirstChannels(Alignment):
    """Keeps two channels, and says so."""

    def fit(self, X, domains=None):
        return self

    def extend(self, X, domains=None):
        return self

    def transform(self, X, domains=None):
        return X[:, :2]

    def shape_of(self, shape):
        return (2, *shape[1:])

    def to_arrays(self):
        return {}

    def from_arrays(self, domains, arrays):
        return self


@pytest.mark.parametrize("weighting", [None, {"name": "kmm", "features": "network"}])
def test_a_network_is_built_for_the_shape_that_the_alignment_gives(given, weighting, tmp_path):
    model = NetworkClassifier(alignment=FirstChannels(), weighting=weighting, **QUICK).fit(**given)
    new = given["X_target_unlabeled"]
    assert model.n_features_in_ == 4
    loaded = load_model(model.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict_proba(new), model.predict_proba(new))
    assert model.adapt(new).transform(new).shape[0] == len(new)


def test_vectors_are_not_aligned_and_need_a_perceptron(vectors):
    assert network(alignment="riemannian").fit(**vectors).alignment_ is None
    with pytest.raises(DataError, match="EEGNet needs trials"):
        NetworkClassifier(**QUICK).fit(**vectors)


@pytest.mark.parametrize("name", ["max_epochs", "batch_size", "n_members"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2"])
def test_numbers_that_must_be_whole(name, value):
    with pytest.raises(ConfigError, match=f"{name} must be a whole number above 0; got {value!r}"):
        network(**{name: value}).check_parameters()


def test_an_alignment_that_returns_vectors(given, tmp_path):
    from bci_dann.features import TangentViews

    views = TangentViews(n_windows=1, n_delays=1)
    model = SourceOnlyClassifier("MLP", alignment=views, **QUICK).fit(**given)
    model.save(tmp_path / "model")
    X = given["X_target_unlabeled"]
    expected = model.predict_proba(X)
    assert expected.shape == (len(X), 2)
    np.testing.assert_array_equal(load_model(tmp_path / "model").predict_proba(X), expected)
    with pytest.raises(ConfigError, match="EEGNet cannot be built for n_chans=10, n_times=1"):
        SourceOnlyClassifier("EEGNet", alignment=views, **QUICK).fit(**given)
