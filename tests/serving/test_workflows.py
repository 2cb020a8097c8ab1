"""Fit, adapt and predict, from Python: files and objects in memory, folders and models."""

from __future__ import annotations

import subprocess
import sys

import mne
import numpy as np
import pandas as pd
import pytest
import yaml

from bci_dann import load_model, serving
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError, ResultsError
from bci_dann.serving import (
    adapt_model,
    describe_model,
    fit_model,
    predict_recordings,
    prepare,
)
from bci_dann.serving.model_cards.card_text import card_body


@pytest.fixture
def pipelines(training, tmp_path):
    """Return a configuration of pipelines with other parameters, or of other classes."""

    def make(**steps):
        paths = []
        for name, step in steps.items():
            content = {"name": name, "paradigms": ["LeftRightImagery"], "pipeline": [step]}
            paths.append(tmp_path / f"{name}.yml")
            paths[-1].write_text(yaml.safe_dump(content))
        return {**training, "config": {**training["config"], "pipelines": [str(p) for p in paths]}}

    return make


CSP = {"name": "ShallowClassifier", "from": "bci_dann.estimators"}
LOGISTIC = {"name": "LogisticRegression", "from": "sklearn.linear_model"}


def test_a_lab_serves_a_new_subject(folder, first, second, tmp_path):
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


def test_fit_returns_what_it_saves(folder, training, second):
    model = fit_model(**training)
    assert model.recipe == serving.load_recipe(folder)
    expected = predict_recordings(folder, second)
    pd.testing.assert_frame_equal(predict_recordings(model, second), expected)


def test_fit_shows_that_it_trains(training, capsys):
    fit_model(**training, progress=True)
    output = capsys.readouterr()
    assert output.out == ""
    assert "Training csp on 48 trials of 3 subjects" in output.err
    fit_model(**training)
    assert capsys.readouterr().err == ""


def test_the_seed_is_written_down(training):
    assert fit_model(**training, seed=3).recipe.seed == 3


def test_fit_wants_one_pipeline_that_can_be_saved(pipelines):
    config = pipelines(csp=CSP, plain=LOGISTIC)
    with pytest.raises(ConfigError, match="Did you mean 'csp'"):
        fit_model(**config, pipeline="csq")
    with pytest.raises(ConfigError, match=r"'plain' \(LogisticRegression\).*saved and adapted"):
        fit_model(**config, pipeline="plain")


def test_pipelines_and_protocols_may_be_left_out(training):
    config = {name: training["config"][name] for name in ("name", "data")}
    model = fit_model(**{**training, "config": config}, exclude=[1])
    assert model.recipe.pipeline == "bci_dann_light"
    assert {domain.split("/")[0] for domain in model.estimator.alignment_.domains_} == {"2", "3"}


def test_of_variants_of_the_default_recipe_one_has_to_be_chosen(training):
    settings = {"pipelines": ["csp_lda", "bci_dann_light"]}
    settings["variants"] = {"bci_dann_light": {"n_windows": [1, 3]}}
    with pytest.raises(ConfigError, match=r"choose one .*bci_dann_light\[n_windows=1\]"):
        fit_model(**{**training, "config": {**training["config"], **settings}})


def test_a_model_of_several_data_sets_names_them_and_is_used_as_the_first(training, second):
    simulated = {
        "dataset": "SimulatedMI",
        "params": {"n_subjects": 2, "n_trials": 6, "ch_names": ["C4", "Cz", "Pz", "C3", "Fz"]},
        "licence": "mit",
    }
    own = {**training["config"]["data"], "name": "Own", "folder": "sources"}
    data = {"datasets": [own, simulated], "channels": "all"}
    config = {**training["config"], "data": data, "preprocessing": {"window": [0, 2]}}
    given = {**training, "config": config, "data_dir": training["data_dir"].parent}
    with pytest.warns(BCIDannWarning, match="Own: interpolated by .*: Fz"):
        model = fit_model(**given, exclude=["SimulatedMI:2"])
    assert model.recipe.preprocessing.channels == ["C3", "Cz", "C4", "Pz", "Fz"]
    assert model.recipe.layout.events == {"769": "left_hand", "770": "right_hand"}
    assert model.recipe.excluded == ["SimulatedMI:2"]
    assert model.recipe.data.datasets[0].folder == "Own"  # a model may be published
    facts = describe_model(model)
    assert [
        [one[key] for key in ("name", "n_subjects", "n_trials", "licence")]
        for one in facts["data"]["datasets"]
    ] == [["Own", 3, 48, None], ["SimulatedMI", 1, 12, "mit"]]
    body = card_body(facts)
    assert "- Dataset: Own, SimulatedMI" in body
    assert "Own (Recordings): 48 trials of 3 subjects; licence not stated; in the unit" in body
    assert "; interpolated: Fz" in body
    assert len(predict_recordings(model, second)) == 16


def test_a_subject_in_a_text_is_no_list(training):
    with pytest.raises(ConfigError, match="exclude is a list of subjects; got '12'"):
        fit_model(**training, exclude="12")


def test_a_dataset_of_moabb_gives_a_recipe_for_files_like_its_own(pipelines, second):
    simulated = {"dataset": "SimulatedMI", "params": {"n_subjects": 2, "n_trials": 6}}
    given = pipelines(csp=CSP)
    given["config"] = {**given["config"], "data": simulated}
    model = fit_model(**given)
    assert model.recipe.layout.events == {"left_hand": "left_hand", "right_hand": "right_hand"}
    with pytest.raises(DataError, match=r"not in the recording\): no signal at 11 of"):
        prepare(mne.io.read_raw(second, preload=True, verbose="error"), model, cues=["769"])


