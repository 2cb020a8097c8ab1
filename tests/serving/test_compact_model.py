"""A model without its training sessions serves new subjects to the bit as the whole one does."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann import load_model
from bci_dann.estimators import (
    EnsembleClassifier,
    ProcrustesClassifier,
    RiemannianClassifier,
    ShallowClassifier,
)
from bci_dann.serving import load_recipe
from bci_dann.serving.compact_model import without_training_sessions

METHODS = {
    "default": RiemannianClassifier(
        n_windows=1, n_delays=2, terms={"information_maximisation": 0.4}
    ),
    "shallow": ShallowClassifier("csp", alignment="euclidean"),
    "procrustes": ProcrustesClassifier(),
    "ensemble": EnsembleClassifier([(ShallowClassifier(alignment="riemannian"), 1.0)]),
}


@pytest.mark.parametrize("name", METHODS)
def test_new_subjects_are_served_to_the_bit(toy_eeg, tmp_path, name):
    X, y, subjects = toy_eeg.without(1)
    whole = METHODS[name].fit(X, y, subjects=subjects)
    compact = without_training_sessions(whole)
    size, smaller = (sum(a.nbytes for a in m.to_state().arrays.values()) for m in (whole, compact))
    assert smaller < size
    new = toy_eeg.of(1)[0]
    loaded = load_model(compact.save(tmp_path / "model"))
    for model in (compact, loaded):
        np.testing.assert_array_equal(model.predict_proba(new), whole.predict_proba(new))
        adapted, expected = model.adapt(new[:20]), whole.adapt(new[:20])
        np.testing.assert_array_equal(adapted.predict_proba(new), expected.predict_proba(new))
        stepped, expected = model.partial_adapt(new[:1]), whole.partial_adapt(new[:1])
        np.testing.assert_array_equal(stepped.predict_proba(new), expected.predict_proba(new))


@pytest.mark.parametrize("name", METHODS)
def test_the_session_that_is_followed_goes_on(toy_eeg, tmp_path, name):
    X, y, subjects = toy_eeg.without(1)
    new = toy_eeg.of(1)[0]
    whole = METHODS[name].fit(X, y, subjects=subjects).partial_adapt(new[:6])
    compact = without_training_sessions(whole)
    loaded = load_model(compact.save(tmp_path / "model"))
    for model in (compact, loaded):
        np.testing.assert_array_equal(model.predict_proba(new), whole.predict_proba(new))
        stepped, expected = model.partial_adapt(new[6:9]), whole.partial_adapt(new[6:9])
        np.testing.assert_array_equal(stepped.predict_proba(new), expected.predict_proba(new))


def test_a_model_without_references_stays_as_it_is(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    model = ShallowClassifier("csp", alignment=None).fit(X, y, subjects=subjects)
    assert without_training_sessions(model) is model


def test_the_command_forgets_where_it_is_asked_to(bci_dann, config, sources, tmp_path):
    arguments = ("fit", config, "-p", "shallow", "--data-dir", sources, "--licence", "mit")
    assert bci_dann(*arguments, "-o", tmp_path / "whole").exit_code == 0
    done = bci_dann(*arguments, "-o", tmp_path / "compact", "--compact")
    assert done.exit_code == 0, done.output
    domains = [load_model(tmp_path / n).alignment_.domains_ for n in ("whole", "compact")]
    assert (len(domains[0]), len(domains[1])) == (3, 0)
    assert load_recipe(tmp_path / "compact").licence == "mit"
