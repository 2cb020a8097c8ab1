from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from bci_dann import load_dataset, load_model
from bci_dann.adaptation.label_shift import prior_from_labels
from bci_dann.estimators import RiemannianClassifier
from bci_dann.exceptions import ConfigError, DataError


def test_without_terms_it_is_logistic_regression(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    model = RiemannianClassifier(C=0.5, local_span=None).fit(X, y, subjects=subjects)
    features = model.alignment_.transform(X, subjects.astype(str)).astype(np.float64)
    reference = LogisticRegression(C=0.5, tol=1e-8, max_iter=5000).fit(features, y)
    np.testing.assert_allclose(
        model.predict_proba_aligned(features), reference.predict_proba(features), atol=1e-3
    )


@pytest.mark.filterwarnings("error")
def test_views_of_plain_vectors_are_predicted_as_their_copies():
    X = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    model = RiemannianClassifier().fit(X, X[:, 0] > 0)
    expected = model.predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(X[::-1]), expected[::-1])
    X.flags.writeable = False  # as in the processes of joblib
    np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_adapting_makes_the_target_surer_and_keeps_classes_apart(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    X_new, y_new = toy_eeg.of(1)
    given = {"subjects": subjects, "X_target_unlabeled": X_new}
    plain = RiemannianClassifier().fit(X, y, **given)
    adapted = RiemannianClassifier(terms={"information_maximisation": 1.0}, guard=False)
    adapted.fit(X, y, **given)
    sure = [np.abs(m.predict_proba(X_new)[:, 0] - 0.5).mean() for m in (plain, adapted)]
    assert sure[1] > sure[0] + 0.02
    assert 0.3 < np.mean(adapted.predict(X_new) == "a") < 0.7
    assert adapted.score(X_new, y_new) >= plain.score(X_new, y_new)


def test_a_target_that_mostly_rests_is_not_split_in_half(draw_toy_eeg):
    eeg = draw_toy_eeg(n_subjects=4, n_trials=160, shift=0.2)
    X, y, subjects = eeg.without(1)
    X_new, y_new = eeg.of(1)
    kept = np.r_[np.flatnonzero(y_new == "a"), np.flatnonzero(y_new == "b")[:20]]
    kept = np.random.default_rng(0).permutation(kept)
    model = RiemannianClassifier(terms={"information_maximisation": 0.8}, guard=False)
    model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new[kept])
    assert model.prior_[0] > 0.6
    assert np.mean(model.predict(X_new[kept]) == "a") > 0.6
    even = RiemannianClassifier(terms={"information_maximisation": 0.8}, guard=False)
    even.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    np.testing.assert_allclose(even.prior_, 0.5, atol=0.05)


def test_short_sessions_that_differ_are_not_taken_for_classes():
    trials = load_dataset(
        "SimulatedMI",
        n_subjects=4,
        n_sessions=3,
        n_trials=7,
        snr=1.4,
        shift={"head": 2.0, "gain": 1.2, "noise": 1.0, "drift": 1.9, "alertness": 1.0},
        random_state=1440542768,
        preprocessing={"band": [8, 30], "window": [0.5, 3.5], "resample": 64},
    )
    for subject in np.unique(trials.subjects):
        new = trials.subjects == subject
        model = RiemannianClassifier(
            terms={"information_maximisation": 0.4}, n_windows=1, n_delays=2
        )
        target = trials[new].unlabelled()
        model.fit(trials[~new], trials[~new].y, X_target_unlabeled=target)
        decisions = model.predict(target) == model.classes_[0]
        for session in np.unique(target.metadata["session"]):
            assert 0.2 < np.mean(decisions[target.metadata["session"] == session]) < 0.8


