"""Known labels of some trials of a new subject: read from a table, assigned to trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann import RiemannianClassifier
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving import ServedModel, adapt_model, evaluate_model, predict_recordings
from bci_dann.serving.few_labels import read_labels


@pytest.fixture(scope="module")
def learning_model(model, training):
    """Return a model of the same trials that can learn from labels."""
    from bci_dann.data import open_trials, prepare_trials
    from bci_dann.evaluation import load_config

    run = load_config(training["config"])
    folder = prepare_trials(
        run.data, run.preprocessing, training["data_dir"], training["cache_dir"]
    )
    trials = open_trials(folder)
    estimator = RiemannianClassifier(random_state=0).fit(trials.unlabelled(), trials.y)
    return ServedModel(estimator, model.recipe)


def known_classes(model, recording, n=8):
    """Return a table of the labels of the first cues, as a user may write it."""
    cues = predict_recordings(model, recording)[:n]
    return pd.DataFrame({"trial": cues["trial"], "onset": cues["onset"], "label": cues["class"]})


def test_labels_change_the_adapted_model(learning_model, first, second, tmp_path):
    unlabelled = adapt_model(learning_model, first)
    table = known_classes(learning_model, first)
    table.drop(columns="onset").to_csv(tmp_path / "few.csv", index=False)
    labelled = adapt_model(learning_model, first, labels=tmp_path / "few.csv")
    assert (unlabelled.n_labels, labelled.n_labels) == (0, 8)
    by_onset = adapt_model(learning_model, first, labels=table[["onset", "label"]])
    tables = [predict_recordings(one.model, second) for one in (unlabelled, labelled, by_onset)]
    assert not np.allclose(tables[0]["p_left_hand"], tables[1]["p_left_hand"])
    pd.testing.assert_frame_equal(tables[1], tables[2])


def test_exchanged_labels_lower_the_probability_of_the_true_class(learning_model, first, second):
    """Labels reach the trials that they belong to."""
    table = known_classes(learning_model, first, n=16)
    other = {"left_hand": "right_hand", "right_hand": "left_hand"}
    scores = []
    for labels in (table, table.assign(label=table["label"].map(other))):
        done = predict_recordings(adapt_model(learning_model, first, labels=labels).model, second)
        is_left = done["class"] == "left_hand"
        scores.append(done["p_left_hand"].where(is_left, done["p_right_hand"]).mean())
    assert scores[0] > scores[1]


def test_unused_cues_are_counted_too_when_labels_are_assigned(learning_model, raw):
    table = known_classes(learning_model, raw)
    raw.annotations.append(table["onset"][2] + 0.5, 0.2, "BAD_blink")
    adaptation = adapt_model(learning_model, raw, labels=table)
    assert adaptation.n_trials == 15
    assert adaptation.n_labels == 7


def test_labels_of_several_recordings_need_the_column_file(learning_model, first, second):
    table = known_classes(learning_model, first).assign(file=first.name)
    assert adapt_model(learning_model, [first, second], labels=table).n_labels == 8
    with pytest.raises(ConfigError, match="labels of several recordings need the column 'file'"):
        adapt_model(learning_model, [first, second], labels=table.drop(columns="file"))


@pytest.fixture
def sessions(first, second, tmp_path):
    """Return two recordings with the same file name in two folders."""
    paths = [tmp_path / name / "eeg_raw.fif" for name in ("ses1", "ses2")]
    for path, source in zip(paths, (first, second), strict=True):
        path.parent.mkdir()
        path.write_bytes(source.read_bytes())
    return paths


def test_labels_of_recordings_with_one_name_are_told_apart_by_the_path(
    learning_model, sessions, tmp_path, monkeypatch
):
    table = known_classes(learning_model, sessions[0]).assign(file=str(sessions[0]))
    assert adapt_model(learning_model, sessions, labels=table).n_labels == 8
    evaluation = evaluate_model(learning_model, sessions, labels=table)
    assert list(evaluation.by_recording["file"]) == [str(sessions[0])]
    assert evaluation.n_trials == table["label"].value_counts().sort_index().to_dict()
    monkeypatch.chdir(tmp_path / "ses2")
    for file in ("../ses1/eeg_raw.fif", "ses1/eeg_raw.fif"):
        assert adapt_model(learning_model, sessions, labels=table.assign(file=file)).n_labels == 8
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"fits several recordings: eeg_raw.fif \(8 rows\)"):
        adapt_model(learning_model, sessions, labels=table.assign(file="eeg_raw.fif"))


def test_rows_of_no_recording_are_refused(learning_model, first, sessions):
    table = known_classes(learning_model, first)
    for recordings in (first, sessions):
        with pytest.raises(DataError, match=r"none of the recordings: run1.fif \(8 rows\)"):
            adapt_model(learning_model, recordings, labels=table.assign(file="run1.fif"))
    both = pd.concat([table.assign(file=str(path)) for path in sessions])
    with pytest.raises(DataError, match=r"none of the recordings: .*ses2/eeg_raw.fif \(8 rows\)"):
        adapt_model(learning_model, sessions[0], labels=both)
    table["file"] = [str(first), *[""] * 7]
    with pytest.raises(DataError, match=r"none of the recordings: \(empty\) \(7 rows\)"):
        adapt_model(learning_model, [first, sessions[1]], labels=table)
    assert adapt_model(learning_model, first, labels=table).n_labels == 8


def test_a_table_that_was_written_in_another_folder_fits_by_the_name(learning_model, first):
    table = known_classes(learning_model, first).assign(file=f"/elsewhere/{first.name}")
    assert adapt_model(learning_model, first, labels=table).n_labels == 8


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"label": "left_hnad"}, ConfigError, "not a class of the model. Did you mean 'left_hand'"),
        ({"trial": 16}, DataError, "no cue for the label at trial 16. It has 16 cues"),
        ({"trial": -1}, DataError, "no cue for the label at trial -1"),
        ({"trial": 0.5}, DataError, "no cue for the label at trial 0.5"),
        ({"trial": "first"}, DataError, "no cue for the label at trial first"),
        ({"trial": None}, DataError, "no cue for the label at trial None"),
        ({"label": " "}, DataError, "contains no labels"),
    ],
)
def test_unknown_classes_and_cues_are_refused(learning_model, first, changes, error, message):
    table = pd.DataFrame({"trial": [0], "label": ["left_hand"]}).assign(**changes)
    with pytest.raises(error, match=message):
        adapt_model(learning_model, first, labels=table)


def test_an_onset_without_a_cue_is_refused(learning_model, first):
    table = pd.DataFrame({"onset": [2.2], "label": ["left_hand"]})
    with pytest.raises(DataError, match=r"no cue for the label at onset 2.2 s"):
        adapt_model(learning_model, first, labels=table)


def test_different_labels_for_one_trial_are_refused(learning_model, first):
    table = pd.DataFrame({"trial": [0, 0, 0], "label": ["left_hand", "left_hand", "right_hand"]})
    with pytest.raises(DataError, match="trial 0 has two labels, 'left_hand' and 'right_hand'"):
        adapt_model(learning_model, first, labels=table)
    assert adapt_model(learning_model, first, labels=table[:2]).n_labels == 1


def test_a_method_that_cannot_learn_from_labels_is_refused(model, first):
    with pytest.raises(ConfigError, match=r"cannot learn from labels .*RiemannianClassifier"):
        adapt_model(model, first, labels=pd.DataFrame({"trial": [0], "label": ["left_hand"]}))


def test_words_for_missing_values_may_be_classes(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("trial,onset,label,file\n0,,NA,NA\n1,2.5,null,a.fif\n,,nan,\n3,4,,a.fif\n")
    table = read_labels(path)
    assert table["label"].tolist() == ["NA", "null", "nan"]
    assert table["file"].tolist() == ["NA", "a.fif", ""]
    np.testing.assert_array_equal(table["trial"], [0, 1, np.nan])
    np.testing.assert_array_equal(table["onset"], [np.nan, 2.5, np.nan])


def test_semicolons_of_spreadsheet_programs(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("\ufefftrial;label\n0;left_hand\n3;right_hand\n", encoding="utf-8")
    table = read_labels(path)
    assert table["trial"].tolist() == [0, 3]
    assert table["label"].tolist() == ["left_hand", "right_hand"]


@pytest.mark.parametrize("point", [",", "."])
def test_decimal_commas_of_spreadsheet_programs(tmp_path, point):
    path = tmp_path / "few.csv"
    path.write_text(f"onset;label\n33{point}019;left_hand\n;\n4;right_hand\n", encoding="utf-8")
    table = read_labels(path)
    assert table["onset"].astype(float).tolist() == [33.019, 4.0]


def test_spaces_empty_labels_and_wrong_columns_of_a_csv_file(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("trial, label\n0, left_hand\n3, \n5, 1\n")
    table = read_labels(path)
    assert table["trial"].tolist() == [0, 5]
    assert table["label"].tolist() == ["left_hand", "1"]
    path.write_text("cue,class\n0,left_hand\n")
    with pytest.raises(
        ConfigError, match=r"needs the column 'label'.*it has the columns cue, class"
    ):
        read_labels(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises((DataError, ConfigError), match=r"few.csv"):
        read_labels(path)
    with pytest.raises(DataError, match="there is no file"):
        read_labels(tmp_path / "none.csv")
