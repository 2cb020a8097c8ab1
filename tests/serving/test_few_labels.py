"""Labels of some trials of a new subject: read from a table, given to the right trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann import RiemannianClassifier
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving import ServedModel, adapt_model, predict_recordings
from bci_dann.serving.few_labels import read_labels


@pytest.fixture(scope="module")
def learning(model, training):
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


def truth(model, recording, n=8):
    """Return the labels of the first cues, as a user may type them."""
    cues = predict_recordings(model, recording)[:n]
    return pd.DataFrame({"trial": cues["trial"], "onset": cues["onset"], "label": cues["class"]})


def test_labels_change_the_adapted_model(learning, first, second, tmp_path):
    plain = adapt_model(learning, first)
    table = truth(learning, first)
    table.drop(columns="onset").to_csv(tmp_path / "few.csv", index=False)
    taught = adapt_model(learning, first, labels=tmp_path / "few.csv")
    assert (plain.n_labels, taught.n_labels) == (0, 8)
    by_onset = adapt_model(learning, first, labels=table[["onset", "label"]])
    tables = [predict_recordings(one.model, second) for one in (plain, taught, by_onset)]
    assert not np.allclose(tables[0]["p_left_hand"], tables[1]["p_left_hand"])
    pd.testing.assert_frame_equal(tables[1], tables[2])


def test_wrong_labels_teach_the_wrong_thing(learning, first, second):
    """The labels arrive, and at their trials: exchanged ones turn the decoder around."""
    table = truth(learning, first, n=16)
    other = {"left_hand": "right_hand", "right_hand": "left_hand"}
    scores = []
    for labels in (table, table.assign(label=table["label"].map(other))):
        done = predict_recordings(adapt_model(learning, first, labels=labels).model, second)
        scores.append((done["prediction"] == done["class"]).mean())
    assert scores[0] > scores[1]


def test_cues_that_are_left_out_keep_their_number(learning, raw):
    table = truth(learning, raw)
    raw.annotations.append(table["onset"][2] + 0.5, 0.2, "BAD_blink")
    adaptation = adapt_model(learning, raw, labels=table)
    assert adaptation.n_trials == 15
    assert adaptation.n_labels == 7


def test_several_recordings_are_told_apart_by_file(learning, first, second):
    table = truth(learning, first).assign(file=first.name)
    assert adapt_model(learning, [first, second], labels=table).n_labels == 8
    with pytest.raises(ConfigError, match="several recordings the labels need the column 'file'"):
        adapt_model(learning, [first, second], labels=table.drop(columns="file"))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"label": "left_hnad"}, ConfigError, "no class of the model. Did you mean 'left_hand'"),
        ({"trial": 16}, DataError, "no cue of the label for trial 16. It has 16 cues"),
        ({"trial": -1}, DataError, "no cue of the label for trial -1"),
        ({"trial": 0.5}, DataError, "no cue of the label for trial 0.5"),
        ({"trial": "first"}, DataError, "no cue of the label for trial first"),
        ({"trial": None}, DataError, "no cue of the label for trial None"),
        ({"label": " "}, DataError, "holds no labels"),
    ],
)
def test_labels_that_fit_nothing_are_refused(learning, first, changes, error, message):
    table = pd.DataFrame({"trial": [0], "label": ["left_hand"]}).assign(**changes)
    with pytest.raises(error, match=message):
        adapt_model(learning, first, labels=table)


def test_an_onset_without_a_cue_is_refused(learning, first):
    table = pd.DataFrame({"onset": [2.2], "label": ["left_hand"]})
    with pytest.raises(DataError, match=r"no cue of the label for onset 2.2 s"):
        adapt_model(learning, first, labels=table)


def test_two_labels_of_one_trial_are_refused(learning, first):
    table = pd.DataFrame({"trial": [0, 0, 0], "label": ["left_hand", "left_hand", "right_hand"]})
    with pytest.raises(DataError, match="trial 0 has the labels 'left_hand' and 'right_hand'"):
        adapt_model(learning, first, labels=table)
    assert adapt_model(learning, first, labels=table[:2]).n_labels == 1


def test_a_method_that_cannot_learn_says_which_can(model, first):
    with pytest.raises(ConfigError, match=r"cannot learn from labels .*RiemannianClassifier"):
        adapt_model(model, first, labels=pd.DataFrame({"trial": [0], "label": ["left_hand"]}))


def test_tables_are_read_as_people_write_them(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("trial, label\n0, left_hand\n3, \n5, 1\n")
    table = read_labels(path)
    assert table["trial"].tolist() == [0, 5]
    assert table["label"].tolist() == ["left_hand", "1"]
    path.write_text("cue,class\n0,left_hand\n")
    with pytest.raises(ConfigError, match=r"needs the column 'label'.*it has cue, class"):
        read_labels(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises((DataError, ConfigError), match=r"few.csv"):
        read_labels(path)
    with pytest.raises(DataError, match="there is no file"):
        read_labels(tmp_path / "none.csv")
