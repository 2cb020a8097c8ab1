from __future__ import annotations

import pytest

from bci_dann._validation import check_option, check_positive, did_you_mean
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


@pytest.mark.parametrize("value", [0, -1, "3", None, True, float("nan")])
def test_not_positive(value):
    with pytest.raises(ConfigError, match="lr must be a number above 0"):
        check_positive("lr", value)
