"""Deprecated arguments, and saved models of the previous version."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from bci_dann import load_model
from bci_dann.estimators import (
    DANNClassifier,
    EnsembleClassifier,
    NetworkClassifier,
    ReweightedClassifier,
    RiemannianClassifier,
    SourceOnlyClassifier,
)
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError, DeprecatedArgumentWarning

QUICK = {"max_epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def given(draw_toy_eeg):
    eeg = draw_toy_eeg(n_subjects=3, n_trials=24, n_chans=4)
    X, y, subjects = eeg.without(1)
    return {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": eeg.of(1)[0]}


def built(kind, **arguments):
    """Build an estimator, and return it with what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = kind(**arguments)
    return model, [one.message for one in caught]


# A class, deprecated arguments, and those that the warning is to show.
MOVED = [
    (
        DANNClassifier,
        {"backbone_params": {"kernel_length": 16}},
        {"backbone": {"name": "EEGNet", "kernel_length": 16}},
    ),
    (
        SourceOnlyClassifier,
        {"backbone": "ShallowFBCSPNet", "backbone_params": {"n_filters_time": 4}},
        {"backbone": {"name": "ShallowFBCSPNet", "n_filters_time": 4}},
    ),
    (
        SourceOnlyClassifier,
        {"backbone": {"name": "EEGNet", "F1": 4}, "backbone_params": {"D": 1}},
        {"backbone": {"name": "EEGNet", "F1": 4, "D": 1}},
    ),
    (DANNClassifier, {"adversary_weight": 0.3}, {"terms": {"domain_adversary": 0.3}}),
    (DANNClassifier, {"adversary_weight": 0}, {"terms": {"domain_adversary": 0}}),
    (
        DANNClassifier,
        {"domain_hidden": 8},
        {"terms": {"domain_adversary": {"hidden": 8, "weight": 0.1}}},
    ),
    (
        DANNClassifier,
        {"gamma": 5.0, "terms": {"mcc": 1.0}},
        {"terms": {"domain_adversary": {"gamma": 5.0, "weight": 0.1}, "mcc": 1.0}},
    ),
    (
        DANNClassifier,
        {"adversary_weight": 0.2, "domain_smoothing": 0.1, "domain_hidden": 8, "gamma": 5.0},
        {
            "terms": {
                "domain_adversary": {"weight": 0.2, "smoothing": 0.1, "hidden": 8, "gamma": 5.0}
            }
        },
    ),
    (
        DANNClassifier,
        {"backbone_params": {"F1": 4}, "adversary_weight": 0.3},
        {"backbone": {"name": "EEGNet", "F1": 4}, "terms": {"domain_adversary": 0.3}},
    ),
    (NetworkClassifier, {"adversary_weight": 0.3}, {"terms": {"domain_adversary": 0.3}}),
    (ReweightedClassifier, {"classifier": "forest"}, {"weighting": "forest"}),
    (ReweightedClassifier, {"clip": 0.1}, {"weighting": {"name": "logistic", "clip": 0.1}}),
    (
        ReweightedClassifier,
        {"classifier": "boosting", "clip": 0.2},
        {"weighting": {"name": "boosting", "clip": 0.2}},
    ),
    (ReweightedClassifier, {"classifier": "kmm", "clip": 0.2}, {"weighting": "kmm"}),
]


@pytest.mark.parametrize(("kind", "deprecated", "new"), MOVED)
def test_arguments_that_moved_are_accepted_with_a_warning_that_shows_the_new_form(
    kind, deprecated, new
):
    model, (message,) = built(kind, **deprecated)
    assert isinstance(message, DeprecatedArgumentWarning)
    assert isinstance(message, BCIDannWarning)
    assert message.new_form == new
    text = str(message)
    assert text.startswith(f"{kind.__name__}: ")
    gone = [name for name in deprecated if name not in new]
    assert all(name in text for name in gone)
    assert "will not be accepted by the next version; give " in text
    assert all(f"{name}={json.dumps(value)}" in text for name, value in new.items())
    same, silent = built(kind, **new)
    assert silent == []
    assert model.get_params() == same.get_params()


