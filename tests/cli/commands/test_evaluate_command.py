"""The command ``evaluate``."""

from __future__ import annotations

import json

import pytest

from bci_dann import serving


@pytest.fixture
def model(config, sources, tmp_path):
    serving.fit_model(config, pipeline="shallow", data_dir=sources, out=tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def new(recordings):
    return recordings / "new" / "first_raw.fif", recordings / "new" / "second_raw.fif"


def test_scores_come_with_their_intervals_and_what_they_are_worth(bci_dann, model, new):
    done = bci_dann("evaluate", model, *new)
    assert done.exit_code == 0, done.output
    evaluation = serving.evaluate_model(model, list(new))
    value, low, high = (100 * number for number in evaluation.accuracy)
    assert "32 labelled trials: 16 left_hand, 16 right_hand" in done.stdout
    assert f"{value:.1f}" in done.stdout
    assert f"{low:.1f} to {high:.1f}" in done.stdout
    assert "Chance is 50.0 %, the accuracy of always answering the most" in done.stdout
    assert f"{evaluation.more_trials} more labelled trials would narrow" in done.stdout
    assert all(str(path) in done.stdout for path in new)
    assert "Clopper and Pearson" in done.stdout


def test_json_is_for_programs(bci_dann, model, new):
    done = bci_dann("evaluate", model, new[0], "--json")
    assert json.loads(done.stdout) == serving.evaluate_model(model, new[0]).to_dict()


@pytest.mark.parametrize("option", ["--bad", "--reference"])
def test_bad_channels_and_the_reference_are_options_as_in_predict(bci_dann, model, new, option):
    done = bci_dann("evaluate", model, new[0], option, "nowhere")
    assert done.exit_code == 2
    assert "nowhere" in done.stderr


def test_labels_can_be_given_as_a_table(bci_dann, model, new, tmp_path):
    few = tmp_path / "few.csv"
    few.write_text("trial,label\n0,left_hand\n1,right_hand\n2,left_hand\n")
    done = bci_dann("evaluate", model, new[0], "--labels", few)
    assert "3 labelled trials: 2 left_hand, 1 right_hand" in done.stdout
    assert "could be at chance" in done.stderr
    few.write_text("trial,label\n")
    done = bci_dann("evaluate", model, new[0], "--labels", few)
    assert done.exit_code == 2
    assert "contains no labels" in done.stderr
