"""Units of files: by a number, a name, or patterns of paths."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data import RecordingsLayout
from bci_dann.data.channels.units import check_patterns, matches_path, parse_scale, scale_of
from bci_dann.exceptions import ConfigError, DataError


@pytest.mark.parametrize(
    ("value", "factor"),
    [("volt", 1.0), ("millivolt", 1e-3), ("nanovolt", 1e-9), (2, 2.0), ("1e-6", 1e-6)],
)
def test_a_unit_is_a_number_or_a_name(value, factor):
    assert parse_scale(value) == factor


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), True, None, "", []])
def test_what_is_no_unit(value):
    with pytest.raises(ValueError, match=r"number greater than 0.*microvolt"):
        parse_scale(value)


def test_a_misspelt_unit():
    with pytest.raises(ValueError, match="Did you mean 'microvolt'"):
        parse_scale("microvolts")


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("S3.edf", "S3.edf", True),
        ("S3*", "S3.edf", True),
        ("S3*", "a/S3.edf", True),
        ("S3/*", "S3/1/run.edf", True),
        ("S3/*", "/data/S3/run.edf", True),
        ("S3*", "S13.edf", False),
        ("S[3].edf", "S[3].edf", True),
        ("*.gdf", "S3.edf", False),
    ],
)
def test_patterns_of_paths(pattern, path, fits):
    assert matches_path(pattern, path) is fits


def test_files_that_no_pattern_fits_are_in_volt():
    assert scale_of({"S3*": 1e-6}, "S1.edf") == 1.0
    assert scale_of({"S3*": 1e-6}, "S3.edf") == 1e-6
    assert scale_of(1e-3, "S3.edf") == 1e-3


def test_patterns_that_contradict_each_other():
    assert scale_of({"S*": 1e-6, "*.edf": 1e-6}, "S3.edf") == 1e-6
    with pytest.raises(ConfigError, match=r"S3.edf fits the patterns \['S\*', '\*3.edf'\]"):
        scale_of({"S*": 1e-6, "*3.edf": 1e-3}, "S3.edf")


def test_a_pattern_without_a_file():
    with pytest.raises(ConfigError, match=r"unit_scale.*'S03.edf', which fits no.*mean 'S3.edf'"):
        check_patterns(["S03.edf"], ["S1.edf", "S3.edf"], "unit_scale")


@pytest.mark.filterwarnings("ignore:.*have the same signals")
def test_one_file_in_another_unit(tmp_path, load, make_raw, write_fif):
    for session, scale in (("1", 1e-5), ("2", 10.0)):
        write_fif(tmp_path, "A", session, make_raw(scale=scale))
    with pytest.raises(DataError, match=r"sA/2_raw.fif.*unit_scale"):
        load(tmp_path)
    trials = load(tmp_path, unit_scale={"sA/2*": "microvolt"})
    np.testing.assert_allclose(trials.X[:9], trials.X[9:], rtol=1e-5)
    with pytest.raises(ConfigError, match="fits no recording"):
        load(tmp_path, unit_scale={"sC/*": "microvolt"})


def test_a_layout_keeps_units_as_factors():
    keys = {"pattern": "{subject}.edf", "events": {"a": "left_hand"}}
    layout = RecordingsLayout(**keys, unit_scale={"x*": "microvolt", "y*": 2})
    assert layout.unit_scale == {"x*": 1e-6, "y*": 2.0}
    assert RecordingsLayout(**layout.model_dump(mode="json")) == layout