@pytest.mark.parametrize(
    ("deprecated", "new"),
    [
        (
            {"backbone_params": {"F1": 4}, "domain_hidden": 8, "gamma": 5.0},
            {
                "backbone": {"name": "EEGNet", "F1": 4},
                "terms": {"domain_adversary": {"weight": 0.1, "hidden": 8, "gamma": 5.0}},
            },
        ),
        (
            {"adversary_weight": 1.0, "domain_smoothing": 0.2},
            {"terms": {"domain_adversary": {"weight": 1.0, "smoothing": 0.2}}},
        ),
    ],
)
def test_a_network_of_either_form_is_the_same_to_the_bit(given, deprecated, new):
    outputs = []
    for arguments in (deprecated, new):
        model, _ = built(DANNClassifier, **QUICK, **arguments)
        outputs.append(model.fit(**given).predict_proba(given["X_target_unlabeled"]))
    np.testing.assert_array_equal(*outputs)


def test_weights_of_either_form_are_the_same_to_the_bit(given):
    shallow = {"learner": "tangent_space", "alignment": "euclidean", "random_state": 0}
    deprecated, _ = built(ReweightedClassifier, classifier="logistic", clip=0.2, **shallow)
    new = ReweightedClassifier(weighting={"name": "logistic", "clip": 0.2}, **shallow)
    np.testing.assert_array_equal(deprecated.fit(**given).weights_, new.fit(**given).weights_)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"gamma": 5.0, "terms": {"domain_adversary": 0.1}},
            "gamma belong to the term 'domain_adversary', which is already in `terms`",
        ),
        ({"domain_hidden": 8, "terms": ["mcc"]}, "Give them only there"),
        (
            {"backbone": object(), "backbone_params": {"F1": 4}},
            "backbone: give its parameters with it, as {'name': ..., parameter: value}",
        ),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        DANNClassifier(**arguments)


@pytest.mark.parametrize(
    "kind", [DANNClassifier, NetworkClassifier, ReweightedClassifier, EnsembleClassifier]
)
def test_an_unknown_keyword_is_a_type_error_with_a_suggestion(kind):
    with pytest.raises(TypeError, match=r"got an unexpected keyword argument 'backbone_parms'"):
        kind(backbone_parms={"F1": 4})
    with pytest.raises(TypeError, match=r"Did you mean 'adversary_weight'\?"):
        kind(adversary_wieght=0.3)
    with pytest.raises(TypeError, match=rf"{kind.__name__} got an unexpected .*'zzz'\.$"):
        kind(zzz=1)


def test_a_misspelt_parameter_of_this_version_is_suggested_too():
    with pytest.raises(TypeError, match=r"'max_epoch'\. Did you mean 'max_epochs'\?"):
        DANNClassifier(max_epoch=3)
    with pytest.raises(TypeError, match=r"'member'\. Did you mean 'members'\?"):
        EnsembleClassifier(member=[("rts_im", 1.0)])


def test_deprecated_arguments_are_no_parameters():
    model, _ = built(DANNClassifier, gamma=5.0)
    assert "gamma" not in model.get_params()
    with pytest.raises(ValueError, match="Invalid parameter 'gamma'"):
        model.set_params(gamma=3.0)


# --- ensembles ------------------------------------------------------------------------------------

NETWORK = {
    "name": "DANNClassifier",
    "backbone": "EEGNet",
    "terms": {"domain_adversary": 0.1},
    "alignment": "euclidean",
    "domains": "subject",
    "n_members": 3,
    "batch_norm": "pooled",
    "augmentation": None,
    "guard": True,
    "max_epochs": 100,
    "batch_size": 64,
    "lr": 1e-3,
    "weight_decay": 0.0,
    "device": "auto",
}
HEAD = {"name": "RiemannianClassifier", "terms": None, "guard": True}


