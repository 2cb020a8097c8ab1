"""What a user adds to a model card."""

from __future__ import annotations

import pytest

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving.model_cards.card_scores import card_fields, scores_of_table

TABLE = """\
# note: Nine subjects
# command: bci-dann run mine.yaml
pipeline,protocol,n_subjects,accuracy,roc_auc,gain
ours,train,9,70.5,0.75,
ours,full,9,80.5,,
theirs,train,9,60,0.6,1
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(TABLE)
    return path


def test_all_protocols_of_the_pipeline_are_taken(table):
    origin = {"table": "mine.csv", "note": "Nine subjects"}
    assert scores_of_table(table, "ours") == [
        {"protocol": "train", "n_subjects": 9, "accuracy": 70.5, "roc_auc": 0.75, **origin},
        {"protocol": "full", "n_subjects": 9, "accuracy": 80.5, **origin},
    ]


def test_a_table_without_the_pipeline_is_refused(table, tmp_path):
    with pytest.raises(ConfigError, match=r"mine.csv has no scores of none"):
        scores_of_table(table, "none")
    table.write_text("a,b\n1,2\n")
    with pytest.raises(ConfigError, match="has no scores"):
        scores_of_table(table, "ours")
    with pytest.raises(DataError, match="cannot be read"):
        scores_of_table(tmp_path / "no.csv", "ours")
    table.write_bytes(b"\xff\x00\xff")
    with pytest.raises(DataError, match="cannot be read"):
        scores_of_table(table, "ours")


def test_fields_are_those_that_were_given(table):
    assert card_fields({"licence": None}, "ours") == {}
    fields = card_fields({"licence": "cc0-1.0", "note": "N", "scores": table}, "ours")
    assert (fields["licence"], fields["note"], len(fields["scores"])) == ("cc0-1.0", "N", 2)
    with pytest.raises(ConfigError, match="each key of card must be one of"):
        card_fields({"license": "cc0-1.0"}, "ours")
