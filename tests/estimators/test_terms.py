"""Terms of the objective, from the estimator's side."""

from __future__ import annotations

import logging
import sys
import types

import numpy as np
import pytest

from bci_dann import DANNClassifier, load_model
from bci_dann.components import built_in_names
from bci_dann.estimators import fit_together
from bci_dann.exceptions import ConfigError
from bci_dann.objectives import DomainAdversary, Term

EVERY = dict.fromkeys(built_in_names("term"), 0.1)


class Shrink(Term):
    """A term of one's own: small features."""

    def forward(self, batch):
        return batch.features.square().mean()


def trials(seed=0, n=40):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(scale=10, size=(n, 3, 128)), np.arange(n) % 2
    X[y == 1] *= 1.5
    return X.astype("f4"), y, np.repeat(["a", "b"], n // 2)


def model(**parameters):
    values = {"sfreq": 64.0, "max_epochs": 3, "lr": 1e-2, "random_state": 0, **parameters}
    return DANNClassifier("EEGNet", **values)


def fit(estimator, seed=0):
    X, y, subjects = trials(seed)
    return estimator.fit(X, y, subjects=subjects, X_target_unlabeled=trials(seed + 9)[0])


def test_terms_compose_and_are_reported():
    history = fit(model(terms=EVERY)).history_
    assert {name for name in history[0] if "." not in name} == {"classification", *EVERY}
    assert np.isfinite([list(epoch.values()) for epoch in history]).all()


def test_the_domain_accuracy_is_recorded_and_changes_nothing(monkeypatch):
    fitted, new = fit(model(max_epochs=8)), trials(20)[0]
    for epoch in fitted.history_:
        # two source subjects and the target
        assert epoch["domain_adversary.domain_chance"] == pytest.approx(1 / 3)
        assert 0 < epoch["domain_adversary.domain_accuracy"] <= 1
    monkeypatch.setattr(DomainAdversary, "measured", ())
    plain = fit(model(max_epochs=8))
    np.testing.assert_array_equal(fitted.predict_proba(new), plain.predict_proba(new))
    summands = ["classification", "domain_adversary"]
    assert [{name: epoch[name] for name in summands} for epoch in fitted.history_] == plain.history_


def test_a_domain_that_is_easily_told_is_told():
    X, y, subjects = trials()
    X = X * np.where(subjects == subjects[0], 1.0, 5.0)[:, None, None].astype(X.dtype)
    terms = {"domain_adversary": {"gamma": 0.0}}  # features are not made alike
    told = model(terms=terms, max_epochs=30, alignment=None)
    last = told.fit(X, y, subjects=subjects).history_[-1]
    assert last["domain_adversary.domain_accuracy"] > last["domain_adversary.domain_chance"] + 0.1


def test_a_stack_with_every_term_is_as_alone():
    given = [
        {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": trials(seed + 9)[0]}
        for seed, (X, y, subjects) in enumerate(map(trials, range(2)))
    ]
    models = [model(terms=EVERY, random_state=seed) for seed in range(2)]
    new = trials(20)[0]
    for seed, fitted in enumerate(fit_together(models, given, stack=True)):
        alone = fit(model(terms=EVERY, random_state=seed), seed)
        np.testing.assert_allclose(
            fitted.predict_proba(new), alone.predict_proba(new), rtol=0, atol=2e-3
        )


def test_weight_zero_is_no_term():
    X = trials(3)[0]
    plain = fit(model(terms=None)).predict_proba(X)
    np.testing.assert_array_equal(plain, fit(model(terms={"mcc": 0.0})).predict_proba(X))
    assert set(fit(model(terms={"domain_adversary": 0.0})).history_[0]) == {"classification"}


def test_terms_rest_without_a_target(caplog):
    X, y, subjects = trials()
    with caplog.at_level(logging.INFO):
        fitted = model(terms={"mcc": 1.0, "cdan": 0.1}).fit(X, y, subjects=subjects)
    summands = {name for name in fitted.history_[0] if "." not in name}
    assert summands == {"classification", "domain_adversary", "cdan"}
    assert caplog.text.count("the term mcc is left out") == 1


def test_a_term_of_ones_own_by_its_path(monkeypatch):
    module = types.ModuleType("my_terms")
    module.Shrink = Shrink
    monkeypatch.setitem(sys.modules, "my_terms", module)
    fitted = fit(model(terms={"my_terms:Shrink": 10.0}))
    small, plain = (np.square(m.transform(trials(3)[0])).mean() for m in (fitted, fit(model())))
    assert "Shrink" in fitted.history_[0]
    assert small < 0.9 * plain


def test_a_saved_model_keeps_its_terms(tmp_path):
    fitted, X = fit(model(terms={"mcc": 0.5})), trials(3)[0]
    fitted.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.terms == {"mcc": 0.5}
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"mc": 1.0}, "Did you mean 'mcc'"),
        ({"mcc": -1.0}, "the weight of mcc"),
        ({"mcc": float("nan")}, "the weight of mcc"),
        ("mcc", "must map names to weights"),
        (["mc"], "Did you mean 'mcc'"),
    ],
)
def test_terms_that_cannot_be(terms, message):
    with pytest.raises(ConfigError, match=message):
        model(terms=terms).check_parameters()