@pytest.mark.parametrize(
    ("deprecated", "head", "network", "weight"),
    [
        ({"max_epochs": 7}, {}, {"max_epochs": 7}, 0.25),
        ({"backbone": "MLP"}, {}, {"backbone": "MLP"}, 0.25),
        ({"members": "MLP"}, {}, {"backbone": "MLP"}, 0.25),  # as the first argument
        (
            {"backbone": "MLP", "backbone_params": {"hidden": [3]}},
            {},
            {"backbone": {"name": "MLP", "hidden": [3]}},
            0.25,
        ),
        (
            {"terms": {"mcc": 1.0}, "adversary_weight": 0.3},
            {},
            {"terms": {"domain_adversary": 0.3, "mcc": 1.0}},
            0.25,
        ),
        ({"guard": False}, {"guard": False}, {"guard": False}, 0.25),
        ({"tangent_terms": {"entropy": 0.4}}, {"terms": {"entropy": 0.4}}, {}, 0.25),
        ({"network_weight": 2, "n_members": 1}, {}, {"n_members": 1}, 2.0),
        (
            {"domains": "session", "batch_norm": "target", "alignment": "riemannian"},
            {},
            {"domains": "session", "batch_norm": "target", "alignment": "riemannian"},
            0.25,
        ),
        (
            {"batch_size": 32, "lr": 0.01, "weight_decay": 0.1, "device": "cpu"},
            {},
            {"batch_size": 32, "lr": 0.01, "weight_decay": 0.1, "device": "cpu"},
            0.25,
        ),
    ],
)
def test_a_previous_ensemble_is_a_list_of_two_members(deprecated, head, network, weight):
    model, (message,) = built(EnsembleClassifier, **deprecated)
    assert message.new_form == {"members": model.members}
    assert model.get_params()["member_parameters"] is None
    model.check_parameters()
    (riemannian, one), (networks, other) = model.weighted_members()
    assert (type(riemannian), one) == (RiemannianClassifier, 1.0)
    assert (type(networks), other) == (DANNClassifier, weight)
    for member, values in ((riemannian, {**HEAD, **head}), (networks, {**NETWORK, **network})):
        parameters = member.get_params()
        assert {name: parameters[name] for name in values if name != "name"} == {
            name: value for name, value in values.items() if name != "name"
        }


def test_deprecated_arguments_beside_members_reach_the_networks_alone():
    members = [("rts_im", 1.0), ({"name": "DANNClassifier", "lr": 0.1}, 0.25)]
    deprecated = {"max_epochs": 3, "alignment": "riemannian", "backbone_params": {"F1": 4}}
    model, (message,) = built(EnsembleClassifier, members=members, **deprecated)
    assert message.new_form == {"members": model.members}
    networks = model.weighted_members()[1][0]
    assert (networks.lr, networks.max_epochs, networks.alignment) == (0.1, 3, "riemannian")
    assert networks.backbone == {"name": "EEGNet", "F1": 4}
    assert model.weighted_members()[0][0].terms == {"information_maximisation": 0.4}
    assert members[1][0] == {"name": "DANNClassifier", "lr": 0.1}  # as it was given


@pytest.mark.parametrize(
    ("deprecated", "terms"),
    [
        ({"adversary_weight": 0.0}, {"domain_adversary": 0.0, "mcc": 1.0}),
        ({"terms": {"coral": 1.0}}, {"domain_adversary": 0.2, "coral": 1.0}),
        (
            {"adversary_weight": 0.3, "terms": {"coral": 1.0}},
            {"domain_adversary": 0.3, "coral": 1.0},
        ),
    ],
)
def test_deprecated_terms_beside_members_keep_the_adversary_apart(deprecated, terms):
    given = {"name": "DANNClassifier", "terms": {"domain_adversary": 0.2, "mcc": 1.0}}
    model, _ = built(EnsembleClassifier, members=[(given, 1.0)], **deprecated)
    assert model.weighted_members()[0][0].terms == terms


# --- models saved in format 4 ---------------------------------------------------------------------


def rewrite(folder, change):
    """Change the description of a saved model, as the previous version would have written it."""
    path = folder / "model.json"
    description = json.loads(path.read_text())
    change(description)
    description["format"] = 4
    path.write_text(json.dumps(description))


