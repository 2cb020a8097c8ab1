from __future__ import annotations

import numpy as np
import pytest

from bci_dann import DANNClassifier
from bci_dann.estimators import EnsembleClassifier, RiemannianClassifier
from bci_dann.estimators.methods import default_members
from bci_dann.exceptions import (
    BCIDannWarning,
    ConfigError,
    DeprecatedArgumentWarning,
    TrainingError,
)

QUICK = {"max_epochs": 2, "random_state": 0}


def given(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    return {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": toy_eeg.of(1)[0]}


def test_members_are_averaged_and_the_first_is_the_network_alone(toy_eeg):
    arguments = given(toy_eeg)
    X_new = arguments["X_target_unlabeled"]
    alone = DANNClassifier(**QUICK).fit(**arguments)
    three = DANNClassifier(**QUICK, n_members=3).fit(**arguments)
    each = []
    for network in three.networks_:
        one = DANNClassifier(**QUICK).fit(**arguments)
        one.networks_ = [network]
        each.append(one.predict_proba(X_new))
    np.testing.assert_array_equal(each[0], alone.predict_proba(X_new))
    assert np.abs(each[1] - each[2]).max() > 1e-4
    np.testing.assert_allclose(three.predict_proba(X_new), np.mean(each, axis=0), rtol=1e-6)
    assert three.transform(X_new).shape[1] == 3 * alone.transform(X_new).shape[1]


class OneBroken(DANNClassifier):
    broken: tuple[int, ...] = (1,)

    def plan(self, trials, name="the network"):
        plan = super().plan(trials, name)
        for index in self.broken:
            plan.members[index].network.head.weight.data.fill_(np.inf)
        return plan


def test_a_member_that_fails_is_left_out(toy_eeg):
    model = OneBroken(**QUICK, n_members=3)
    with pytest.warns(BCIDannWarning, match="member 1.*not finite"):
        model.fit(**given(toy_eeg))
    assert len(model.networks_) == 2
    model.broken = (0, 1, 2)
    with pytest.raises(TrainingError, match="not finite"):
        model.fit(**given(toy_eeg))


def recipe(**changes) -> EnsembleClassifier:
    """The default recipe, with one network of two epochs."""
    quick = {"max_epochs": 2, "n_members": 1}
    return EnsembleClassifier(member_parameters=quick, random_state=0, **changes)


def test_members_have_one_spread_and_all_influence_the_average(toy_eeg):
    arguments = given(toy_eeg)
    X_new = arguments["X_target_unlabeled"]
    model = recipe().fit(**arguments)
    scaled = [o / s for o, s in zip(model.log_odds(X_new), model.spreads_, strict=True)]
    assert [part.std() for part in scaled] == pytest.approx([1, 1])
    average = np.log(model.predict_proba(X_new))
    average = (average - average.mean(1, keepdims=True))[:, 1]
    for part in scaled:
        assert np.corrcoef(part[:, 1], average)[0, 1] > 0.4
    shares = model.predict_proba(X_new).mean(0)
    np.testing.assert_allclose(shares, model.members_[0].prior_, atol=1e-6)


def test_members_are_the_methods_alone(toy_eeg):
    arguments = given(toy_eeg)
    X_new = arguments["X_target_unlabeled"]
    network = DANNClassifier(max_epochs=2)
    model = EnsembleClassifier([("bci_dann_light", 1.0), (network, 0.25)], random_state=0)
    model.fit(**arguments)
    alone = [
        RiemannianClassifier(terms={"information_maximisation": 0.4}),
        DANNClassifier(max_epochs=2, random_state=0),
    ]
    for member, method in zip(model.members_, alone, strict=True):
        expected = method.fit(**arguments).predict_proba(X_new)
        np.testing.assert_array_equal(member.predict_proba(X_new), expected)
    assert not hasattr(network, "classes_")  # the estimator that was given stays unfitted


def test_two_random_members_have_seeds_of_their_own(toy_eeg):
    arguments = given(toy_eeg)
    X_new = arguments["X_target_unlabeled"]
    same = {"name": "DANNClassifier", "max_epochs": 2}
    model = EnsembleClassifier([(same, 1.0), (same, 1.0)], random_state=0).fit(**arguments)
    one, two = (member.predict_proba(X_new) for member in model.members_)
    assert np.abs(one - two).max() > 1e-4


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([], "members must list methods with their weights"),
        (["rts_im"], "members must list methods with their weights"),
        ([("rts_imm", 1.0)], "Did you mean 'rts_im'"),
        ([("rts_im", 0.0)], "the weight of each member"),
        ([({"name": "DANClassifier"}, 1.0)], "Did you mean 'DANNClassifier'"),
        ([({"name": "DANNClassifier", "epochs": 3}, 1.0)], "epochs"),
    ],
)
def test_members_that_cannot_be(members, message):
    with pytest.raises(ConfigError, match=message):
        EnsembleClassifier(members).check_parameters()


