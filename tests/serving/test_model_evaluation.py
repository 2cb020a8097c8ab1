"""Scores of a saved model on recordings of one subject whose classes are known."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from bci_dann.exceptions import BCIDannError, BCIDannWarning, ConfigError, DataError
from bci_dann.serving import ServedModel, adapt_model, evaluate_model, predict_recordings


def model_with_predictions(model, probabilities):
    """Return a model that predicts given probabilities of `right_hand` for the trials."""
    probabilities = np.asarray(probabilities, dtype=float)

    def predict_proba(trials):
        return np.stack([1 - probabilities, probabilities], axis=1)[: len(trials)]

    classes = np.array(["left_hand", "right_hand"])
    estimator = SimpleNamespace(
        classes_=classes, n_times_=model.n_times, predict_proba=predict_proba
    )
    return ServedModel(estimator, model.recipe)


def test_scores_are_those_of_the_predictions(adapted, first, second):
    evaluation = evaluate_model(adapted, [first, second])
    table = predict_recordings(adapted, [first, second])
    truth, predicted = table["class"], table["prediction"]
    assert evaluation.n_trials == {"left_hand": 16, "right_hand": 16}
    assert evaluation.accuracy.value == (truth == predicted).mean()
    balanced = balanced_accuracy_score(truth, predicted)
    assert evaluation.balanced_accuracy.value == pytest.approx(balanced)
    auc = roc_auc_score(truth == "right_hand", table["p_right_hand"])
    assert evaluation.roc_auc.value == pytest.approx(auc)
    for estimate in (evaluation.accuracy, evaluation.balanced_accuracy, evaluation.roc_auc):
        assert estimate.low < estimate.value <= estimate.high
    assert evaluation.by_recording["n_trials"].tolist() == [16, 16]
    right = ((truth == predicted).groupby(table["file"], sort=False)).mean()
    assert evaluation.by_recording["accuracy"].tolist() == right.tolist()


@pytest.mark.filterwarnings("ignore:the accuracy could be at chance")
def test_recordings_are_prepared_as_for_predictions(adapted, first):
    evaluation = evaluate_model(adapted, first, reference=["Cz", "Pz"])
    table = predict_recordings(adapted, first, reference=["Cz", "Pz"])
    assert evaluation.trials["p_left_hand"].tolist() == table["p_left_hand"].tolist()
    with pytest.raises(BCIDannError, match="nowhere"):
        evaluate_model(adapted, first, bads=["nowhere"])


def test_rows_of_the_confusion_matrix_are_true_classes(model, first):
    wrong_on_the_left = model_with_predictions(model, [0.9] * 16)
    with pytest.warns(BCIDannWarning) as warned:
        evaluation = evaluate_model(wrong_on_the_left, first)
    assert "all 16 trials are predicted" in str(warned[0].message)
    assert "could be at chance: its interval, 25% to 75%" in str(warned[1].message)
    assert evaluation.confusion.loc["left_hand", "right_hand"] == 8
    assert evaluation.confusion.loc["right_hand"].tolist() == [0, 8]
    assert evaluation.chance == 0.5
    assert not evaluation.is_above_chance


def test_json_has_everything_except_the_trials(adapted, first):
    evaluation = evaluate_model(adapted, first)
    content = json.loads(json.dumps(evaluation.to_dict(), allow_nan=False))
    assert content["accuracy"]["value"] == evaluation.accuracy.value
    assert content["confusion"]["left_hand"]["left_hand"] == 8
    assert content["more_trials"] == 36 - 16  # with none wrong
    assert content["by_recording"][0]["file"] == str(first)


def test_only_trials_with_a_label_are_scored(adapted, first):
    """Chance is computed from these trials too: three of four belong to one class."""
    table = predict_recordings(adapted, first)
    chosen = table.groupby("class").head(6).drop(index=[1, 3, 5, 7])
    labels = pd.DataFrame({"trial": chosen["trial"], "label": chosen["class"]})
    with pytest.warns(BCIDannWarning, match="could be at chance"):
        evaluation = evaluate_model(adapted, first, labels=labels)
    assert evaluation.n_trials == {"left_hand": 6, "right_hand": 2}
    assert evaluation.chance == 0.75
    assert sorted(evaluation.trials["trial"]) == sorted(chosen["trial"])


def test_labels_replace_the_classes_of_events_with_a_warning(adapted, first):
    table = predict_recordings(adapted, first)
    shifted = pd.DataFrame({"trial": table["trial"], "label": np.roll(table["class"], 1)})
    with pytest.warns(BCIDannWarning) as warned:
        evaluation = evaluate_model(adapted, first, labels=shifted)
    assert "16 labels contradict the class" in str(warned[0].message)
    assert evaluation.accuracy.value == 0.0


def test_the_option_for_cues_can_give_their_classes(adapted, raw):
    raw.annotations.rename({"769": "start_a", "770": "start_b"})
    cues = {"start_a": "left_hand", "start_b": "right_hand"}
    assert sum(evaluate_model(adapted, raw, cues=cues).n_trials.values()) == 16
    with pytest.raises(DataError, match=r"the class of no trial is known.*--cue EVENT=left_hand"):
        evaluate_model(adapted, raw, cues=["start_a", "start_b"])


def test_labels_of_one_class_only_are_refused(adapted, first):
    with pytest.raises(DataError, match="all labelled trials belong to the class 'left_hand'"):
        evaluate_model(adapted, first, cues={"769": "left_hand"})


def test_labels_without_cue_or_of_unknown_class_are_refused(adapted, first):
    with pytest.raises(DataError, match="no cue for the label at trial 99"):
        evaluate_model(adapted, first, labels=pd.DataFrame({"trial": [99], "label": "left_hand"}))
    with pytest.raises(ConfigError, match="is not a class of the model"):
        evaluate_model(adapted, first, labels=pd.DataFrame({"trial": [0], "label": "feet"}))


def test_trials_marked_as_bad_are_not_scored(adapted, raw):
    raw.annotations.append(raw.annotations.onset[2] + 0.5, 0.2, "BAD_blink")
    assert sum(evaluate_model(adapted, raw).n_trials.values()) == 15


def test_a_recording_used_in_training_causes_a_warning(model, recordings):
    with pytest.warns(BCIDannWarning, match="seems to be trained on this recording"):
        evaluate_model(model, recordings / "sources" / "s2" / "run_raw.fif")


def test_a_recording_used_for_adaptation_with_labels_causes_a_warning(adapted, first, second):
    learned = adapted.recipe.model_copy(update={"adapted_labels": 8})
    with pytest.warns(BCIDannWarning, match="adapted to this recording with labels"):
        evaluate_model(ServedModel(adapted.estimator, learned), first)
    evaluate_model(ServedModel(adapted.estimator, learned), second)  # no warning
    evaluate_model(adapted, first)  # nor of a recording without labels


def test_the_recipe_has_the_number_of_labels_used_in_adaptation(adapted, model, first):
    from bci_dann import RiemannianClassifier
    from bci_dann.serving import prepare

    assert adapted.recipe.adapted_labels == 0
    trials = prepare(first, model)
    labels = np.tile(["left_hand", "right_hand"], 8)
    learning = ServedModel(RiemannianClassifier().fit(trials, labels), model.recipe)
    few = pd.DataFrame({"trial": [0, 1], "label": ["left_hand", "right_hand"]})
    assert adapt_model(learning, first, labels=few).model.recipe.adapted_labels == 2


def test_roc_auc_of_three_classes_has_no_interval(model):
    from bci_dann.serving.model_evaluation import _evaluation

    classes = np.array(["feet", "left_hand", "right_hand"])
    p = np.random.default_rng(0).dirichlet(np.ones(3), 30)
    table = pd.DataFrame(p, columns=[f"p_{name}" for name in classes])
    table["prediction"], table["file"] = classes[p.argmax(axis=1)], "a.edf"
    evaluation = _evaluation(table.assign(truth=np.tile(classes, 10)), classes)
    assert evaluation.chance == pytest.approx(1 / 3)
    assert 0 < evaluation.roc_auc.value < 1
    assert evaluation.to_dict()["roc_auc"]["low"] is None
