from __future__ import annotations

import numpy as np
import pytest

from bci_dann import DANNClassifier
from bci_dann.estimators import EnsembleClassifier, RiemannianClassifier
from bci_dann.exceptions import BCIDannWarning, ConfigError, TrainingError

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

    def _member(self, data, index, name, objective=None):
        member = super()._member(data, index, name, objective)
        if index in self.broken:
            member.network.head.weight.data.fill_(np.inf)
        return member


def test_a_member_that_fails_is_left_out(toy_eeg):
    model = OneBroken(**QUICK, n_members=3)
    with pytest.warns(BCIDannWarning, match="member 1.*not finite"):
        model.fit(**given(toy_eeg))
    assert len(model.networks_) == 2
    model.broken = (0, 1, 2)
    with pytest.raises(TrainingError, match="not finite"):
        model.fit(**given(toy_eeg))


def test_both_branches_have_a_say_and_neither_shouts(toy_eeg):
    arguments = given(toy_eeg)
    X_new = arguments["X_target_unlabeled"]
    model = EnsembleClassifier(**QUICK, n_members=1).fit(**arguments)
    network, tangent = model._log_odds(X_new)
    weighed = network / model.spreads_[0], tangent / model.spreads_[1]
    assert [part.std() for part in weighed] == pytest.approx([1, 1])
    together = np.log(model.predict_proba(X_new))
    together = (together - together.mean(1, keepdims=True))[:, 1]
    for part in weighed:
        assert np.corrcoef(part[:, 1], together)[0, 1] > 0.6
    half = model.predict_proba(X_new).mean(0)
    np.testing.assert_allclose(half, model.tangent_.prior_, atol=1e-6)


def test_branches_are_the_methods_alone(toy_eeg):
    arguments = given(toy_eeg)
    X_new = arguments["X_target_unlabeled"]
    terms = {"information_maximisation": 0.4}
    model = EnsembleClassifier(**QUICK, n_members=1, tangent_terms=terms).fit(**arguments)
    tangent = RiemannianClassifier(terms=terms).fit(**arguments)
    np.testing.assert_array_equal(model.tangent_.predict_proba(X_new), tangent.predict_proba(X_new))


def test_one_new_trial_is_enough_to_predict(toy_eeg):
    arguments = given(toy_eeg)
    X_new = arguments.pop("X_target_unlabeled")
    model = EnsembleClassifier(**QUICK, n_members=1)
    assert model.fit(**arguments).predict(X_new[:1]).shape == (1,)
    model.fit(**arguments, X_target_unlabeled=X_new[:1])  # no spread, no drift to be seen in one
    assert model.predict(X_new).shape == (len(X_new),)
    assert model.tangent_.strength_ == 0


def test_terms_that_fixed_features_cannot_serve_are_refused():
    with pytest.raises(ConfigError, match="'cdan' changes features"):
        RiemannianClassifier(terms={"cdan": 1.0}).check_parameters()
    with pytest.raises(ConfigError, match="network_weight"):
        EnsembleClassifier(network_weight=0.0).check_parameters()


def test_known_shares_reach_the_average_and_are_looked_at_before_training(toy_eeg, monkeypatch):
    arguments = given(toy_eeg)
    shares = {"a": 0.7, "b": 0.3}
    model = EnsembleClassifier(**QUICK, n_members=1, target_prior=shares).fit(**arguments)
    decided = model.predict(arguments["X_target_unlabeled"])
    assert np.mean(decided == "a") == pytest.approx(0.7, abs=0.06)
    monkeypatch.setattr(DANNClassifier, "fit", None)  # nothing may be trained
    with pytest.raises(ConfigError, match="target_prior must give a share to each of"):
        EnsembleClassifier(**QUICK, target_prior={"a": 0.7, "c": 0.3}).fit(**arguments)
