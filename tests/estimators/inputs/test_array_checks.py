"""Arrays whose axes are in another order, or that hold samples that are not finite."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.estimators.inputs.array_checks import (
    check_finite_samples,
    check_fitted_axes,
    check_order_of_axes,
)
from bci_dann.exceptions import DataError


@pytest.mark.parametrize(
    ("shape", "n_labels", "transpose"),
    [
        ((60, 256, 8), 60, "0, 2, 1"),
        ((60, 129, 64), None, "0, 2, 1"),
        ((256, 8, 60), 60, "2, 1, 0"),
        ((8, 256, 60), 60, "2, 0, 1"),
        ((8, 60, 256), 60, "1, 0, 2"),
        ((256, 60, 8), 60, "1, 2, 0"),
    ],
)
def test_the_message_gives_the_transpose(shape, n_labels, transpose):
    with pytest.raises(DataError) as raised:
        check_order_of_axes(shape, n_labels)
    assert f"X has shape {shape}" in str(raised.value)
    assert f"X.transpose({transpose})" in str(raised.value)
    X = np.empty(shape).transpose([int(axis) for axis in transpose.split(", ")])
    check_order_of_axes(X.shape, n_labels)
    assert X.shape[0] == 60
    assert X.shape[1] < X.shape[2]


@pytest.mark.parametrize("shape", [(60, 8, 256), (60, 256, 129), (60, 8, 8), (60, 300), (60,), ()])
def test_orders_that_may_be_right_pass(shape):
    check_order_of_axes(shape, None)
    check_order_of_axes(shape, 60)
    check_order_of_axes(shape, 61)  # scikit-learn says that


def test_channels_and_samples_of_a_model_in_each_others_place():
    with pytest.raises(DataError, match=r"fitted with 8 channels of 256 .*transpose\(0, 2, 1\)"):
        check_fitted_axes((5, 256, 8), 8, 256)
    check_fitted_axes((5, 8, 256), 8, 256)
    check_fitted_axes((5, 8, 8), 8, 8)
    check_fitted_axes((5, 8), 8, None)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_trials_and_channels_that_are_not_finite_are_named(value):
    X = np.zeros((300, 3, 5), np.float32)
    X[[2, 290], 1, 4] = value
    with pytest.raises(DataError, match=r"2 of 300 trials .* \[2, 290\], channels \['Cz'\]"):
        check_finite_samples(X, ["C3", "Cz", "C4"])
    with pytest.raises(DataError, match=r"channels \[1\]. Leave these trials out"):
        check_finite_samples(X, None)


def test_vectors_have_rows_and_features():
    X = np.zeros((20, 3))
    X[:15, 2] = np.nan
    with pytest.raises(DataError, match=r"15 of 20 rows .*9\] and 5 more, features \[2\]"):
        check_finite_samples(X, None)
    check_finite_samples(X[15:], None)