def test_a_network_of_format_4_predicts_the_same(given, tmp_path):
    terms = {"domain_adversary": {"weight": 0.3, "hidden": 8}, "mcc": 0.5}
    model = DANNClassifier({"name": "EEGNet", "F1": 4}, terms=terms, **QUICK).fit(**given)
    folder = model.save(tmp_path / "model")

    def flat(description):
        parameters = description["parameters"]
        del parameters["weighting"], description["adapted"]
        parameters |= {
            "backbone": "EEGNet",
            "backbone_params": {"F1": 4},
            "terms": {"mcc": 0.5},
            "adversary_weight": 0.3,
            "domain_hidden": 8,
            "gamma": 10.0,
            "domain_smoothing": 0.0,
        }

    rewrite(folder, flat)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # whoever loads a model cannot change how it was saved
        loaded = load_model(folder)
    new = given["X_target_unlabeled"]
    np.testing.assert_array_equal(loaded.predict_proba(new), model.predict_proba(new))
    np.testing.assert_array_equal(
        loaded.adapt(new[::-1]).predict_proba(new), model.adapt(new[::-1]).predict_proba(new)
    )
    assert loaded.terms["domain_adversary"]["hidden"] == 8
    np.testing.assert_array_equal(
        loaded.set_params(random_state=0).fit(**given).predict_proba(new), model.predict_proba(new)
    )
    loaded.save(tmp_path / "again")
    assert json.loads((tmp_path / "again" / "model.json").read_text())["format"] == 6


def test_weights_of_format_4_are_restored(given, tmp_path):
    shallow = {"learner": "tangent_space", "alignment": "euclidean", "random_state": 0}
    model = ReweightedClassifier(weighting={"name": "logistic", "clip": 0.1}, **shallow)
    folder = model.fit(**given).save(tmp_path / "model")

    def flat(description):
        parameters = description["parameters"]
        del parameters["weighting"]
        parameters |= {"classifier": "logistic", "clip": 0.1}

    rewrite(folder, flat)
    loaded = load_model(folder)
    new = given["X_target_unlabeled"]
    np.testing.assert_array_equal(loaded.predict_proba(new), model.predict_proba(new))
    np.testing.assert_array_equal(loaded.weights_, model.weights_)
    assert loaded.weighting == {"name": "logistic", "clip": 0.1}


def test_an_ensemble_of_format_4_predicts_the_same(given, tmp_path):
    quick = {"max_epochs": 1, "n_members": 1}
    model, _ = built(EnsembleClassifier, **quick, random_state=0)
    folder = model.fit(**given).save(tmp_path / "model")
    arrays = load_file(folder / "model.safetensors")
    branches = {"members.0.": "tangent.", "members.1.": "network."}
    renamed = {
        branches.get(name[:10], name[:10]) + name[10:]: array
        for name, array in arrays.items()
        if name not in ("prior", "source_prior")
    }
    save_file(renamed, folder / "model.safetensors")

    def branched(description):
        tangent, network = description.pop("members")
        del network["adapted"]
        description["branches"] = {"network": network, "tangent": tangent}
        description["spreads"] = description["spreads"][::-1]
        description["parameters"] = {"random_state": 0, "target_prior": None, **quick}
        del description["arrays"]  # the digest of the arrays

    rewrite(folder, branched)
    loaded = load_model(folder)
    new = given["X_target_unlabeled"]
    np.testing.assert_array_equal(loaded.predict_proba(new), model.predict_proba(new))
    assert [type(member) for member in loaded.members_] == [RiemannianClassifier, DANNClassifier]
    assert loaded.spreads_ == model.spreads_
    np.testing.assert_array_equal(
        loaded.adapt(new[::-1]).predict_proba(new), model.adapt(new[::-1]).predict_proba(new)
    )


@pytest.mark.parametrize("number", [3, 7, None])
def test_other_formats_are_refused(given, tmp_path, number):
    folder = RiemannianClassifier(n_windows=1, n_delays=1).fit(**given).save(tmp_path / "model")
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": number}))
    with pytest.raises(DataError, match=rf"has format {number}; this version .* reads .* 4, 5, 6"):
        load_model(folder)