def test_few_trials_adapt_in_proportion(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    X_new = toy_eeg.of(1)[0][:30]
    heads = [
        RiemannianClassifier(terms={"information_maximisation": weight}, enough_trials=n)
        .fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
        .head_.weights.numpy()
        for weight, n in ((0.8, 120), (0.2, 1), (0.8, 1))
    ]
    np.testing.assert_allclose(heads[0], heads[1], atol=1e-8)
    assert np.abs(heads[0] - heads[2]).max() > 1e-3


@pytest.mark.parametrize("terms", [None, {"information_maximisation": 0.8}])
def test_a_subject_who_is_known_to_rest_mostly_is_decoded_as_one(draw_toy_eeg, terms):
    eeg = draw_toy_eeg(n_subjects=4, n_trials=160, shift=0.2)
    rng = np.random.default_rng(0)
    eeg = dataclasses.replace(eeg, X=eeg.X + rng.normal(0, 20, eeg.X.shape).astype("f4"))
    X, y, subjects = eeg.without(1)
    X_new, y_new = eeg.of(1)
    kept = rng.permutation(np.r_[np.flatnonzero(y_new == "a"), np.flatnonzero(y_new == "b")[:20]])
    X_new, y_new = X_new[kept], y_new[kept]
    given = {"subjects": subjects, "X_target_unlabeled": X_new}
    unknown = RiemannianClassifier(terms=terms).fit(X, y, **given)
    known = RiemannianClassifier(terms=terms, target_prior={"b": 0.2, "a": 0.8}).fit(X, y, **given)
    np.testing.assert_array_equal(known.prior_, [0.8, 0.2])
    assert known.score(X_new, y_new) > unknown.score(X_new, y_new) + 0.1
    for model in (known, known.adapt(X_new)):
        assert np.mean(model.predict(X_new) == "a") == pytest.approx(0.8, abs=0.06)


def test_ten_labels_tell_that_a_subject_mostly_rests(draw_toy_eeg, tmp_path):
    eeg = draw_toy_eeg(n_subjects=4, n_trials=160, shift=0.2)
    rng = np.random.default_rng(0)
    eeg = dataclasses.replace(eeg, X=eeg.X + rng.normal(0, 20, eeg.X.shape).astype("f4"))
    X, y, subjects = eeg.without(1)
    X_new, y_new = eeg.of(1)
    kept = rng.permutation(np.r_[np.flatnonzero(y_new == "a"), np.flatnonzero(y_new == "b")[:20]])
    X_new, y_new = X_new[kept], y_new[kept]
    terms = {"information_maximisation": 0.8}
    few = {"X_target_labeled": X_new[:10], "y_target_labeled": y_new[:10]}
    rest = {"X_target_unlabeled": X_new[10:]}
    untold = RiemannianClassifier(terms=terms).fit(X, y, subjects=subjects, **rest)
    told = RiemannianClassifier(terms=terms).fit(X, y, subjects=subjects, **rest, **few)
    np.testing.assert_allclose(told.prior_, prior_from_labels(np.int64(y_new[:10] == "b"), 2))
    assert told.score(X_new[10:], y_new[10:]) > untold.score(X_new[10:], y_new[10:]) + 0.03
    known = np.where(np.arange(len(y_new)) < 10, y_new.astype(object), None)
    adapted = untold.adapt(X_new, known)
    np.testing.assert_allclose(adapted.prior_, told.prior_)
    share = np.mean(adapted.predict(X_new[10:]) == "a")
    assert share == pytest.approx(told.prior_[0], abs=0.06)
    adapted.save(tmp_path / "model")
    followed = [
        model.partial_adapt(X_new[:30]).prior_
        for model in (adapted, load_model(tmp_path / "model"))
    ]
    np.testing.assert_allclose(followed, [told.prior_] * 2)  # labels that were given stay in use


def test_known_shares_are_met_without_alignment_and_not_by_a_handful_of_trials(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    X_new = toy_eeg.of(1)[0]
    model = RiemannianClassifier(alignment=None, target_prior={"a": 0.25, "b": 0.75})
    model.fit(X, y, subjects=subjects)
    few = model.adapt(X_new[:19])
    np.testing.assert_array_equal(few.head_.biases, model.head_.biases)
    assert np.mean(model.adapt(X_new).predict(X_new) == "a") == pytest.approx(0.25, abs=0.06)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"a": 0.8, "b": 0.4}, "must sum to 1"),
        ({"a": 1.0, "b": 0.0}, "share of"),
        ({"a": 0.8, "c": 0.2}, r"each of \['a', 'b'\]; got \['a', 'c'\]"),
    ],
)
def test_known_shares_that_cannot_be(toy_eeg, shares, message):
    X, y, _ = toy_eeg.without(1)
    with pytest.raises(ConfigError, match=message):
        RiemannianClassifier(target_prior=shares).fit(X, y)


