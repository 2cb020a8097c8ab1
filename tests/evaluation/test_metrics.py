from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics

from bci_dann.evaluation.metrics import METRICS, expected_calibration_error, score


def draw(n_classes, n_trials=60, seed=0):
    rng = np.random.default_rng(seed)
    classes = ["feet", "left", "right", "tongue"][:n_classes]
    probabilities = rng.dirichlet(np.ones(n_classes), n_trials)
    return probabilities, rng.choice(classes, n_trials), classes


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_against_scikit_learn(n_classes):
    probabilities, truth, classes = draw(n_classes)
    predicted = np.array(classes)[probabilities.argmax(axis=1)]
    positive = probabilities[:, 1] if n_classes == 2 else probabilities
    ours = score(probabilities, truth, classes)
    assert ours["accuracy"] == metrics.accuracy_score(truth, predicted)
    assert ours["balanced_accuracy"] == pytest.approx(
        metrics.balanced_accuracy_score(truth, predicted)
    )
    assert ours["kappa"] == pytest.approx(metrics.cohen_kappa_score(truth, predicted))
    assert ours["nll"] == pytest.approx(metrics.log_loss(truth, probabilities))
    assert ours["roc_auc"] == pytest.approx(
        metrics.roc_auc_score(truth, positive, multi_class="ovr")
    )


def test_columns_need_not_be_in_alphabetical_order():
    probabilities, truth, classes = draw(3)
    turned = score(probabilities[:, ::-1], truth, classes[::-1])
    assert turned == pytest.approx(score(probabilities, truth, classes))


def test_calibration_error_by_hand():
    # 0.55 and 0.58 share a bin of width 1/15, 0.9 and 1.0 stand alone
    confidence = np.array([0.55, 0.58, 0.9, 1.0])
    probabilities = np.column_stack([confidence, 1 - confidence])
    actual = np.array([0, 1, 0, 1])
    by_hand = (abs(1 - 0.55 - 0.58) + abs(1 - 0.9) + abs(0 - 1.0)) / 4
    assert expected_calibration_error(probabilities, actual) == pytest.approx(by_hand)


def test_calibration_error_of_perfect_certainty_is_zero():
    assert expected_calibration_error(np.eye(3), np.arange(3)) == 0


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_session_with_one_class_gives_nan_only_where_it_must(n_classes):
    probabilities, _, classes = draw(n_classes)
    ours = score(probabilities, np.repeat(classes[0], len(probabilities)), classes)
    assert math.isnan(ours["roc_auc"])
    assert all(math.isfinite(ours[name]) for name in METRICS if name != "roc_auc")


def test_one_class_predicted_perfectly_has_no_kappa():
    ours = score(np.array([[0.9, 0.1]] * 3), np.repeat("left", 3), ["left", "right"])
    assert math.isnan(ours["kappa"])
    assert ours["accuracy"] == ours["balanced_accuracy"] == 1


def test_certain_and_wrong_is_finite():
    ours = score(np.array([[1.0, 0.0]]), np.array(["right"]), ["left", "right"])
    assert math.isfinite(ours["nll"])
