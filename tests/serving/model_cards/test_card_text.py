"""The model card beside a saved model: written, replaced, and left alone."""

from __future__ import annotations

import pytest
import yaml

from bci_dann.exceptions import BCIDannWarning
from bci_dann.serving import ServedModel, describe_model
from bci_dann.serving.model_cards.card_text import card_body, card_text


def parts(text):
    """Return the front matter, read as YAML, and the rest."""
    _, front, body = text.split("---\n", 2)
    return yaml.safe_load(front), body


SCORE = {
    "protocol": "train",
    "n_subjects": 9,
    "accuracy": 71.25,
    "std_subjects": 6.5,
    "roc_auc": 0.8,
    "chance": 55.0,
    "table": "mine.csv",
    "note": "Nine subjects",
}


@pytest.fixture
def scored(model):
    noted = {"scores": [SCORE], "licence": "cc0-1.0", "note": "Our own recordings."}
    return ServedModel(model.estimator, model.recipe.model_copy(update=noted))


def test_a_saved_model_has_a_card_in_the_form_of_the_hub(scored, tmp_path):
    front, body = parts((scored.save(tmp_path / "m") / "README.md").read_text(encoding="utf-8"))
    assert front["license"] == "cc0-1.0"
    assert {"eeg", "left_hand", "right_hand"} <= set(front["tags"])
    (result,) = front["model-index"][0]["results"]
    assert result["metrics"][0] == {
        "type": "accuracy",
        "value": 71.25,
        "args": {"protocol": "train", "table": "mine.csv"},
    }
    for line in (
        "Our own recordings.",
        "accuracy 71.2 % ± 6.5 over subjects, ROC AUC 0.800, chance 55.0 %",
        "From the table `mine.csv`: Nine subjects",
        "- Band-pass filter: 8 to 32 Hz (iir)",
        "- Window after the event: 0 to 2 s",
        "- Sampling frequency: 128 Hz (257 samples)",
        "- Channels: 4 (C3, Cz, C4, Pz)",
        "48 trials (of 48 cues) of 3 subjects in 3 sessions",
        "Not adapted to a subject yet.",
    ):
        assert line in body, line


def test_without_scores_there_is_no_table_of_results(model):
    front, body = parts(card_text(describe_model(model)))
    assert "model-index" not in front
    assert front["license"] == "unknown"
    assert "None. `bci-dann evaluate`" in body


def test_the_card_of_an_adapted_model_lists_its_recordings(adapted, first, tmp_path):
    text = (adapted.save(tmp_path / "adapted") / "README.md").read_text(encoding="utf-8")
    assert f"- {first.name}: 16 trials" in text
    assert "Recordings of one subject, without labels." in text
    taught = describe_model(adapted) | {"adapted_labels": 5}
    assert "5 of these trials with a label" in card_body(taught)


def test_an_adapted_model_is_used_as_it_is(model, adapted):
    before, after = (card_body(describe_model(one)) for one in (model, adapted))
    assert "bci-dann adapt MODEL first_run.edf -o adapted\nbci-dann predict adapted" in before
    assert "bci-dann predict MODEL second_run.edf\nbci-dann evaluate MODEL" in after
    assert "bci-dann adapt MODEL" not in after


def test_a_card_written_by_a_user_is_not_replaced(model, tmp_path):
    folder = model.save(tmp_path / "model")
    model.save(folder)  # its own card is
    (folder / "README.md").write_text("My notes")
    with pytest.warns(BCIDannWarning, match=r"README.md was not written by bci_dann"):
        model.save(folder)
    assert (folder / "README.md").read_text() == "My notes"


def test_hostile_names_stay_text_in_the_front_matter(model):
    facts = describe_model(model)
    facts |= {"licence": "x\n---\nlicense: mit", "classes": ["a: b", "!!python/object:os.x"]}
    front = yaml.safe_load(card_text(facts).split("\n---\n\n<!--")[0].removeprefix("---\n"))
    assert front["license"] == "x\n---\nlicense: mit"
    assert front["tags"][-1] == "!!python/object:os.x"
