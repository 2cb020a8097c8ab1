"""Expected accuracy for a new subject: regression, training data, and where users see it."""

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


def test_expected_accuracy_never_decreases_with_confidence():
    values = [expectation().of(one).value for one in np.linspace(0.5, 1.0, 11)]
    assert (np.diff(values) >= 0).all()
    falling = expectation(accuracies=ACCURACIES[::-1])
    assert falling.of(0.9).value == pytest.approx(np.mean(ACCURACIES))
    assert 0 <= expectation().of(0.0).value <= expectation().of(1.0).value <= 1


def test_if_confidence_does_not_predict_accuracy_the_mean_is_used():
    misleading = expectation(accuracies=[0.95, 0.6, 0.6, 0.6, 0.6, 0.95])
    expected = misleading.of(0.9)
    assert not expected.uses_confidence
    assert expected.value == pytest.approx(np.mean(misleading.accuracies))
    assert expected.error == expected.error_of_mean
    assert "did not predict which subjects are decoded well" in expected.sentence()
    assert "the mean over 6 training subjects" in expected.sentence()


def test_intervals_contain_nine_new_subjects_in_ten():
    rng, inside = np.random.default_rng(0), []
    for _ in range(300):
        x = rng.uniform(0.6, 0.9, 11)
        y = np.clip(x - 0.05 + rng.normal(0, 0.05, 11), 0, 1)
        expected = expectation(x[:10], y[:10]).of(x[10])
        inside.append(expected.low <= y[10] <= expected.high)
    assert 0.86 < np.mean(inside) < 0.97


@pytest.mark.parametrize(("n_classes", "worth_from"), [(2, 0.7), (4, 0.55)])
def test_an_expected_accuracy_below_the_limit_causes_a_warning(n_classes, worth_from):
    low = expectation(n_classes=n_classes).of(0.4)
    assert low.worth_from == pytest.approx(worth_from)
    with pytest.warns(BCIDannWarning, match=rf"is below {worth_from:.0%}, the least"):
        low.warn_if_low()
    expectation().of(0.9).warn_if_low()  # warnings are errors in tests


# --- learning from training subjects -------------------------------------------------------------


@pytest.fixture(scope="module")
def trials():
    return load_dataset("SimulatedMI", n_subjects=6, n_trials=30, erd=0.8, snr=1.5)


def build():
    return ShallowClassifier("csp", alignment="euclidean")


def test_each_subject_is_decoded_by_a_model_of_the_other_subjects(trials):
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
        with pytest.raises(ConfigError, match="leave out --expect-accuracy"):
            learn_expectation(never, few)


def test_no_estimate_from_fewer_than_twenty_trials(trials):
    model = build().fit(trials.unlabelled(), trials.y)
    new = trials[trials.subjects == "1"]
    assert expectation().of_trials(model, new[:19]) is None
    forty = expectation().of_trials(model, new[:40])
    assert forty == expectation().of_trials(model, new)  # more trials are not used
    assert forty.confidence == mean_confidence(model, new[:40])


# --- where users see it --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model_with_expectation():
    """A model that has learned to estimate the expected accuracy."""
    params = {"n_subjects": 5, "n_trials": 30, "erd": 0.8, "snr": 1.5}
    data = {"dataset": "SimulatedMI", "params": params}
    config = {"name": "mine", "data": data, "pipelines": ["ea_csp_lda"]}
    return serving.fit_model(config, expect_accuracy=True)


@pytest.fixture(scope="module")
def new():
    from bci_dann.data import SimulatedMI

    return SimulatedMI(n_subjects=6, n_trials=30, erd=0.8, snr=1.5).get_data([6])[6]["0"]["0"]


def test_adapt_returns_it_and_the_model_folder_stores_it(model_with_expectation, new, tmp_path):
    adaptation = serving.adapt_model(model_with_expectation, new, out=tmp_path / "adapted")
    expected = adaptation.expected
    assert expected.n_subjects == 5
    again = serving.open_model(tmp_path / "adapted")
    assert again.recipe.expected == expected
    assert again.recipe.expectation == model_with_expectation.recipe.expectation
    table = serving.predict_recordings(again, new)
    assert table.attrs["expected_accuracy"] == expected.model_dump()
    card = (tmp_path / "adapted" / "README.md").read_text()
    assert f"Expected accuracy: {expected.value:.0%}" in card
    assert "Each of 5 training subjects was left out in turn." in card


def test_the_commands_adapt_and_predict_print_it(bci_dann, model_with_expectation, new, tmp_path):
    model_with_expectation.save(tmp_path / "model")
    new.copy().save(tmp_path / "new_raw.fif", verbose="error")
    done = bci_dann("adapt", tmp_path / "model", tmp_path / "new_raw.fif", "-o", tmp_path / "mine")
    assert done.exit_code == 0, done.output
    assert "expected accuracy: " in done.stdout
    arguments = (tmp_path / "mine", tmp_path / "new_raw.fif", "-o", tmp_path / "out.csv")
    done = bci_dann("predict", *arguments)
    assert "for nine subjects in ten it is between " in " ".join(done.stdout.split())


def test_a_low_expected_accuracy_of_a_new_subject_causes_a_warning(model_with_expectation, new):
    low = expectation(accuracies=np.array(ACCURACIES) - 0.4)
    model = serving.ServedModel(
        model_with_expectation.estimator,
        model_with_expectation.recipe.model_copy(update={"expectation": low}),
    )
    with pytest.warns(BCIDannWarning, match=r"expected accuracy, \d+%, is below 70%"):
        assert not serving.adapt_model(model, new).expected.is_worth_it


def test_models_without_an_expectation_can_be_saved_and_loaded(
    model_with_expectation, new, tmp_path
):
    plain = serving.ServedModel(
        model_with_expectation.estimator,
        model_with_expectation.recipe.model_copy(update={"expectation": None}),
    )
    plain.save(tmp_path / "model")
    written = json.loads((tmp_path / "model" / "recipe.json").read_text())
    assert not {"expectation", "expected"} & set(written)
    adaptation = serving.adapt_model(tmp_path / "model", new)
    assert adaptation.expected is None
    assert serving.predict_recordings(adaptation.model, new).attrs["expected_accuracy"] is None
