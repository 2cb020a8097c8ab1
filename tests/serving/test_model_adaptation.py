"""Adaptation of a saved model to recordings of a new subject, from Python."""

from __future__ import annotations

import subprocess
import sys

import mne
import numpy as np
import pandas as pd
import pytest
import yaml

from bci_dann import load_model, serving
from bci_dann.exceptions import ConfigError, ResultsError
from bci_dann.serving import adapt_model, fit_model, predict_recordings, prepare

CSP = {"name": "ShallowClassifier", "from": "bci_dann.estimators"}


def test_the_example_of_the_documentation_adapts_and_predicts(folder, first, second, tmp_path):
    """The lines that the package's documentation shows."""
    model = serving.open_model(folder)
    run = mne.io.read_raw(first, verbose="error")
    adapted = serving.adapt_model(model, run).model
    table = serving.predict_recordings(adapted, second)
    trials = serving.prepare(second, adapted)
    probabilities = adapted.estimator.predict_proba(trials)
    adapted.save(tmp_path / "adapted")
    np.testing.assert_array_equal(table[["p_left_hand", "p_right_hand"]], probabilities)
    assert (table["prediction"] == table["class"]).mean() > 0.9


def test_adaptation_changes_predictions_and_leaves_the_given_model_unchanged(model, first, second):
    before = predict_recordings(model, second)
    adaptation = adapt_model(model, [first, second])
    assert adaptation.n_trials == 32
    assert adaptation.changed
    pd.testing.assert_frame_equal(predict_recordings(model, second), before)
    after = predict_recordings(adaptation.model, second)
    assert not np.allclose(after["p_left_hand"], before["p_left_hand"])


def test_adaptation_equals_adapt_of_the_estimator(model, first, second, adapted):
    trials = prepare(second, model)
    by_hand = model.estimator.adapt(prepare(first, model))
    np.testing.assert_array_equal(
        adapted.estimator.predict_proba(trials), by_hand.predict_proba(trials)
    )


def test_an_adapted_model_is_saved_with_its_recipe(folder, first, second, adapted, tmp_path):
    adaptation = adapt_model(folder, first, out=tmp_path / "adapted")
    assert serving.load_recipe(tmp_path / "adapted") == adaptation.model.recipe
    saved = predict_recordings(tmp_path / "adapted", second)
    pd.testing.assert_frame_equal(saved, predict_recordings(adapted, second))
    assert load_model(tmp_path / "adapted").can_adapt


def test_a_method_without_alignment_is_not_changed_by_adaptation(pipelines, first, second):
    model = fit_model(**pipelines(plain={**CSP, "parameters": {"alignment": None}}))
    adaptation = adapt_model(model, first)
    assert not adaptation.changed
    expected = predict_recordings(model, second)
    pd.testing.assert_frame_equal(predict_recordings(adaptation.model, second), expected)


def test_an_unwritable_folder_is_reported_before_adaptation(folder, second, tmp_path, monkeypatch):
    def too_late(*_, **__):
        pytest.fail("reading the recording came first")

    monkeypatch.setattr("bci_dann.serving.model_adaptation.prepare_with_cues", too_late)
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match=r"cannot be written to .*--out"):
        adapt_model(folder, second, out=tmp_path / "file" / "model")


def test_an_empty_list_of_recordings_is_refused(model):
    for work in (adapt_model, predict_recordings):
        with pytest.raises(ConfigError, match="give at least one"):
            work(model, [])


def test_only_libraries_that_the_method_needs_are_imported(folder, first, second):
    """Spatial patterns need no torch; MOABB and braindecode take seconds and are of no use."""
    code = (
        "import sys\n"
        "from bci_dann.serving import adapt_model, predict_recordings\n"
        f"adapted = adapt_model({str(folder)!r}, {str(first)!r}).model\n"
        f"print(len(predict_recordings(adapted, {str(second)!r})))\n"
        "print(sorted({'torch', 'moabb', 'braindecode'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["16", "[]"]


def test_a_model_re_centred_by_rest_windows_adapts_to_a_recording(training, second, tmp_path):
    step = {
        "name": "RiemannianClassifier",
        "from": "bci_dann.estimators",
        "parameters": {"reference": "rest", "n_windows": 1, "n_delays": 1},
    }
    content = {"name": "at_rest", "paradigms": [], "pipeline": [step]}
    (tmp_path / "at_rest.yml").write_text(yaml.safe_dump(content))
    config = {**training["config"], "pipelines": [str(tmp_path / "at_rest.yml")]}
    given = {"data_dir": training["data_dir"], "cache_dir": tmp_path / "cache"}
    with pytest.raises(ConfigError, match=r"pipeline at_rest .*add `rest_window: \[-2.5, -0.5\]`"):
        serving.fit_model(config, **given)
    config["preprocessing"] = {"rest_window": [-0.9, -0.1]}
    model = serving.fit_model(config, **given, out=tmp_path / "model")
    loaded = serving.open_model(tmp_path / "model")
    assert loaded.recipe.preprocessing.rest_window == (-0.9, -0.1)
    first, again = (serving.adapt_model(one, second).model for one in (model, loaded))
    tables = [serving.predict_recordings(one, second) for one in (first, again)]
    pd.testing.assert_frame_equal(*(getattr(table, "trials", table) for table in tables))


def test_an_adapted_model_does_not_replace_the_model_itself(model, raw, tmp_path):
    folder = tmp_path / "model"
    model.save(folder)
    before = (folder / "recipe.json").read_bytes()
    with pytest.raises(ConfigError, match="would replace the one in"):
        adapt_model(folder, raw, out=tmp_path / "." / "model")
    assert (folder / "recipe.json").read_bytes() == before
