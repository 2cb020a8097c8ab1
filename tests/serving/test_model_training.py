"""Training of a model on the subjects of a configuration, from Python."""

from __future__ import annotations

import mne
import pandas as pd
import pytest

from bci_dann import serving
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError, ResultsError
from bci_dann.serving import describe_model, fit_model, predict_recordings, prepare
from bci_dann.serving.model_cards.card_text import card_body

CSP = {"name": "ShallowClassifier", "from": "bci_dann.estimators"}
LOGISTIC = {"name": "LogisticRegression", "from": "sklearn.linear_model"}


def test_fit_returns_what_it_saves(folder, training, second):
    model = fit_model(**training)
    assert model.recipe == serving.load_recipe(folder)
    expected = predict_recordings(folder, second)
    pd.testing.assert_frame_equal(predict_recordings(model, second), expected)


def test_progress_is_shown_on_the_standard_error_stream_only_if_asked(training, capsys):
    fit_model(**training, progress=True)
    output = capsys.readouterr()
    assert output.out == ""
    assert "Training csp on 48 trials of 3 subjects" in output.err
    fit_model(**training)
    assert capsys.readouterr().err == ""


def test_the_recipe_has_the_seed(training):
    assert fit_model(**training, seed=3).recipe.seed == 3


def test_a_pipeline_that_is_unknown_or_cannot_be_saved_is_refused(pipelines):
    config = pipelines(csp=CSP, plain=LOGISTIC)
    with pytest.raises(ConfigError, match="Did you mean 'csp'"):
        fit_model(**config, pipeline="csq")
    with pytest.raises(ConfigError, match=r"'plain' \(LogisticRegression\).*saved and adapted"):
        fit_model(**config, pipeline="plain")


def test_a_pipeline_need_not_be_in_the_configuration(training):
    assert fit_model(**training, pipeline="ra_ts_logistic").recipe.pipeline == "ra_ts_logistic"


def test_by_default_the_light_recipe_is_trained_on_all_subjects_but_the_excluded(training):
    config = {name: training["config"][name] for name in ("name", "data")}
    model = fit_model(**{**training, "config": config}, exclude=[1])
    assert model.recipe.pipeline == "bci_dann_light"
    assert {domain.split("/")[0] for domain in model.estimator.alignment_.domains_} == {"2", "3"}


def test_one_of_several_variants_of_the_default_recipe_must_be_chosen(training):
    settings = {"pipelines": ["csp_lda", "bci_dann_light"]}
    settings["variants"] = {"bci_dann_light": {"n_windows": [1, 3]}}
    with pytest.raises(ConfigError, match=r"choose one .*bci_dann_light\[n_windows=1\]"):
        fit_model(**{**training, "config": {**training["config"], **settings}})


def test_a_model_of_several_datasets_lists_them_and_reads_recordings_like_the_first(
    training, second
):
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


def test_a_text_instead_of_a_list_of_excluded_subjects_is_refused(training):
    with pytest.raises(ConfigError, match="exclude is a list of subjects; got '12'"):
        fit_model(**training, exclude="12")


def test_a_model_of_a_moabb_dataset_reads_files_with_the_same_events(pipelines, second):
    simulated = {"dataset": "SimulatedMI", "params": {"n_subjects": 2, "n_trials": 6}}
    given = pipelines(csp=CSP)
    given["config"] = {**given["config"], "data": simulated}
    model = fit_model(**given)
    assert model.recipe.layout.events == {"left_hand": "left_hand", "right_hand": "right_hand"}
    with pytest.raises(DataError, match=r"not in the recording\): no signal at 11 of"):
        prepare(mne.io.read_raw(second, preload=True, verbose="error"), model, cues=["769"])


def test_an_unwritable_folder_is_reported_before_training(training, tmp_path, monkeypatch):
    def too_late(*_, **__):
        pytest.fail("reading the trials came first")

    monkeypatch.setattr("bci_dann.data.prepare_trials", too_late)
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match=r"cannot be written to .*--out"):
        fit_model(**training, out=tmp_path / "file" / "model")