def test_an_unwritable_folder_is_told_before_the_work(
    folder, training, second, tmp_path, monkeypatch
):
    def too_late(*_, **__):
        pytest.fail("the work came first")

    monkeypatch.setattr("bci_dann.data.prepare_trials", too_late)
    monkeypatch.setattr("bci_dann.serving.workflows.prepare_with_cues", too_late)
    (tmp_path / "file").write_text("")
    for work in (
        lambda out: fit_model(**training, out=out),
        lambda out: adapt_model(folder, second, out=out),
    ):
        with pytest.raises(ResultsError, match=r"cannot be written to .*--out"):
            work(tmp_path / "file" / "model")


def test_adapting_centres_on_the_new_subject_and_leaves_the_model(model, first, second):
    before = predict_recordings(model, second)
    adaptation = adapt_model(model, [first, second])
    assert adaptation.n_trials == 32
    assert adaptation.changed
    pd.testing.assert_frame_equal(predict_recordings(model, second), before)
    after = predict_recordings(adaptation.model, second)
    assert not np.allclose(after["p_left_hand"], before["p_left_hand"])


def test_adapting_is_the_estimators_own(model, first, second, adapted):
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


def test_without_alignment_nothing_changes(pipelines, first, second):
    model = fit_model(**pipelines(plain={**CSP, "parameters": {"alignment": None}}))
    adaptation = adapt_model(model, first)
    assert not adaptation.changed
    expected = predict_recordings(model, second)
    pd.testing.assert_frame_equal(predict_recordings(adaptation.model, second), expected)


def test_files_and_objects_are_predicted_alike(adapted, first, second, raw):
    by_file = predict_recordings(adapted, second)
    pd.testing.assert_frame_equal(predict_recordings(adapted, raw), by_file)
    several = predict_recordings(adapted, [first, raw])
    assert len(several) == 32
    assert list(several["trial"]) == [*range(16), *range(16)]
    assert list(several["file"].unique()) == [str(first), str(second)]
    pd.testing.assert_frame_equal(several[16:].reset_index(drop=True), by_file)


def test_epochs_are_predicted_as_the_trials_of_their_raw(model, raw, cut):
    """Without adaptation no session is known, so that both are centred on the sources' mean."""
    of_epochs, of_raw = predict_recordings(model, cut()), predict_recordings(model, raw)
    columns = ["trial", "prediction", "p_left_hand", "p_right_hand", "event", "class"]
    pd.testing.assert_frame_equal(of_epochs[columns], of_raw[columns])
    assert set(of_epochs["file"]) == {"Epochs"}
    assert of_epochs["onset"].isna().all()


def test_events_that_name_no_class_are_predicted_too(adapted, raw):
    expected = predict_recordings(adapted, raw)
    raw.annotations.rename({"769": "cue", "770": "cue"})
    cued = predict_recordings(adapted, raw, cues=["cue"])
    pd.testing.assert_frame_equal(cued, expected.assign(**{"event": "cue", "class": ""}))


def test_there_is_a_row_for_every_cue_and_a_reason_where_there_is_no_prediction(adapted, raw):
    expected = predict_recordings(adapted, raw)
    onsets = expected["onset"]
    raw.annotations.append(onsets[2] + 0.5, 0.2, "BAD_blink")
    raw.annotations.append(onsets[5], 0.0, "769" if expected["event"][5] == "770" else "770")
    raw.annotations.append(onsets[7] + 0.02, 0.0, expected["event"][7])
    table = predict_recordings(adapted, raw)
    reasons = ["", "", "marked_bad", "", "", "contradicting", "contradicting", "", "", "doubled"]
    assert table["left_out"].tolist() == [*reasons, *[""] * 8]
    assert table["trial"].tolist() == list(range(18))
    left_out = table["left_out"] != ""
    assert (table["prediction"][left_out] == "").all()
    assert table["p_left_hand"].isna().equals(left_out)
    kept = expected["p_left_hand"].drop([2, 5]).to_numpy()
    np.testing.assert_array_equal(table["p_left_hand"][~left_out], kept)


def test_predictions_are_written_with_six_decimals(adapted, second, tmp_path):
    table = predict_recordings(adapted, second, out=tmp_path / "predictions.csv")
    lines = (tmp_path / "predictions.csv").read_text().splitlines()
    assert lines[0] == "file,trial,onset,event,class,prediction,p_left_hand,p_right_hand,left_out"
    first = table.iloc[0]
    cue = f"{first['onset']:.6f},{first['event']},{first['class']}"
    numbers = f"{first['prediction']},{first['p_left_hand']:.6f}"
    assert lines[1].startswith(f"{second},0,{cue},{numbers},")


def test_predictions_do_not_replace_a_recording(adapted, second, tmp_path):
    copy = tmp_path / "copy_raw.fif"
    copy.write_bytes(second.read_bytes())
    raw = mne.io.read_raw(copy, verbose="error")
    for recording in (copy, raw):
        with pytest.raises(ConfigError, match="is one of the recordings"):
            predict_recordings(adapted, recording, out=copy)
    assert copy.read_bytes() == second.read_bytes()


def test_no_recording_at_all(model):
    for work in (adapt_model, predict_recordings):
        with pytest.raises(ConfigError, match="give one at least"):
            work(model, [])


def test_serving_loads_the_libraries_of_the_method_and_no_others(folder, first, second):
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


def test_a_model_re_centred_by_rest_windows_serves_a_recording(training, second, tmp_path):
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
