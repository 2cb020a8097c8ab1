"""The configuration of preprocessing: defaults and messages."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bci_dann._config import validate
from bci_dann.data import Preprocessing
from bci_dann.exceptions import ConfigError


def test_defaults_are_those_of_moabb():
    steps = Preprocessing()
    assert steps.band == (8.0, 32.0)
    assert steps.filter_method == "iir"
    assert steps.window == (0.0, None)
    assert (steps.channels, steps.reference, steps.notch) == (None, None, None)
    assert (steps.resample, steps.reject_uv) == (None, None)


@pytest.mark.parametrize(
    "steps",
    [
        {"band": None},
        {"band": [4, 40], "resample": 80},
        {"window": [-1.0, 0.5]},
        {"window": [0.5, None]},
        {"reference": "average"},
        {"reference": ["M1", "M2"], "channels": ["C3", "C4"]},
    ],
)
def test_right_options_are_kept(steps):
    model = validate(Preprocessing, steps, "preprocessing")
    for name, value in steps.items():
        expected = tuple(value) if name in ("band", "window") and value else value
        assert getattr(model, name) == expected


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ({"band": (30, 8)}, "low < high"),
        ({"band": (8, 8)}, "low < high"),
        ({"band": (-1, 8)}, "band.0.*greater than 0"),
        ({"window": (2, 1)}, "start < end"),
        ({"window": (2, 2)}, "start < end"),
        ({"resample": 0}, "resample.*greater than 0"),
        ({"resample": 40, "band": (8, 30)}, "up to 30 Hz.*half of resample, 20 Hz"),
        ({"reject_uv": -5}, "reject_uv.*greater than 0"),
        ({"notch": 0}, "notch.*greater than 0"),
        ({"channels": []}, "channels.*must not be empty"),
        ({"channels": ["C3", "C3"]}, "once only"),
        ({"reference": []}, "reference.*must not be empty"),
        ({"reference": "mean"}, "reference"),
        ({"filter_method": "butter"}, "filter_method.*'butter'"),
        ({"bandd": (8, 30)}, "unknown key 'bandd'. Did you mean 'band'"),
    ],
)
def test_wrong_options_are_explained(steps, message):
    with pytest.raises(ConfigError, match=f"^preprocessing: .*{message}"):
        validate(Preprocessing, steps, "preprocessing")


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        validate(Preprocessing, {"notch": -1, "resample": "fast", "bandd": 1}, "preprocessing")
    assert len(str(caught.value).splitlines()) == 3


def test_steps_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        Preprocessing().band = (1.0, 2.0)


@pytest.mark.parametrize(
    "module", ["datasets", "dataset_names", "preprocessing", "recordings.layout", "subset"]
)
def test_a_configuration_is_checked_without_heavy_libraries(module):
    code = (
        f"import sys, bci_dann.data.{module}\n"
        "print(sorted({'moabb', 'mne', 'pandas', 'torch', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