def test_few_labels_count_more_than_as_many_of_the_sources(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    X_new, y_new = toy_eeg.of(1)
    swapped = np.where(y_new == "a", "b", "a")  # a subject whose brain works the other way round
    scores = []
    for weight in (0.1, 50.0):
        model = RiemannianClassifier(target_label_weight=weight)
        model.fit(
            X, y, subjects=subjects, X_target_labeled=X_new[:20], y_target_labeled=swapped[:20]
        )
        scores.append(np.mean(model.predict(X_new[20:]) == swapped[20:]))
    assert scores[1] > scores[0] + 0.3


def test_sampling_frequency_sets_the_delay(toy_eeg):
    X, y, _ = toy_eeg.without(1)
    three = RiemannianClassifier(sfreq=128.0, n_delays=3).fit(X, y)
    assert three.alignment_.lag_ == round(0.1 * 128 / 2)
    unknown = RiemannianClassifier(n_delays=3).fit(X, y)
    assert unknown.alignment_.lag_ == pytest.approx(6, abs=2)
    seven = RiemannianClassifier(sfreq=128.0).fit(X, y)
    assert seven.alignment_.lag_ == round(0.1 * 128 / 6)


def test_adapt_without_source_data_does_nearly_what_fit_does_with_it(draw_toy_eeg):
    eeg = draw_toy_eeg(n_trials=80)
    X, y, subjects = eeg.without(1)
    X_new, _ = eeg.of(1)
    model = RiemannianClassifier(terms={"information_maximisation": 0.8})
    plain = model.fit(X, y, subjects=subjects).predict_proba(X_new)
    adapted = model.adapt(X_new)
    assert (model.strength_, adapted.strength_) == (0.0, 1.0)
    with_sources = RiemannianClassifier(terms={"information_maximisation": 0.8})
    with_sources.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    wanted = with_sources.predict_proba(X_new)[:, 0]
    apart = [np.abs(p[:, 0] - wanted).mean() for p in (plain, adapted.predict_proba(X_new))]
    assert apart[1] < apart[0] / 2


def test_a_term_of_another_file_is_not_run_because_a_model_names_it(toy_eeg, tmp_path, monkeypatch):
    X, y, subjects = toy_eeg.without(1)
    model = RiemannianClassifier(terms={"information_maximisation": 0.4})
    folder = model.fit(X, y, subjects=subjects).save(tmp_path / "model")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "evil_term_3.py").write_text("raise SystemExit\n")
    named = (folder / "model.json").read_text().replace("information_maximisation", "evil_term_3:X")
    (folder / "model.json").write_text(named)
    with pytest.raises(DataError, match="import evil_term_3 before you load"):
        load_model(folder)


@pytest.mark.parametrize("span", [0.0, -1.0, np.nan])
def test_a_span_that_is_no_span_is_refused(toy_eeg, span):
    X, y, _ = toy_eeg.without(1)
    with pytest.raises(ConfigError, match="local_span"):
        RiemannianClassifier(local_span=span).fit(X, y)


def test_parameters_of_alignments_of_signals_are_refused(toy_eeg):
    X, y, subjects = toy_eeg.without(4)
    model = RiemannianClassifier(alignment={"name": "riemannian", "robust": False})
    with pytest.raises(ConfigError, match="takes no robust"):
        model.fit(X, y, subjects=subjects)
    RiemannianClassifier(alignment={"name": "riemannian"}, n_delays=1).fit(X, y, subjects=subjects)