def test_weights_can_be_given_apart_from_the_members():
    model = EnsembleClassifier(weights=[1.0, 2.0])
    assert [weight for _, weight in model.weighted_members()] == [1.0, 2.0]
    with pytest.raises(ConfigError, match="one for each of the 2 members"):
        EnsembleClassifier(weights=[1.0]).check_parameters()


def test_one_new_trial_is_enough_to_predict(toy_eeg):
    arguments = given(toy_eeg)
    X_new = arguments.pop("X_target_unlabeled")
    model = recipe()
    assert model.fit(**arguments).predict(X_new[:1]).shape == (1,)
    model.fit(**arguments, X_target_unlabeled=X_new[:1])  # one trial has no spread and no drift
    assert model.predict(X_new).shape == (len(X_new),)
    assert model.members_[0].strength_ == 0


def test_terms_that_fixed_features_cannot_serve_are_refused():
    with pytest.raises(ConfigError, match="'cdan' changes features"):
        RiemannianClassifier(terms={"cdan": 1.0}).check_parameters()


def test_a_trial_without_signal_has_equal_probabilities_whatever_the_shares(toy_eeg):
    arguments = given(toy_eeg)
    members = [(RiemannianClassifier(n_delays=1), 1.0)]
    model = EnsembleClassifier(members, target_prior={"a": 0.8, "b": 0.2}).fit(**arguments)
    trials = arguments["X_target_unlabeled"][:3].copy()
    trials[1] = 5.0  # constant
    probabilities = model.predict_proba(trials)
    np.testing.assert_array_equal(probabilities[1], [0.5, 0.5])
    assert (np.abs(probabilities[[0, 2], 0] - 0.5) > 1e-3).all()


def test_known_shares_reach_the_average_and_are_checked_before_training(toy_eeg, monkeypatch):
    arguments = given(toy_eeg)
    model = recipe(target_prior={"a": 0.7, "b": 0.3}).fit(**arguments)
    decided = model.predict(arguments["X_target_unlabeled"])
    assert np.mean(decided == "a") == pytest.approx(0.7, abs=0.06)
    monkeypatch.setattr(DANNClassifier, "fit", None)  # nothing may be trained
    with pytest.raises(ConfigError, match="target_prior must give a share to each of"):
        recipe(target_prior={"a": 0.7, "c": 0.3}).fit(**arguments)


def test_parameters_of_the_version_before_give_the_same_ensemble(toy_eeg):
    arguments = given(toy_eeg)
    X_new = arguments["X_target_unlabeled"]
    with pytest.warns(DeprecatedArgumentWarning, match="give members="):
        former = EnsembleClassifier(
            terms={"mcc": 1.0},
            tangent_terms={"information_maximisation": 0.4},
            n_members=1,
            max_epochs=2,
            random_state=0,
        )
    members = default_members()
    members[1][0]["alignment"] = "euclidean"  # artefacts were not suppressed
    expected = recipe(members=members).fit(**arguments).predict_proba(X_new)
    np.testing.assert_array_equal(former.fit(**arguments).predict_proba(X_new), expected)
