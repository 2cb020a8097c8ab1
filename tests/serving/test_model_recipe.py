"""The recipe of a model: its file, and the window that it describes."""

from __future__ import annotations

import json

import pytest

from bci_dann.exceptions import ConfigError, ResultsError
from bci_dann.serving import ModelRecipe, load_recipe, save_recipe

# As the version before wrote it, but for line breaks.
WRITTEN_BEFORE = """{
  "pipeline": "rts_im", "seed": 0, "classes": ["rest", "right_hand"], "sfreq": 125.0,
  "data": {"subjects": null, "sessions": null, "classes": null, "dataset": "Recordings",
    "params": {}, "recordings": {"events": {"OVTK_GDF_Right": "right_hand",
    "OVTK_GDF_Tongue": "rest"}, "format": "files", "pattern": "edf{subject}/{session}/eeg.edf",
    "task": null, "exclude": {"session": ["001"]}, "interval": [0.0, 4.0], "unit_scale": 1e-6,
    "rename": {"T3": "T7"}, "drop": [], "montage": "standard_1020"}},
  "preprocessing": {"channels": ["Pz", "Cz", "C3"], "reference": null, "notch": 50.0,
    "band": [8.0, 30.0], "filter_method": "iir", "resample": null, "window": [0.5, 4.0],
    "reject_uv": null},
  "layout": {"events": {"OVTK_GDF_Right": "right_hand", "OVTK_GDF_Tongue": "rest"},
    "format": "files", "pattern": "edf{subject}/{session}/eeg.edf", "task": null,
    "exclude": {"session": ["001"]}, "interval": [0.0, 4.0], "unit_scale": 1e-6,
    "rename": {"T3": "T7"}, "drop": [], "montage": "standard_1020"}
}"""


@pytest.fixture
def written_before(tmp_path):
    (tmp_path / "recipe.json").write_text(WRITTEN_BEFORE)
    return tmp_path


def test_fit_describes_the_trials_of_training(model):
    recipe = model.recipe
    assert recipe.pipeline == "csp"
    assert recipe.classes == ["left_hand", "right_hand"]
    assert recipe.preprocessing.channels == ["C3", "Cz", "C4", "Pz"]
    assert recipe.sfreq == 128
    assert recipe.window == (0.0, 2.0)
    assert 1 < recipe.typical_uv < 100
    assert sum(row["used"] for row in recipe.account) == 48


def test_a_saved_recipe_is_read_unchanged(model, tmp_path):
    save_recipe(model.recipe, tmp_path)
    assert load_recipe(tmp_path) == model.recipe


def test_folders_of_the_version_before_are_read(written_before):
    recipe = load_recipe(written_before)
    assert recipe.layout.rename == {"T3": "T7"}
    assert recipe.preprocessing.notch == 50.0
    assert recipe.window == (0.5, 4.0)


def test_the_file_keeps_the_format_of_the_version_before(written_before, tmp_path):
    save_recipe(load_recipe(written_before), tmp_path / "new")
    written = json.loads((tmp_path / "new" / "recipe.json").read_text())
    expected = json.loads(WRITTEN_BEFORE)
    expected |= {"typical_uv": None, "typical_range_uv": None, "account": [], "adapted_to": []}
    expected |= {"correlations": None, "adapted_labels": 0, "adapted_by": [], "excluded": []}
    expected |= {"licence": None, "note": None, "scores": [], "versions": {}}
    expected["preprocessing"] |= {"bads": "leave_out"}
    for layout in (expected["layout"], expected["data"]["recordings"]):
        layout |= {"encoding": "utf8", "extra_channels": []}
    assert written == expected


@pytest.mark.parametrize(
    ("interval", "window", "expected"),
    [
        ((0.0, 4.0), (0.0, None), (0.0, 4.0)),
        ((2.0, 6.0), (0.5, 3.5), (2.5, 5.5)),  # the task starts two seconds after the event
        ((2.0, 6.0), (-1.0, None), (1.0, 6.0)),
    ],
)
def test_the_window_counts_from_the_event(written_before, interval, window, expected):
    recipe = load_recipe(written_before)
    layout = recipe.layout.model_copy(update={"interval": interval})
    steps = recipe.preprocessing.model_copy(update={"window": window})
    changed = recipe.model_copy(update={"layout": layout, "preprocessing": steps})
    assert changed.window == expected


def test_a_folder_without_recipe_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"no recipe.json.*bci-dann fit.*ServedModel"):
        load_recipe(tmp_path)


def test_a_path_that_is_no_folder_is_told(tmp_path):
    (tmp_path / "file").touch()
    for name in ("nothing", "file"):
        with pytest.raises(ConfigError, match="there is no model folder"):
            load_recipe(tmp_path / name)


def test_a_damaged_recipe(written_before):
    (written_before / "recipe.json").write_text(WRITTEN_BEFORE[:100])
    with pytest.raises(ResultsError, match=r"recipe.json cannot be read"):
        load_recipe(written_before)


def test_a_key_that_is_not_known_is_named(written_before):
    content = json.loads(WRITTEN_BEFORE) | {"sfrq": 1.0}
    (written_before / "recipe.json").write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r"recipe.json: unknown key 'sfrq'. Did you mean 'sfreq'"):
        load_recipe(written_before)


@pytest.mark.parametrize(("key", "value"), [("sfreq", 0.0), ("classes", ["rest"])])
def test_invalid_recipes_are_refused(written_before, key, value):
    content = json.loads(WRITTEN_BEFORE) | {key: value}
    (written_before / "recipe.json").write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=rf"recipe.json: {key}"):
        load_recipe(written_before)


def test_a_recipe_does_not_change(model):
    with pytest.raises(ValueError, match="frozen"):
        model.recipe.sfreq = 100.0
    assert isinstance(model.recipe, ModelRecipe)
