"""A model and its recipe in memory, in a folder, and loaded late."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.estimators import load_model
from bci_dann.exceptions import ConfigError, DataError, ResultsError
from bci_dann.serving import ServedModel, load_recipe, open_model, prepare
from bci_dann.serving.served_model import as_served_model, check_writable


def test_a_model_survives_its_folder(model, second, tmp_path):
    written = model.save(tmp_path / "copy")
    again = open_model(written)
    assert written == tmp_path / "copy"
    assert again.recipe == model.recipe
    trials = prepare(second, model)
    expected = model.estimator.predict_proba(trials)
    np.testing.assert_array_equal(again.estimator.predict_proba(trials), expected)


def test_an_estimator_and_a_recipe_make_a_model(folder, model):
    made = ServedModel(load_model(folder), load_recipe(folder))
    assert made.n_times == model.n_times == 257
    assert made.estimator.can_adapt


def test_the_estimator_is_loaded_when_it_is_used_and_once(folder, second, monkeypatch):
    loads = []

    def counted(path):
        loads.append(path)
        return load_model(path)

    monkeypatch.setattr("bci_dann.estimators.load_model", counted)
    model = open_model(str(folder))
    trials = prepare(second, model)
    assert trials.X.shape == (16, 4, model.n_times)
    assert loads == []
    model.estimator.predict(trials)
    model.estimator.predict(trials)
    assert loads == [folder]


def test_a_folder_and_a_model_are_taken_alike(folder, model):
    assert as_served_model(model) is model
    assert as_served_model(str(folder)).recipe == model.recipe


def test_a_folder_without_model(folder, tmp_path):
    with pytest.raises(ConfigError, match=r"recipe\.json"):
        open_model(tmp_path)
    (tmp_path / "recipe.json").write_bytes((folder / "recipe.json").read_bytes())
    with pytest.raises(DataError, match="model"):
        open_model(tmp_path)


def test_a_model_may_replace_the_one_that_it_came_from(model, second, tmp_path):
    copy = model.save(tmp_path / "model")
    trials = prepare(second, model)
    opened = open_model(copy)
    adapted = ServedModel(opened.estimator.adapt(trials), opened.recipe)
    adapted.save(copy)
    np.testing.assert_array_equal(
        open_model(copy).estimator.predict_proba(trials), adapted.estimator.predict_proba(trials)
    )


def test_a_folder_is_tried_before_it_is_needed(tmp_path):
    check_writable(tmp_path / "deep" / "folder")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match=r"cannot be written to .*file.*--out.*out="):
        check_writable(tmp_path / "file" / "model")
