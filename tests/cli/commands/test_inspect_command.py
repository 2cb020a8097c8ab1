"""The command ``inspect``."""

from __future__ import annotations

import json

import pytest

from bci_dann import serving


@pytest.fixture
def model(config, sources, tmp_path):
    serving.fit_model(config, pipeline="shallow", data_dir=sources, out=tmp_path / "model")
    return tmp_path / "model"


def test_the_card_is_printed_with_the_name_that_was_given(bci_dann, model):
    done = bci_dann("inspect", model)
    assert done.exit_code == 0, done.output
    assert "shallow: left_hand, right_hand" in done.stdout
    assert "48 trials (of 48 cues) of 3 subjects" in done.stdout
    assert f"bci-dann adapt {model} first_run.edf" in " ".join(done.stdout.split())


def test_json_is_what_python_gives(bci_dann, model):
    done = bci_dann("inspect", model, "--json")
    assert json.loads(done.stdout) == serving.describe_model(model)


def test_without_a_model_the_built_in_ones_are_listed(bci_dann):
    done = bci_dann("inspect")
    assert done.exit_code == 0, done.output
    assert "builtin:right-hand-rest rest, right_hand 15" in " ".join(done.stdout.split())
    assert json.loads(bci_dann("inspect", "--json").stdout) == ["builtin:right-hand-rest"]


def test_what_is_no_model_is_told(bci_dann, tmp_path):
    done = bci_dann("inspect", tmp_path)
    assert done.exit_code == 2
    assert "holds no saved model" in done.stderr
    done = bci_dann("inspect", "builtin:left")
    assert done.exit_code == 2
    assert "no model 'builtin:left' comes with bci_dann" in done.stderr


def test_a_terminal_gets_no_control_characters_of_a_hostile_model(bci_dann, model):
    path = model / "recipe.json"
    recipe = json.loads(path.read_text())
    recipe["note"] = "\x1b]0;owned\x07\x1b[2Jgone\u202e"
    path.write_text(json.dumps(recipe))
    done = bci_dann("inspect", model)
    assert done.exit_code == 0, done.output
    assert "gone" in done.stdout
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout)
