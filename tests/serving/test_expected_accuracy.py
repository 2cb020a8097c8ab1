"""The accuracy to expect of a new subject: what training subjects teach, and who is told."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import t as student
from sklearn.linear_model import Ridge

from bci_dann import ShallowClassifier, load_dataset, serving
from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.serving.expected_accuracy import (
    AccuracyExpectation,
    confidence_and_accuracy,
    first_and_next,
    learn_expectation,
    mean_confidence,
)

CONFIDENCES = [0.62, 0.7, 0.74, 0.8, 0.83, 0.9]
ACCURACIES = [0.55, 0.7, 0.65, 0.8, 0.85, 0.95]


def expectation(confidences=CONFIDENCES, accuracies=ACCURACIES, n_classes=2):
    return AccuracyExpectation(
        confidences=list(confidences), accuracies=list(accuracies), n_classes=n_classes
    )


def ridge(x, y, new):
    z = (np.array(x) - np.mean(x)) / np.std(x)
    model = Ridge(alpha=1.0).fit(z[:, None], y)
    return float(model.predict([[(new - np.mean(x)) / np.std(x)]])[0])


# --- from confidence to accuracy ----------------------------------------------------------------


def test_the_value_is_that_of_ridge_regression_and_the_interval_of_its_errors():
    expected = expectation().of(0.78)
    x, y = np.array(CONFIDENCES), np.array(ACCURACIES)
    rest = [np.arange(6) != one for one in range(6)]
    errors = [ridge(x[r], y[r], x[k]) - y[k] for k, r in enumerate(rest)]
    assert expected.uses_confidence
    assert expected.value == pytest.approx(ridge(x, y, 0.78))
    assert expected.error == pytest.approx(np.mean(np.abs(errors)))
    half = student.ppf(0.95, 5) * np.sqrt(np.mean(np.square(errors)))
    assert expected.low == pytest.approx(expected.value - half)
    assert expected.high == pytest.approx(min(1.0, expected.value + half))
    assert expected.error < expected.error_of_mean


def test_more_confidence_never_means_less_accuracy():
    values = [expectation().of(one).value for one in np.linspace(0.5, 1.0, 11)]
    assert (np.diff(values) >= 0).all()
    falling = expectation(accuracies=ACCURACIES[::-1])
    assert falling.of(0.9).value == pytest.approx(np.mean(ACCURACIES))
    assert 0 <= expectation().of(0.0).value <= expectation().of(1.0).value <= 1


def test_where_confidence_misleads_the_mean_of_the_training_subjects_is_told():
    misleading = expectation(accuracies=[0.95, 0.6, 0.6, 0.6, 0.6, 0.95])
    expected = misleading.of(0.9)
    assert not expected.uses_confidence
    assert expected.value == pytest.approx(np.mean(misleading.accuracies))
    assert expected.error == expected.error_of_mean
    assert "did not tell which subjects are decoded well" in expected.sentence()
    assert "the mean of 6 training subjects" in expected.sentence()


def test_intervals_hold_nine_new_subjects_in_ten():
    rng, inside = np.random.default_rng(0), []
    for _ in range(300):
        x = rng.uniform(0.6, 0.9, 11)
        y = np.clip(x - 0.05 + rng.normal(0, 0.05, 11), 0, 1)
        expected = expectation(x[:10], y[:10]).of(x[10])
        inside.append(expected.low <= y[10] <= expected.high)
    assert 0.86 < np.mean(inside) < 0.97


@pytest.mark.parametrize(("n_classes", "worth_from"), [(2, 0.7), (4, 0.55)])
def test_below_what_is_worth_using_there_is_a_warning(n_classes, worth_from):
    low = expectation(n_classes=n_classes).of(0.4)
    assert low.worth_from == pytest.approx(worth_from)
    with pytest.warns(BCIDannWarning, match=rf"is below {worth_from:.0%}, from which"):
        low.warn_if_low()
    expectation().of(0.9).warn_if_low()  # warnings are errors in tests


# --- what training subjects teach ---------------------------------------------------------------


@pytest.fixture(scope="module")
def trials():
    return load_dataset("SimulatedMI", n_subjects=6, n_trials=30, erd=0.8, snr=1.5)


def build():
    return ShallowClassifier("csp", alignment="euclidean")


def test_each_subject_is_served_by_a_model_of_the_others(trials):
    learned = learn_expectation(build, trials)
    assert (len(learned.accuracies), learned.n_classes) == (6, 2)
    own, others = (trials[m] for m in (trials.subjects == "4", trials.subjects != "4"))
    model = build().fit(others.unlabelled(), others.y)
    pair = confidence_and_accuracy(model, own.unlabelled(), np.asarray(own.y))
    assert pair == (learned.confidences[3], learned.accuracies[3])
    adapted = model.adapt(own[:20].unlabelled())
    assert pair[1] == pytest.approx(np.mean(adapted.predict(own[20:]) == np.asarray(own.y)[20:]))


def test_labels_of_a_subject_do_not_reach_its_confidence(trials):
    own, others = (trials[m] for m in (trials.subjects == "4", trials.subjects != "4"))
    model = build().fit(others.unlabelled(), others.y)
    poisoned = np.roll(np.asarray(own.y), 7)
    confidence, accuracy = confidence_and_accuracy(model, own.unlabelled(), np.asarray(own.y))
    other, changed = confidence_and_accuracy(model, own.unlabelled(), poisoned)
    assert confidence == other == mean_confidence(model, own[:20])
    assert accuracy != changed


@pytest.mark.parametrize(
    ("n_trials", "first", "last"), [(60, 20, 60), (160, 40, 120), (61, 20, 60)]
)
def test_the_first_trials_are_adapted_to_and_the_next_are_scored(n_trials, first, last):
    assert first_and_next(n_trials) == (slice(0, first), slice(first, last))


def test_too_few_subjects_or_trials_are_refused_before_training(trials):
    def never():
        raise AssertionError("something is trained")

    for few in (trials[trials.subjects < "5"], trials[::2]):
        with pytest.raises(ConfigError, match="leave --expect-accuracy out"):
            learn_expectation(never, few)


def test_fewer_than_twenty_trials_of_a_new_subject_say_nothing(trials):
    model = build().fit(trials.unlabelled(), trials.y)
    new = trials[trials.subjects == "1"]
    assert expectation().of_trials(model, new[:19]) is None
    forty = expectation().of_trials(model, new[:40])
    assert forty == expectation().of_trials(model, new)  # no more are looked at
    assert forty.confidence == mean_confidence(model, new[:40])


# --- who is told --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told():
    """A model that knows what to expect."""
    params = {"n_subjects": 5, "n_trials": 30, "erd": 0.8, "snr": 1.5}
    data = {"dataset": "SimulatedMI", "params": params}
    config = {"name": "mine", "data": data, "pipelines": ["ea_csp_lda"]}
    return serving.fit_model(config, expect_accuracy=True)


@pytest.fixture(scope="module")
def new():
    from bci_dann.data import SimulatedMI

    return SimulatedMI(n_subjects=6, n_trials=30, erd=0.8, snr=1.5).get_data([6])[6]["0"]["0"]


def test_adapt_tells_and_the_folder_keeps_it(told, new, tmp_path):
    adaptation = serving.adapt_model(told, new, out=tmp_path / "adapted")
    expected = adaptation.expected
    assert expected.n_subjects == 5
    again = serving.open_model(tmp_path / "adapted")
    assert again.recipe.expected == expected
    assert again.recipe.expectation == told.recipe.expectation
    table = serving.predict_recordings(again, new)
    assert table.attrs["expected_accuracy"] == expected.model_dump()
    card = (tmp_path / "adapted" / "README.md").read_text()
    assert f"Accuracy to expect: {expected.value:.0%}" in card
    assert "Trained on the others, the method decoded each of 5 training subjects" in card


def test_the_commands_print_it(bci_dann, told, new, tmp_path):
    told.save(tmp_path / "model")
    new.copy().save(tmp_path / "new_raw.fif", verbose="error")
    done = bci_dann("adapt", tmp_path / "model", tmp_path / "new_raw.fif", "-o", tmp_path / "mine")
    assert done.exit_code == 0, done.output
    assert "accuracy to expect: " in done.stdout
    arguments = (tmp_path / "mine", tmp_path / "new_raw.fif", "-o", tmp_path / "out.csv")
    done = bci_dann("predict", *arguments)
    assert "nine subjects in ten have " in " ".join(done.stdout.split())


def test_a_subject_of_whom_little_is_to_be_expected_is_warned_of(told, new):
    low = expectation(accuracies=np.array(ACCURACIES) - 0.4)
    model = serving.ServedModel(told.estimator, told.recipe.model_copy(update={"expectation": low}))
    with pytest.warns(BCIDannWarning, match=r"accuracy to expect, \d+%, is below 70%"):
        assert not serving.adapt_model(model, new).expected.is_worth_it


def test_models_without_it_are_saved_as_before_and_loaded(told, new, tmp_path):
    plain = serving.ServedModel(
        told.estimator, told.recipe.model_copy(update={"expectation": None})
    )
    plain.save(tmp_path / "model")
    written = json.loads((tmp_path / "model" / "recipe.json").read_text())
    assert not {"expectation", "expected"} & set(written)
    adaptation = serving.adapt_model(tmp_path / "model", new)
    assert adaptation.expected is None
    assert serving.predict_recordings(adaptation.model, new).attrs["expected_accuracy"] is None
