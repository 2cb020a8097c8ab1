"""Removal of slow changes by the decoder: of which trials, and what adaptation does to it."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann import load_dataset, load_model
from bci_dann.estimators import RiemannianClassifier
from bci_dann.estimators.saved_models import model_from_state
from bci_dann.evaluation.config.run_config import load_config
from bci_dann.features import local_deviations


def in_blocks(X, y, subjects):
    """Order the trials of each subject by class."""
    order = np.lexsort((y, subjects))
    return X[order], y[order], subjects[order]


def waning(X, strength=30.0):
    """Add a rhythm of no class that waxes and wanes from trial to trial."""
    time = np.arange(X.shape[2]) / 128.0
    level = 1 + np.sin(2 * np.pi * np.arange(len(X)) / 40)
    changed = X.copy()
    changed[:, 3] += (strength * np.sin(2 * np.pi * 10 * time) * level[:, None]).astype("f4")
    return changed


def shuffled(X, y, subjects):
    order = np.random.default_rng(0).permutation(len(X))
    return X[order], y[order], subjects[order]


def test_a_drifting_subject_is_decoded_without_the_drift(toy_eeg):
    X, y, subjects = shuffled(*toy_eeg.without(1))
    X_new = waning(shuffled(*toy_eeg.of(1), np.zeros(len(toy_eeg.of(1)[1])))[0])
    model = RiemannianClassifier(terms={"information_maximisation": 0.8})
    model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    assert model.drift_.shape[1] >= 1
    np.testing.assert_allclose(model.drift_.T @ model.head_.weights.numpy(), 0, atol=1e-6)


def test_where_cues_come_in_blocks_nothing_is_left_out(toy_eeg):
    X, y, subjects = in_blocks(*toy_eeg.without(1))
    model = RiemannianClassifier().fit(waning(X), y, subjects=subjects)
    assert model.drift_.shape[1] == 0
    assert model.adapt(waning(toy_eeg.of(1)[0])).drift_.shape[1] == 0
    kept = RiemannianClassifier(remove_drift=False).fit(waning(X), y, subjects=subjects)
    np.testing.assert_array_equal(model.head_.weights, kept.head_.weights)


def test_a_subject_whose_cues_come_in_blocks_is_decoded_all_the_same(draw_toy_eeg):
    eeg = draw_toy_eeg(n_trials=80)
    X, y, subjects = shuffled(*eeg.without(1))
    X_new, y_new, _ = in_blocks(*eeg.of(1), np.zeros(80))
    model = RiemannianClassifier(terms={"information_maximisation": 0.4})
    mixed = model.fit(X, y, subjects=subjects).adapt(shuffled(*eeg.of(1), subjects[:80])[0])
    wanted = mixed.score(X_new, y_new) - 0.05
    assert model.adapt(X_new).score(X_new, y_new) > wanted
    given = {"subjects": subjects, "X_target_unlabeled": X_new}
    assert model.fit(X, y, **given).score(X_new, y_new) > wanted


@pytest.mark.real_data
def test_real_trials_put_into_blocks_are_decoded_all_the_same(project, shared_data):
    config = load_config(project / "configs" / "mi_openbci.yaml")
    trials = load_dataset(
        config.data,
        preprocessing=config.preprocessing,
        data_dir=shared_data / "mi-openbci",
        subjects=["01", "02", "03", "05"],
    )
    own = trials.subjects == "01"
    model = RiemannianClassifier(n_windows=1, n_delays=1, terms={"information_maximisation": 0.4})
    model.fit(trials[~own].unlabelled(), trials.y[~own])
    new, labels = trials[own], trials.y[own]
    order = np.lexsort((labels, new.metadata["session"]))  # one block a class
    mixed, blocks = (
        model.adapt(new[rows].unlabelled()).score(new[rows].unlabelled(), labels[rows])
        for rows in (np.arange(len(labels)), order)
    )
    assert mixed > 0.75
    assert blocks > mixed - 0.05


def test_adapt_leaves_out_what_drifts_in_the_new_subject_too(toy_eeg, tmp_path):
    X, y, subjects = shuffled(*toy_eeg.without(1))
    X_new = waning(toy_eeg.of(1)[0])
    model = RiemannianClassifier(terms={"information_maximisation": 0.8})
    model.fit(waning(X), y, subjects=subjects).save(tmp_path)
    known = model.drift_.copy()
    adapted = model.adapt(X_new)
    assert adapted.drift_.shape[1] > known.shape[1] >= 1
    np.testing.assert_allclose(adapted.drift_.T @ adapted.head_.weights.numpy(), 0, atol=1e-6)
    np.testing.assert_array_equal(model.drift_, known)  # the model that was adapted is as it was
    again = load_model(tmp_path).adapt(X_new)
    np.testing.assert_array_equal(again.predict_proba(X_new), adapted.predict_proba(X_new))


@pytest.mark.parametrize("labelled", [False, True])
def test_a_second_adaptation_replaces_the_first_with_its_drift(toy_eeg, tmp_path, labelled):
    X, y, subjects = toy_eeg.without(1)
    others, others_y = shuffled(*toy_eeg.of(1), np.zeros(40))[:2]
    model = RiemannianClassifier(terms={"information_maximisation": 0.8})
    model.fit(X[subjects > 2], y[subjects > 2], subjects=subjects[subjects > 2])
    drifting, labels = waning(X[subjects == 2]), y[subjects == 2] if labelled else None
    first = model.adapt(drifting, labels)
    assert first.drift_.shape[1] > model.drift_.shape[1]
    again = load_model(first.save(tmp_path))
    given = (others, others_y if labelled else None)
    expected = model.adapt(*given)
    online = first.partial_adapt(drifting[:25])
    for earlier in (first, again, online, first.adapt(drifting[:30])):
        replaced = earlier.adapt(*given)
        np.testing.assert_array_equal(replaced.drift_, expected.drift_)
        np.testing.assert_array_equal(
            replaced.predict_proba(others), expected.predict_proba(others)
        )
    np.testing.assert_array_equal(
        first.adapt(drifting[:30]).adapt(drifting, labels).predict_proba(drifting),
        first.predict_proba(drifting),
    )
    np.testing.assert_array_equal(
        again.partial_adapt(drifting[:25]).predict_proba(others), online.predict_proba(others)
    )


def test_drift_of_an_earlier_subject_in_a_file_of_an_earlier_version_is_kept(toy_eeg):
    X, y, subjects = shuffled(*toy_eeg.without(1))
    model = RiemannianClassifier(n_windows=1, n_delays=1).fit(X, y, subjects=subjects)
    adapted = model.adapt(waning(toy_eeg.of(1)[0]))
    state = adapted.to_state()
    del state.arrays["n_fitted_drift"]
    again = model_from_state(state).adapt(X[subjects == subjects[0]])
    n_kept = adapted.drift_.shape[1]
    np.testing.assert_array_equal(again.drift_[:, :n_kept], adapted.drift_)


def test_a_drifting_subject_is_noticed_even_if_no_source_drifts(toy_eeg):
    X, y, subjects = shuffled(*toy_eeg.without(1))
    model = RiemannianClassifier(n_windows=1, n_delays=1).fit(X, y, subjects=subjects)
    assert model.drift_.shape[1] == 0
    assert model.adapt(waning(toy_eeg.of(1)[0])).drift_.shape[1] >= 1


def wandering(X, strength=0.8):
    """Let the gain of the first electrode follow a slow wave, as with drying gel."""
    changed = X.copy()
    level = np.exp(strength * np.sin(2 * np.pi * np.arange(len(X)) / 50))
    changed[:, 0] *= level[:, None].astype("f4")
    return changed


def test_seen_trials_are_taken_relative_to_those_around_them(toy_eeg):
    X, y, subjects = shuffled(*toy_eeg.without(1))
    X_new = wandering(shuffled(*toy_eeg.of(1), np.zeros(40))[0], strength=0.3)
    model = RiemannianClassifier(n_windows=1, n_delays=1, local_span=5.0)
    adapted = model.fit(X, y, subjects=subjects).adapt(X_new)
    features = adapted.read_aligned(X_new)
    around = local_deviations(features, np.repeat("1", 40), 5.0)
    wanted = adapted.predict_proba_aligned((features - around).astype("f4"))
    np.testing.assert_allclose(adapted.predict_proba(X_new), wanted, atol=1e-5)
    assert np.abs(wanted - adapted.predict_proba_aligned(features)).max() > 0.01


def test_seen_trials_are_predicted_alike_alone_together_and_by_a_saved_model(toy_eeg, tmp_path):
    X, y, subjects = shuffled(*toy_eeg.without(1))
    X_new = wandering(toy_eeg.of(1)[0])
    model = RiemannianClassifier(n_windows=1, n_delays=1).fit(X, y, subjects=subjects)
    adapted = model.adapt(X_new)
    together = adapted.predict_proba(X_new)
    alone = np.concatenate([adapted.predict_proba(X_new[i : i + 1]) for i in range(len(X_new))])
    np.testing.assert_allclose(alone, together, atol=1e-6)
    adapted.save(tmp_path)
    np.testing.assert_array_equal(load_model(tmp_path).predict_proba(X_new), together)
    another = np.nextafter(X_new, np.float32(np.inf))  # other trials, of the same values
    assert np.abs(adapted.predict_proba(another) - together).max() > 1e-3
    plain = adapted.predict_proba_aligned(adapted.read_aligned(another))
    np.testing.assert_allclose(adapted.predict_proba(another), plain)


def test_once_partial_adapt_changes_the_head_seen_trials_are_predicted_as_others(toy_eeg, tmp_path):
    X, y, subjects = shuffled(*toy_eeg.without(1))
    X_new = wandering(toy_eeg.of(1)[0])
    others = np.nextafter(X_new, np.float32(np.inf))  # the same values, but not recognised
    terms = {"information_maximisation": 0.8}
    model = RiemannianClassifier(n_windows=1, n_delays=1, terms=terms)
    adapted = model.fit(X, y, subjects=subjects).adapt(X_new)
    few, many = adapted.partial_adapt(others[:15]), adapted.partial_adapt(others[:25])
    apart = [
        np.abs(m.predict_proba(X_new) - m.predict_proba(others)).max()
        for m in (adapted, few, many, load_model(many.save(tmp_path)))
    ]
    assert min(apart[:2]) > 1e-3
    assert max(apart[2:]) < 1e-5
