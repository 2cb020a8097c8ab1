"""Input of every method: kinds of trials, and trials, labels and parameters that are refused."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from bci_dann import EEGTrials
from bci_dann.estimators import (
    CalibratedClassifier,
    DANNClassifier,
    EnsembleClassifier,
    ReweightedClassifier,
    RiemannianClassifier,
    ShallowClassifier,
    SourceOnlyClassifier,
    TransductiveClassifier,
)
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError
from bci_dann.features import CovarianceAlignment

# --- input kinds ---------------------------------------------------------------------------


def as_epochs(X, y, subjects):
    info = mne.create_info(6, 128.0, "eeg")
    codes = {"a": 1, "b": 2}
    events = np.stack([np.arange(len(X)), 0 * np.arange(len(X)), [codes[c] for c in y]], axis=1)
    metadata = pd.DataFrame(
        {"subject": np.broadcast_to(subjects, len(X)), "session": "0", "run": "0"}
    )
    return mne.EpochsArray(
        X * 1e-6, info, events, event_id=codes, metadata=metadata, verbose="error"
    )


def test_epochs_in_volt_equal_arrays_in_microvolt(fold):
    X, y, subjects, X_new, y_new = fold
    arrays = ShallowClassifier().fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    epochs = ShallowClassifier().fit(
        as_epochs(X, y, subjects), y, X_target_unlabeled=as_epochs(X_new, y_new, 1)
    )
    np.testing.assert_allclose(
        epochs.predict_proba(as_epochs(X_new, y_new, 1)), arrays.predict_proba(X_new), atol=1e-4
    )


@pytest.mark.parametrize(
    "model",
    [
        CalibratedClassifier("ra_ts_logistic"),
        EnsembleClassifier([(ShallowClassifier(), 1.0)]),
        TransductiveClassifier(ShallowClassifier(), by="fit"),
    ],
    ids=lambda model: type(model).__name__,
)
def test_epochs_that_are_not_in_memory_equal_those_that_are(model):
    """One of them is dropped, which is not known before they are read."""
    signals = np.random.default_rng(0).normal(0, 1e-5, (3, 64 * 62))
    signals[:, 64 * 9 : 64 * 10] *= 100
    raw = mne.io.RawArray(signals, mne.create_info(3, 64.0, "eeg"), verbose="error")
    events = np.array([[64 * (trial + 1), 0, trial % 2] for trial in range(60)])
    subjects = np.repeat(["1", "2", "3"], 20)
    metadata = pd.DataFrame({"subject": subjects, "session": "0", "run": "0"})
    limits = {"tmax": 0.9, "tmin": 0.0, "baseline": None, "reject": {"eeg": 5e-4}}
    lazy, loaded = (
        mne.Epochs(raw, events, **limits, metadata=metadata, preload=preload, verbose="error")
        for preload in (False, True)
    )
    y = loaded.events[:, 2]
    assert len(y) == 59
    one, two = (clone(model).fit(epochs, y) for epochs in (lazy.copy(), loaded))
    expected = two.predict_proba(loaded)
    np.testing.assert_array_equal(one.predict_proba(lazy.copy()), expected)
    if hasattr(one, "partial_adapt"):
        one, two = (fitted.partial_adapt(epochs) for fitted, epochs in ((one, lazy), (two, loaded)))
        np.testing.assert_array_equal(one.predict_proba(loaded), two.predict_proba(loaded))


def test_each_session_is_aligned_by_itself(fold, eeg_trials):
    X, y, subjects, X_new, y_new = fold
    sessions = np.repeat(["0", "1"], len(X_new) // 2)
    moved = X_new.copy()
    moved[sessions == "1"] = 5 * moved[sessions == "1", ::-1]
    target = eeg_trials(moved, y_new, np.repeat(1, len(X_new)), sessions)
    model = ShallowClassifier().fit(
        eeg_trials(X, y, subjects).unlabelled(), y, X_target_unlabeled=target.unlabelled()
    )
    assert {"1/0", "1/1"} < set(model.alignment_.references_)
    half = sessions == "1"
    aligned = model.alignment_.transform(target.X[half], target.domains[half])
    covariance = np.einsum("nct,ndt->cd", aligned, aligned) / (half.sum() * X.shape[2])
    np.testing.assert_allclose(covariance, np.eye(6), atol=1e-4)


def test_channels_in_another_order_are_brought_into_that_of_the_sources(fold, eeg_trials):
    X, y, subjects, X_new, y_new = fold
    target = eeg_trials(X_new, y_new, np.repeat(1, len(X_new)))
    order = [3, 0, 5, 1, 4, 2]
    mixed = EEGTrials.trusted(
        target.X[:, order], target.y, target.metadata, mne.pick_info(target.info.copy(), order)
    )
    assert mixed.ch_names != target.ch_names
    sources = eeg_trials(X, y, subjects)
    model = ShallowClassifier().fit(sources, y, X_target_unlabeled=mixed.unlabelled())
    expected = ShallowClassifier().fit(sources, y, X_target_unlabeled=target.unlabelled())
    np.testing.assert_array_equal(model.predict_proba(mixed), expected.predict_proba(target))
    adapted = model.adapt(mixed.unlabelled())
    np.testing.assert_array_equal(adapted.predict_proba(target), adapted.predict_proba(mixed))
    epochs = mne.EpochsArray(1e-6 * mixed.X, mixed.info, verbose="error")
    np.testing.assert_allclose(
        model.predict_proba(epochs), expected.predict_proba(X_new), rtol=1e-3
    )


def test_other_channels_are_refused(fold, eeg_trials):
    X, y, subjects, X_new, y_new = fold
    model = ShallowClassifier().fit(eeg_trials(X, y, subjects), y)
    other = eeg_trials(X_new, y_new, np.repeat(1, len(X_new)))
    mne.rename_channels(other.info, {"C3": "Oz"})
    with pytest.raises(DataError, match=r"lack the channels \['C3'\] and have .*\['Oz'\]"):
        model.predict(other)


# --- bad input -----------------------------------------------------------------------------


def test_volt_is_refused_with_advice(fold):
    X, y, subjects, *_ = fold
    with pytest.raises(DataError, match="convert them to microvolt"):
        ShallowClassifier().fit(1e-6 * X, y, subjects=subjects)


def test_nan_is_refused(method, fold):
    X, y, *_ = fold
    broken = X.copy()
    broken[3, 2, 1] = np.nan
    with pytest.raises(DataError, match=r"NaN or inf: trials \[3\], channels \[2\]"):
        method.fit(broken, y)


def test_swapped_axes_are_refused(fold, of_sources):
    X, y, subjects, X_new, _ = fold
    model = ShallowClassifier()
    with pytest.raises(DataError, match=r"128 channels of 6 samples.*X.transpose\(0, 2, 1\)"):
        model.fit(X.transpose(0, 2, 1), y, subjects=subjects)
    with pytest.raises(DataError, match=r"fitted with 6 channels of 128 samples"):
        of_sources.predict(X_new.transpose(0, 2, 1))


def test_a_label_that_is_missing_or_misspelt_is_refused(method, fold):
    X, y, subjects, *_ = fold
    for label, said in (("nan", "1 of 120 labels are missing"), ("B", "capitals"), ("bb", "once")):
        wrong = np.where(np.arange(len(y)) == 5, label, y)
        with pytest.raises(DataError, match=said):
            method.fit(X, wrong, subjects=subjects)


def test_other_window_is_refused(method, fold):
    X, y, subjects, X_new, _ = fold
    with pytest.raises(DataError, match="100 samples; the model was fitted with 128"):
        method.fit(X, y, subjects=subjects, X_target_unlabeled=X_new[:, :, :100])


def test_other_number_of_channels_is_refused(of_sources, fold):
    with pytest.raises(DataError, match="trials have 5 channels; the model was fitted with 6"):
        of_sources.predict(fold[3][:, :5])


def test_missing_channels_are_named(fold, eeg_trials):
    X, y, subjects, *_ = fold
    model = ShallowClassifier().fit(eeg_trials(X, y, subjects), y)
    with pytest.raises(DataError, match=r"lack the channels \['FC3'\]"):
        model.predict(eeg_trials(X[:, :5], y, subjects))


def test_one_trial_without_the_axis_of_trials_and_no_trial_are_refused(of_sources, fold):
    X, y, _, X_new, _ = fold
    with pytest.raises(DataError, match=r"shape \(6, 128\), that of one trial: give X\[None\]"):
        of_sources.predict(X_new[0])
    with pytest.raises(DataError, match=r"X has no trials.*compare with text"):
        of_sources.adapt(X_new[:0])
    with pytest.raises(DataError, match="X has no trials"):
        ShallowClassifier().fit(X[:0], y[:0])


def test_labels_that_cannot_be_scored_are_refused(of_sources, fold):
    X_new, y_new = fold[3:]
    with pytest.raises(DataError, match=r"y is None.*unlabelled\(\)"):
        of_sources.score(X_new, None)
    with pytest.raises(DataError, match=r"no label of y is a class of the model, \['a', 'b'\]"):
        of_sources.score(X_new, np.char.upper(y_new))
    some = np.where(np.arange(len(y_new)) == 0, "rest", y_new)  # counts as an error
    assert of_sources.score(X_new, some) <= of_sources.score(X_new, y_new)


def test_one_class_is_refused(method, fold):
    X, y, *_ = fold
    with pytest.raises(DataError, match="one class only"):
        method.fit(X[y == "a"], y[y == "a"])


@pytest.mark.filterwarnings("ignore:.*too few for out-of-fold domain probabilities")
@pytest.mark.parametrize("shown", ["one trial", "one class"])
def test_a_target_that_shows_little_is_served_all_the_same(method, fold, shown):
    X, y, subjects, X_new, y_new = fold
    seen = X_new[:1] if shown == "one trial" else X_new[y_new == "a"]
    proba = method.fit(X, y, subjects=subjects, X_target_unlabeled=seen).predict_proba(X_new)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(method.adapt(seen).predict_proba(X_new).sum(axis=1), 1, rtol=1e-6)


def test_strange_target_label_is_refused(fold):
    X, y, subjects, X_new, _ = fold
    with pytest.raises(DataError, match=r"labels \['c'\] that the sources do not have"):
        ShallowClassifier().fit(
            X, y, subjects=subjects, X_target_labeled=X_new[:2], y_target_labeled=["a", "c"]
        )


def test_subjects_of_another_length(fold):
    with pytest.raises(DataError, match="subjects must have shape"):
        ShallowClassifier().fit(fold[0], fold[1], subjects=[1, 2])


def test_vectors_for_a_network_of_trials(fold):
    X, y, *_ = fold
    with pytest.raises(DataError, match="backbone='MLP'"):
        SourceOnlyClassifier().fit(X[:, :, 0], y)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (SourceOnlyClassifier("EEGNett"), "Did you mean 'EEGNet'"),
        (SourceOnlyClassifier(alignment="euclidian"), "Did you mean 'euclidean'"),
        (SourceOnlyClassifier("SPDNet"), "set alignment='covariance'"),
        (SourceOnlyClassifier("SPDNet", alignment=None), "set alignment='covariance'"),
        (DANNClassifier(alignment="covariance"), "this method needs signals"),
        (ShallowClassifier(alignment="covariance"), "this method needs signals"),
        (RiemannianClassifier(alignment="covariance"), "this method needs signals"),
        (RiemannianClassifier(alignment=CovarianceAlignment()), "this method needs signals"),
        (SourceOnlyClassifier(max_epochs=2.5), "max_epochs must be a whole number above 0"),
        (
            SourceOnlyClassifier({"name": "EEGNet", "kernel_lenght": 3}),
            "Did you mean 'kernel_length'",
        ),
        (SourceOnlyClassifier({"name": "MLP", "hiden": [3]}), "Did you mean 'hidden'"),
        (SourceOnlyClassifier(device="gpuu"), "device 'gpuu' cannot be used"),
        (SourceOnlyClassifier(weight_decay=-1), "weight_decay must be a number at least 0"),
        (
            DANNClassifier(terms={"domain_adversary": -1}),
            "the weight of domain_adversary must be a number at least 0",
        ),
        (
            DANNClassifier(terms={"domain_adversary": {"hidden": 0}}),
            "hidden must be a whole number",
        ),
        (
            DANNClassifier(terms={"domain_adversary": {"smoothing": 1}}),
            "smoothing must be a number at least 0",
        ),
        (
            ReweightedClassifier(weighting={"name": "logistic", "clip": 0}),
            "clip must be a number above 0 and below 0.5",
        ),
        (ReweightedClassifier(weighting="forrest"), "Did you mean 'forest'"),
        (DANNClassifier(domains="subjects"), "Did you mean 'subject'"),
        (ReweightedClassifier(learner="net"), "learner must be one of"),
        (ShallowClassifier("cps"), "Did you mean 'csp'"),
    ],
)
def test_wrong_parameter_says_what_is_accepted(model, message, fold):
    with pytest.raises(ConfigError, match=message):
        model.fit(fold[0], fold[1])


def test_one_bad_trial_at_predict_is_no_reason_to_refuse_the_rest(of_sources, fold):
    one = fold[3][:1].copy()
    one[0, 2] = 0.0
    assert of_sources.predict(one).shape == (1,)


def test_other_sampling_frequency_is_refused(fold, eeg_trials):
    X, y, subjects, X_new, y_new = fold
    model = ShallowClassifier().fit(eeg_trials(X, y, subjects), y)
    faster = eeg_trials(X_new, y_new, np.repeat(1, len(X_new)), sfreq=250.0)
    with pytest.raises(DataError, match=r"250\.0 Hz; the model was fitted at 128\.0 Hz"):
        model.predict(faster)


def test_epochs_without_metadata_keep_source_and_target_apart(fold):
    X, y, subjects, X_new, y_new = fold
    source, target = as_epochs(X, y, subjects), as_epochs(X_new, y_new, 1)
    source.metadata = target.metadata = None
    arrays = ShallowClassifier().fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    epochs = ShallowClassifier().fit(source, y, subjects=subjects, X_target_unlabeled=target)
    assert set(epochs.alignment_.references_) == set(arrays.alignment_.references_)
    np.testing.assert_allclose(epochs.predict_proba(target), arrays.predict_proba(X_new), atol=1e-4)


def test_a_target_may_have_the_name_of_a_source_subject(method, fold, eeg_trials):
    X, y, subjects, X_new, y_new = fold
    assert (subjects == 2).any()
    sources = eeg_trials(X, y, subjects)
    targets = [eeg_trials(X_new, y_new, np.repeat(name, len(X_new))) for name in ("2", "9")]
    same, other = (
        clone(method).fit(sources, y, X_target_unlabeled=target.unlabelled()).predict_proba(target)
        for target in targets
    )
    np.testing.assert_allclose(same, other, atol=1e-6)


def test_subjects_that_contradict_the_metadata(fold, eeg_trials):
    X, y, subjects, *_ = fold
    with pytest.raises(DataError, match="differ from the subjects in the trials' own metadata"):
        ShallowClassifier().fit(eeg_trials(X, y, subjects), y, subjects=subjects[::-1])


def test_target_labels_without_target_trials(fold):
    X, y, *_ = fold
    with pytest.raises(DataError, match="without X_target_labeled"):
        ShallowClassifier().fit(X, y, y_target_labeled=y)


def test_a_trial_without_signal_teaches_nothing_and_may_be_anything(method, of_sources, fold):
    X, y, subjects, X_new, _ = fold
    silent = X_new.copy()
    silent[3] = 5.0
    with pytest.raises(DataError, match=r"1 of .* trials hold no signal.*\[3\]"):
        method.fit(X, y, subjects=subjects, X_target_unlabeled=silent)
    with pytest.raises(DataError, match="no signal"):
        of_sources.partial_adapt(silent[3:4])
    whole, some = of_sources.predict_proba(X_new), of_sources.predict_proba(silent)
    assert len(set(some[3].round(12))) == 1
    np.testing.assert_allclose(np.delete(some, 3, 0), np.delete(whole, 3, 0), atol=1e-6)


def riemannian(**parameters):
    return RiemannianClassifier(terms={"information_maximisation": 0.5}, **parameters)


def test_what_trials_say_of_their_rate_is_not_overruled(fold, eeg_trials):
    X, y, subjects, *_ = fold
    trials = eeg_trials(X, y, subjects)  # at 128 Hz
    with pytest.raises(DataError, match=r"sfreq is 64 Hz, but the trials have 128 Hz"):
        riemannian(sfreq=64.0).fit(trials, y)
    assert riemannian(sfreq=128).fit(trials, y).sfreq_ == 128
    with pytest.raises(ConfigError, match="sfreq"):
        riemannian(sfreq=-1.0).fit(X, y)


def test_bad_channels_of_epochs_are_left_out(fold, eeg_trials):
    X, y, subjects, X_new, _ = fold
    names = ["C3", "C4", "Cz", "CP3", "CP4", "FC3"][: X.shape[1]]
    info = mne.create_info(names, 128.0, "eeg")
    info["bads"] = names[-1:]
    epochs = mne.EpochsArray(X * 1e-6, info, verbose="error")
    model = riemannian().fit(epochs, y, subjects=subjects)
    assert model.ch_names_ == names[:-1]
    with pytest.raises(ValueError, match="trials have 6 channels; the model was fitted with 5"):
        model.predict(X_new)


def test_domains_of_single_trials_are_warned_of(fold):
    X, y, *_ = fold
    with pytest.warns(BCIDannWarning, match="domain of its own"):
        riemannian().fit(X, y, subjects=np.arange(len(X)))
