"""The models that come with the package: opened by name, used like a folder, and rebuilt."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann import load_model, serving
from bci_dann._resources import builtin_models
from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.persistence.model_location import find_model
from bci_dann.reporting import read_published
from bci_dann.serving.model_cards.card_text import card_text

NAME = "builtin:right-hand-rest"
EVENTS = ["OVTK_GDF_Right", "OVTK_GDF_Tongue"]


@pytest.fixture(scope="module")
def raw():
    """Noise of the amplitude of training, with cues, as the amplifier of training writes it."""
    names = serving.load_recipe(NAME).preprocessing.channels
    rng = np.random.default_rng(0)
    common = rng.standard_normal((1, 125 * 130))
    samples = 6.0 * (rng.standard_normal((len(names), common.shape[1])) + 2 * common)
    recording = mne.io.RawArray(samples, mne.create_info(names, 125.0, "eeg"), verbose="error")
    onsets = 3.0 + 6.0 * np.arange(20)
    return recording.set_annotations(mne.Annotations(onsets, 0.0, rng.permutation(EVENTS * 10)))


@pytest.mark.parametrize("name", builtin_models())
def test_the_card_of_a_built_in_model_is_up_to_date(name):
    facts = serving.describe_model(name)
    assert facts["licence"] == "cc0-1.0"
    assert (find_model(name) / "README.md").read_text(encoding="utf-8") == card_text(facts)


def test_scores_on_the_card_are_those_of_the_published_table(project):
    (score,) = serving.load_recipe(NAME).scores
    rows = read_published(project / "docs" / "results" / score["table"]).rows
    (row,) = rows[rows["pipeline"] == "bci_dann_light"].to_dict("records")
    assert {key: row[key] for key in ("protocol", "accuracy", "roc_auc", "chance")}.items() <= (
        score.items()
    )


def test_the_name_can_be_used_instead_of_a_folder(raw, tmp_path):
    model = serving.open_model(NAME)
    estimator = load_model(NAME)
    adaptation = serving.adapt_model(NAME, raw, out=tmp_path / "adapted")
    assert adaptation.n_trials == 20
    table = serving.predict_recordings(tmp_path / "adapted", raw)
    assert (table["prediction"] != "").all()
    trials = serving.prepare(raw, model)
    np.testing.assert_array_equal(
        estimator.predict_proba(trials), model.estimator.predict_proba(trials)
    )


def test_commands_accept_the_name(bci_dann, raw, tmp_path):
    recording = tmp_path / "my_raw.fif"
    raw.save(recording, verbose="error")
    done = bci_dann("predict", NAME, recording, "-o", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    with pytest.warns(BCIDannWarning, match="all 20 trials"):  # noise, of a subject not adapted to
        expected = serving.predict_recordings(NAME, recording)
    written = pd.read_csv(tmp_path / "out.csv")
    np.testing.assert_allclose(written["p_rest"], expected["p_rest"], atol=1e-6)


def test_models_cannot_be_saved_under_a_built_in_name(raw):
    with pytest.raises(ConfigError, match="cannot be written to"):
        serving.adapt_model(NAME, raw, out="builtin:mine")


def test_a_name_that_is_not_there_lists_those_that_are():
    for call in (load_model, serving.open_model, serving.load_recipe):
        with pytest.raises(ConfigError, match=r"These do: builtin:right-hand-rest"):
            call("builtin:../../right-hand-rest")


@pytest.mark.real_data
@pytest.mark.slow
def test_the_documented_command_rebuilds_the_model(project, shared_data, bci_dann, tmp_path):
    """But for rounding: to the bit where machine and libraries are those that built it."""
    from bci_dann.persistence import read_state

    done = bci_dann(
        *("fit", project / "configs" / "mi_openbci.yaml", "--compact", "-o", tmp_path / "model"),
        *("--data-dir", shared_data / "mi-openbci"),
    )
    assert done.exit_code == 0, done.output
    built, again = read_state(find_model(NAME)), read_state(tmp_path / "model")
    assert built.arrays.keys() == again.arrays.keys()
    for name, array in built.arrays.items():
        np.testing.assert_allclose(again.arrays[name], array, atol=1e-6, err_msg=name)
    recording = shared_data / "mi-openbci" / "edf03" / "002" / "eeg.edf"
    tables = [serving.predict_recordings(one, recording) for one in (NAME, tmp_path / "model")]
    np.testing.assert_allclose(tables[0]["p_rest"], tables[1]["p_rest"], atol=1e-6)
    assert tables[0]["prediction"].equals(tables[1]["prediction"])
