"""Contract of every method: fit, predict, adapt, save, seeds and threads."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from pyriemann.geometry.mean import mean_riemann
from sklearn import get_config
from sklearn.exceptions import NotFittedError

from bci_dann import load_model
from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.estimators import (
    CalibratedClassifier,
    EnsembleClassifier,
    ShallowClassifier,
    SourceOnlyClassifier,
)
from bci_dann.estimators.saved_models import is_loadable
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError


def test_fit_predict_and_score_of_a_new_subject(with_target, fold):
    *_, X_new, y_new = fold
    proba, predicted = with_target.predict_proba(X_new), with_target.predict(X_new)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(predicted, with_target.classes_[proba.argmax(axis=1)])
    assert with_target.score(X_new, y_new) == np.mean(predicted == y_new)


def test_same_seed_gives_the_same_probabilities_to_the_bit(method, with_target, fold):
    X, y, subjects, X_new, _ = fold
    again = method.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    np.testing.assert_array_equal(again.predict_proba(X_new), with_target.predict_proba(X_new))


def test_without_a_target_it_trains_on_the_sources(method, of_sources, fold):
    X, y, _, X_new, _ = fold
    assert of_sources.predict(X_new).shape == (len(X_new),)
    if isinstance(method, CalibratedClassifier):  # it leaves out subjects, which must have names
        return
    assert method.fit(X, y).predict(X_new).shape == (len(X_new),)


def test_labelled_target_trials_may_come_with_unlabelled_ones(method, fold):
    X, y, subjects, X_new, y_new = fold
    method.fit(
        X,
        y,
        subjects=subjects,
        X_target_unlabeled=X_new[8:],
        X_target_labeled=X_new[:8],
        y_target_labeled=y_new[:8],
    )
    assert method.predict(X_new).shape == (len(X_new),)


def test_saved_model_predicts_the_same_to_the_bit(with_target, fold, tmp_path):
    X_new = fold[3]
    with_target.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(X_new), with_target.predict_proba(X_new))
    np.testing.assert_array_equal(loaded.predict(X_new), with_target.predict(X_new))
    assert loaded.plain_parameters() == with_target.plain_parameters()


def test_adapt_recentres_and_leaves_the_old_model_alone(of_sources, fold):
    method, X_new = of_sources, fold[3]
    before = method.predict_proba(X_new)
    adapted = method.adapt(X_new)
    np.testing.assert_array_equal(method.predict_proba(X_new), before)
    if isinstance(method, CalibratedClassifier | EnsembleClassifier):  # those inside align
        return
    aligned = adapted.alignment_.transform(X_new)
    if aligned.ndim == 2:  # tangent vectors, which are centred where anything is aligned
        # directions of outlying power do not count in the mean, but are limited afterwards
        assert np.abs(aligned.mean(0)).max() < (0.05 if method.alignment else np.inf)
        return
    if aligned.shape[1] == aligned.shape[2]:  # covariances
        np.testing.assert_allclose(mean_riemann(aligned.astype(float)), np.eye(12), atol=1e-3)
        return
    for band in np.moveaxis(aligned, 1, 0) if aligned.ndim == 4 else [aligned]:
        # shrinkage is not equivariant, so the Riemannian mean of what was whitened is about 1
        atol = 0.15 if method.alignment == "riemannian" else 1e-4
        np.testing.assert_allclose(mean_covariance(band, method.alignment), np.eye(6), atol=atol)


def mean_covariance(X, alignment):
    if alignment == "riemannian":
        return mean_riemann(shrunk_covariances(X))
    return np.einsum("nct,ndt->cd", X, X) / (len(X) * X.shape[2])


def test_trial_by_trial_no_prediction_depends_on_a_later_trial(of_sources, fold):
    first = fold[3][:6]
    other = first.copy()
    other[4:] = 3 * other[4:, ::-1]
    seen = []
    for trials in (first, other):
        model, outputs = of_sources, []
        for trial in trials:
            outputs.append(model.predict_proba(trial[None])[0])
            model = model.partial_adapt(trial[None])
        seen.append(np.array(outputs))
    np.testing.assert_array_equal(seen[0][:4], seen[1][:4])


def test_trials_handed_over_together_or_before_and_after_saving_teach_the_same(
    of_sources, fold, tmp_path
):
    X_new = fold[3]
    before = of_sources.predict_proba(X_new)
    one_by_one = of_sources
    for trial in X_new[:24]:
        one_by_one = one_by_one.partial_adapt(trial[None])
    together = of_sources.partial_adapt(X_new[:22])
    loaded = load_model(together.save(tmp_path / "model"))
    np.testing.assert_array_equal(of_sources.predict_proba(X_new), before)
    expected = one_by_one.predict_proba(X_new)
    assert np.isfinite(expected).all()
    for model in (together, loaded):
        model = model.partial_adapt(X_new[22:24])
        np.testing.assert_array_equal(model.predict_proba(X_new), expected)


def test_scale_of_the_amplifier_is_aligned_away(of_sources, fold):
    method, X_new = of_sources, fold[3]
    one, two = method.adapt(X_new), method.adapt(8 * X_new)
    outputs = one.predict_proba(X_new), two.predict_proba(8 * X_new)
    if getattr(method, "alignment", True) is None:  # then nothing takes the scale away
        assert not np.allclose(*outputs, atol=1e-4)
    else:
        np.testing.assert_allclose(*outputs, atol=1e-4)


def test_scikit_learns_global_configuration_is_untouched(method, fold):
    before, (X, y, subjects, *_) = get_config(), fold
    few = np.arange(len(X)) % 40 < 10  # of each subject
    method.fit(X[few], y[few], subjects=subjects[few])
    assert get_config() == before


def test_it_learns_where_the_caller_switched_gradients_off(method, with_target, fold):
    X, y, subjects, X_new, y_new = fold
    with torch.inference_mode():
        fitted = method.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
        adapted = fitted.adapt(X_new, y_new if fitted.uses_labels else None)
        online = fitted.partial_adapt(X_new[:10])
    np.testing.assert_array_equal(fitted.predict_proba(X_new), with_target.predict_proba(X_new))
    for model in (adapted, online):  # and continues where they are on again
        assert np.isfinite(model.adapt(X_new).partial_adapt(X_new[:1]).predict_proba(X_new)).all()


def test_adapting_without_alignment_warns(fold):
    X, y, subjects, X_new, _ = fold
    model = ShallowClassifier(alignment=None).fit(X, y, subjects=subjects)
    with pytest.warns(BCIDannWarning, match="changes nothing"):
        model.adapt(X_new)


def test_a_model_that_could_not_be_loaded_is_not_saved(fold, tmp_path):
    class Mine(ShallowClassifier):
        pass

    model = Mine().fit(fold[0], fold[1])
    assert not is_loadable(model)
    assert is_loadable(ShallowClassifier())
    with pytest.raises(ConfigError, match="top level of a module"):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_saved_class_that_is_not_known_is_refused(fold, tmp_path):
    folder = ShallowClassifier().fit(fold[0], fold[1]).save(tmp_path / "model")
    text = (folder / "model.json").read_text().replace("ShallowClassifier", "Mine")
    (folder / "model.json").write_text(text)
    with pytest.raises(DataError, match="got 'Mine'"):
        load_model(folder)


def test_a_new_subject_is_not_centred_on_another_target(method, fold, toy_eeg, eeg_trials):
    """Arrays have no domain: the target of `fit` and the one of `adapt` must not be one."""
    X, y, subjects, X_new, y_new = fold
    other = X_new[:, ::-1] * np.linspace(0.5, 3.0, X_new.shape[1])[:, None]
    method.fit(X, y, subjects=subjects, X_target_unlabeled=other.astype(np.float32))
    if not method.can_adapt:
        return
    named = eeg_trials(X_new, y_new, np.repeat("new", len(X_new)))
    expected = method.adapt(named).predict_proba(named)
    np.testing.assert_array_equal(method.adapt(X_new).predict_proba(X_new), expected)


def test_a_fitted_model_can_be_pickled(with_target, fold):
    again, X_new = pickle.loads(pickle.dumps(with_target)), fold[3]
    np.testing.assert_array_equal(again.predict_proba(X_new), with_target.predict_proba(X_new))


def test_a_fit_that_failed_is_none(method, fold):
    X, y, subjects, X_new, _ = fold
    with pytest.raises(ValueError):  # noqa: PT011 (each method has its own words)
        method.fit(X, y, subjects=subjects, X_target_unlabeled=X_new[:, :1])
    with pytest.raises(NotFittedError):
        method.predict(X_new)


@pytest.mark.parametrize("seed", [-1, 1.5, "a"])
def test_what_is_no_seed(seed):
    with pytest.raises(ConfigError, match="random_state must be None"):
        SourceOnlyClassifier(random_state=seed).check_parameters()


def test_threads_get_what_they_would_get_alone(fold):
    X, y, subjects, X_new, _ = fold

    def trained(seed):
        model = SourceOnlyClassifier(max_epochs=2, random_state=seed)
        return model.fit(X, y, subjects=subjects).predict_proba(X_new)

    alone = [trained(seed) for seed in range(4)]
    state = torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(trained, range(4)))
    np.testing.assert_array_equal(together, alone)
    assert torch.equal(state, torch.get_rng_state())
