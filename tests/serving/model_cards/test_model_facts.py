"""What is said of a saved model, from its folder alone."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving import describe_model


def test_facts_come_with_their_units(folder):
    facts = describe_model(folder)
    assert facts["classes"] == ["left_hand", "right_hand"]
    assert facts["channels"] == ["C3", "Cz", "C4", "Pz"]
    assert facts["trial"] == {
        "window_s": [0.0, 2.0],
        "sampling_frequency_hz": 128.0,
        "n_times": 257,
        "unit": "µV",
    }
    assert facts["preprocessing"]["band_hz"] == [8.0, 32.0]
    data = facts["data"]
    assert (data["n_subjects"], data["n_trials"], data["n_cues"]) == (3, 48, 48)
    assert facts["class"] == "ShallowClassifier"
    assert facts["versions"]["numpy"]
    assert facts["array_bytes"] > 0
    json.dumps(facts, allow_nan=False)


def test_a_model_in_memory_is_described_as_its_folder(model, folder):
    of_folder = describe_model(folder)
    assert describe_model(model).items() <= of_folder.items()


def test_an_adapted_model_names_the_file_and_no_place_on_the_disk(adapted, first):
    facts = describe_model(adapted)
    assert facts["adapted_to"] == [{"file": first.name, "n_trials": 16}]
    assert str(first.parent) not in json.dumps(facts)
    assert facts["adapted_labels"] == 0


def test_a_changed_file_is_told(model, tmp_path):
    folder = model.save(tmp_path / "model")
    arrays = folder / "model.safetensors"
    content = bytearray(arrays.read_bytes())
    content[-1] ^= 1
    arrays.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"model.safetensors is not the one that model.json is of"):
        describe_model(folder)


def test_a_model_that_does_not_come_with_the_package():
    with pytest.raises(ConfigError, match="Did you mean 'builtin:right-hand-rest'"):
        describe_model("builtin:right-hand")


def test_describing_loads_no_library_of_the_method(folder):
    code = (
        "import sys; from bci_dann.serving import describe_model\n"
        f"describe_model({str(folder)!r})\n"
        "print(sorted({'torch', 'mne', 'moabb', 'braindecode', 'sklearn', 'pandas', 'scipy'}"
        " & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
