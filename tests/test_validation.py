from __future__ import annotations

import math

import pytest

from bci_dann._validation import check_between, check_count, check_option, did_you_mean
from bci_dann.exceptions import ConfigError, DataError


def test_near_name_is_suggested_whatever_its_case():
    assert did_you_mean("euclidian", ["euclidean", "riemannian"]) == " Did you mean 'euclidean'?"
    assert did_you_mean("eegnet", ["EEGNet"]) == " Did you mean 'EEGNet'?"
    assert did_you_mean("zzz", ["EEGNet"]) == ""


def test_wrong_option_lists_what_is_accepted():
    with pytest.raises(ConfigError, match=r"colour must be one of 'red', 'blue'; got 'rde'"):
        check_option("colour", "rde", ["red", "blue"])
    with pytest.raises(DataError):
        check_option("colour", "green", ["red"], DataError)
    check_option("colour", "red", ["red"])


@pytest.mark.parametrize("value", [0, -1, 2.5, "3", None, True])
def test_not_a_count(value):
    with pytest.raises(ConfigError, match="batch_size must be a whole number above 0"):
        check_count("batch_size", value)


def test_between():
    check_between("clip", 0.01, 0, 0.5)
    check_between("weight", 0, 0, math.inf, inclusive=True)
    for value in (0, 0.5, -1, math.nan, "x", True):
        with pytest.raises(ConfigError, match=r"clip must be a number above 0 and below 0\.5"):
            check_between("clip", value, 0, 0.5)
    with pytest.raises(ConfigError, match="weight must be a number at least 0; got -1"):
        check_between("weight", -1, 0, math.inf, inclusive=True)
