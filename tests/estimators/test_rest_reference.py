"""The Riemannian decoder with references from rest windows, from trials to saved models."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann import EEGTrials, load_dataset, load_model
from bci_dann.data.trials import replace_labels
from bci_dann.estimators import EnsembleClassifier, RiemannianClassifier, TransductiveClassifier
from bci_dann.exceptions import ConfigError, DataError

SMALL = {"n_windows": 1, "n_delays": 2, "local_span": None}
HALF = {"name": "rest", "weight": 0.5}
STEPS = {"band": [8, 30], "window": [0.5, 3.5], "resample": 64, "rest_window": [-0.9, -0.1]}


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return load_dataset(
        "SimulatedMI", n_subjects=3, n_trials=20, preprocessing=STEPS, cache_dir=cache
    )


@pytest.fixture(scope="module")
def source(trials):
    return trials[trials.subjects != "3"]


@pytest.fixture(scope="module")
def target(trials):
    return trials[trials.subjects == "3"]


def decoder(reference="rest", **changes):
    return RiemannianClassifier(reference=reference, **{**SMALL, **changes})


def fitted(source, target, reference="rest", **changes):
    model = decoder(reference, **changes)
    return model.fit(source, source.y, X_target_unlabeled=target.unlabelled())


def test_the_reference_of_a_new_subject_does_not_depend_on_its_shares(source, target):
    """Of the frequent class all trials, of the other every fifth, with the same rest windows."""
    order = np.argsort(target.y, kind="stable")
    frequent = target[order[:20]]
    rest = np.concatenate([frequent.rest, target[order[20:]].rest])
    balanced = target[order]
    balanced = EEGTrials(balanced.X, balanced.y, balanced.metadata, balanced.info, rest=rest)
    one_class = EEGTrials(
        np.concatenate([frequent.X, frequent.X]),
        np.repeat(frequent.y[:1], 40),
        balanced.metadata,
        balanced.info,
        rest=rest,
    )
    for reference, depends in (("rest", False), (HALF, True), ("trials", True)):
        features = [
            fitted(source, one, reference).read_aligned(frequent) for one in (balanced, one_class)
        ]
        assert np.array_equal(*features) != depends


def test_without_the_option_rest_windows_change_no_bit(source, target):
    bare = [EEGTrials(np.array(t.X), t.y, t.metadata, t.info) for t in (source, target)]
    terms = {"information_maximisation": 0.4}
    with_rest = fitted(source, target, "trials", terms=terms).predict_proba(target)
    without = fitted(*bare, "trials", terms=terms).predict_proba(bare[1])
    np.testing.assert_array_equal(with_rest, without)


@pytest.mark.parametrize("reference", ["rest", HALF])
def test_labels_of_the_target_change_nothing(source, target, reference):
    poisoned = replace_labels(target, np.repeat("no such class", len(target)))
    honest, other = (
        fitted(source, one, reference).predict_proba(one) for one in (target, poisoned)
    )
    np.testing.assert_array_equal(honest, other)


@pytest.mark.parametrize("reference", ["rest", HALF])
def test_a_saved_model_is_the_same_and_adapts_the_same(source, target, reference, tmp_path):
    model = decoder(reference).fit(source, source.y)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.reference == reference
    first, second = (one.adapt(target.unlabelled()).predict_proba(target) for one in (model, again))
    np.testing.assert_array_equal(first, second)


def test_prediction_after_adapting_needs_no_rest_windows(source, target):
    model = fitted(source, target)
    bare = EEGTrials(np.array(target.X), None, target.metadata, target.info)
    np.testing.assert_array_equal(model.predict_proba(bare), model.predict_proba(target))


def test_trials_that_come_one_by_one_bring_their_rest_windows(source, target):
    model = decoder().fit(source, source.y)
    online = model
    for start in range(0, 40, 10):
        online = online.partial_adapt(target[start : start + 10].unlabelled())
    np.testing.assert_array_equal(
        online.predict_proba(target), model.adapt(target.unlabelled()).predict_proba(target)
    )


def test_adaptation_trial_by_trial_continues_after_saving(source, target, tmp_path):
    adapted = decoder().fit(source, source.y).partial_adapt(target[:8].unlabelled())
    read = load_model(adapted.save(tmp_path / "model"))
    one, two = (model.partial_adapt(target[8:10].unlabelled()) for model in (adapted, read))
    np.testing.assert_array_equal(one.predict_proba(target), two.predict_proba(target))


def test_wrapped_and_in_an_ensemble(source, target):
    wrapped = TransductiveClassifier(decoder()).fit(source, source.y)
    alone = decoder().fit(source, source.y).adapt(target.unlabelled())
    np.testing.assert_array_equal(wrapped.predict_proba(target), alone.predict_proba(target))
    ensemble = EnsembleClassifier([(decoder(), 1.0), (decoder("trials"), 1.0)])
    assert ensemble.takes_rest
    ensemble.fit(source, source.y, X_target_unlabeled=target.unlabelled())
    assert ensemble.score(target, target.y) > 0.5
    assert not EnsembleClassifier([(decoder("trials"), 1.0)]).takes_rest


@pytest.mark.parametrize("bare", [np.asarray, lambda X: X[:, :, :100]])
def test_arrays_are_refused(source, bare):
    with pytest.raises(DataError, match=r"like all arrays and epochs\. Give EEGTrials"):
        decoder().fit(bare(np.array(source.X)), source.y, subjects=source.subjects)


def test_a_target_without_rest_windows_is_refused(source, target):
    missing = np.full_like(target.rest, np.nan)
    bare = EEGTrials(target.X, None, target.metadata, target.info, rest=missing)
    with pytest.raises(DataError, match="none of the 40 trials of 3/0 has a rest window"):
        decoder().fit(source, source.y).adapt(bare)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reference": "resting"}, "reference"),
        ({"reference": {"name": "rest", "weight": 2}}, "the weight of reference"),
        ({"alignment": None}, "alignment='riemannian' or 'euclidean'"),
        ({"alignment": "own:Alignment"}, "alignment|own"),
    ],
)
def test_parameters_that_cannot_be_are_refused_before_training(changes, message):
    with pytest.raises(ConfigError, match=message):
        decoder(**changes).check_parameters()


def test_the_option_is_named_where_it_is_needed():
    assert decoder().takes_rest
    assert decoder(HALF).takes_rest
    assert not decoder("trials").takes_rest
