"""The commands ``fit``, ``adapt`` and ``predict``: a new subject is served from files."""

from __future__ import annotations

import json
import sys

import mne
import numpy as np
import pandas as pd
import pytest
import yaml

from bci_dann import serving


@pytest.fixture
def model(bci_dann, config, sources, tmp_path):
    out = tmp_path / "model"
    done = bci_dann("fit", config, "-o", out, "--pipeline", "shallow", "--data-dir", sources)
    assert done.exit_code == 0, done.output
    assert f"shallow for left_hand, right_hand is saved in {out}" in done.stdout
    return out


@pytest.fixture
def new(recordings):
    return recordings / "new" / "first_raw.fif", recordings / "new" / "second_raw.fif"


def predictions(bci_dann, model, *recordings, out, options=()):
    done = bci_dann("predict", model, *recordings, "-o", out, *options)
    assert done.exit_code == 0, done.output
    return pd.read_csv(out)


def test_a_new_subject_is_served_without_labels(bci_dann, model, new, tmp_path):
    adapted = tmp_path / "adapted"
    done = bci_dann("adapt", model, new[0], "-o", adapted)
    assert done.exit_code == 0, done.output
    assert f"adapted to 16 trials without labels; saved in {adapted}" in done.stdout
    table = predictions(bci_dann, adapted, new[1], out=tmp_path / "predictions.csv")
    assert list(table.columns) == [
        *("file", "trial", "onset", "event", "class", "prediction"),
        *("p_left_hand", "p_right_hand", "left_out"),
    ]
    assert list(table["trial"]) == list(range(16))
    np.testing.assert_allclose(table["onset"], 1.0 + 3.0 * np.arange(16))
    np.testing.assert_allclose(table["p_left_hand"] + table["p_right_hand"], 1, atol=1e-5)
    assert (table["prediction"] == table["class"]).mean() > 0.8


def test_python_gives_the_file_that_the_command_line_gives(
    bci_dann, model, config, sources, new, tmp_path
):
    """Fit, adapt and predict, each time in both ways; the last with signals in memory."""
    fitted = serving.fit_model(config, pipeline="shallow", data_dir=sources)
    runs = [mne.io.read_raw(path, verbose="error") for path in new]
    adaptation = serving.adapt_model(fitted, runs[0])
    serving.predict_recordings(adaptation.model, runs, out=tmp_path / "python.csv")
    assert bci_dann("adapt", model, new[0], "-o", tmp_path / "adapted").exit_code == 0
    predictions(bci_dann, tmp_path / "adapted", *new, out=tmp_path / "command.csv")
    by_command = (tmp_path / "command.csv").read_bytes()
    assert (tmp_path / "python.csv").read_bytes() == by_command


def test_the_counts_of_predictions_are_printed(bci_dann, model, new, tmp_path):
    out = tmp_path / "predictions.csv"
    done = bci_dann("predict", model, new[1], "-o", out)
    counts = pd.read_csv(out)["prediction"].value_counts()
    expected = f"{counts['left_hand']} left_hand, {counts['right_hand']} right_hand"
    assert done.stdout == f"16 predictions in {out}: {expected}\n"


def test_uncertain_trials_get_no_class_and_are_counted(bci_dann, model, new, tmp_path):
    every = predictions(bci_dann, model, new[1], out=tmp_path / "every.csv")
    largest = every[["p_left_hand", "p_right_hand"]].max(axis=1)
    threshold = float(largest.sort_values().iloc[4:6].mean().round(6))  # five are below
    out = tmp_path / "some.csv"
    done = bci_dann("predict", model, new[1], "-o", out, "--abstain-below", threshold)
    assert done.exit_code == 0, done.output
    assert f"11 predictions in {out}: " in done.stdout
    assert "5 of 16 trials have no class (abstained)" in done.stdout
    some = pd.read_csv(out)
    assert list(some.columns) == [*every.columns, "abstained"]
    np.testing.assert_array_equal(some["abstained"], largest < threshold)
    np.testing.assert_array_equal(some["prediction"].isna(), some["abstained"])
    answered = ~some["abstained"]
    assert (some["prediction"] == every["prediction"])[answered].all()
    pd.testing.assert_series_equal(some["p_left_hand"], every["p_left_hand"])


@pytest.mark.parametrize("threshold", ["0", "1", "70", "-0.5", "nan"])
def test_a_threshold_is_a_probability(bci_dann, model, new, tmp_path, threshold):
    out = tmp_path / "none.csv"
    done = bci_dann("predict", model, new[1], "-o", out, f"--abstain-below={threshold}")
    assert done.exit_code == 2
    assert "abstain_below must be a number above 0 and below 1" in done.stderr
    assert not out.exists()


def test_fit_wants_one_pipeline_that_can_be_saved(bci_dann, config, sources, tmp_path):
    for arguments, message in {
        ("--pipeline", "shalow"): "Did you mean 'shallow'",
        ("--pipeline", "plain"): "saved and adapted",
    }.items():
        done = bci_dann("fit", config, "-o", tmp_path / "m", "--data-dir", sources, *arguments)
        assert done.exit_code == 2
        assert message in done.stderr


def test_fit_trains_the_default_recipe_if_none_is_named(bci_dann, config, sources, tmp_path):
    """Several pipelines are listed, one subject is left out; the command and the recipe say so."""
    arguments = ("fit", config, "-o", tmp_path / "m", "--data-dir", sources, "--exclude")
    done = bci_dann(*arguments, "4")
    assert done.exit_code == 2
    assert "the subject '4' cannot be excluded" in done.stderr
    assert "They are 1, 2, 3." in done.stderr
    done = bci_dann(*arguments, "2")
    assert done.exit_code == 0, done.output
    assert "bci_dann_light was trained, the default recipe without networks" in done.stdout
    assert "Left out of training: 2" in done.stdout
    recipe = serving.load_recipe(tmp_path / "m")
    assert (recipe.pipeline, recipe.excluded) == ("bci_dann_light", ["2"])
    assert recipe.data.subjects == ["1", "3"]
    assert {row["subject"] for row in recipe.account} == {"1", "3"}


def test_adapt_reports_if_a_method_without_alignment_is_not_changed(
    bci_dann, config, sources, new, tmp_path
):
    pipeline = config.parent.parent / "pipelines" / "shallow.yml"
    content = yaml.safe_load(pipeline.read_text())
    content["pipeline"][0]["parameters"] = {"alignment": None}
    pipeline.write_text(yaml.safe_dump(content))
    model, out = tmp_path / "model", tmp_path / "adapted"
    fit = ("fit", config, "-o", model, "--pipeline", "shallow", "--data-dir", sources)
    assert bci_dann(*fit).exit_code == 0
    done = bci_dann("adapt", model, new[0], "-o", out)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("not adapted, because the method has no alignment")
    assert len(done.output.splitlines()) == 1


def test_class_names_of_events_change_no_prediction(bci_dann, model, new, tmp_path):
    """A recording whose cues name no class gives the same numbers, with no ``class``."""
    raw = mne.io.read_raw(new[1], preload=True, verbose="error")
    raw.annotations.rename({"769": "cue", "770": "cue"})
    raw.save(tmp_path / "cued_raw.fif", verbose="error")
    named = predictions(bci_dann, model, new[1], out=tmp_path / "named.csv")
    cued = predictions(
        bci_dann,
        model,
        tmp_path / "cued_raw.fif",
        out=tmp_path / "cued.csv",
        options=["--cue", "cue"],
    )
    names = ["file", "event", "class"]
    pd.testing.assert_frame_equal(cued.drop(columns=names), named.drop(columns=names))
    assert cued["class"].isna().all()


def test_the_spelling_of_a_path_changes_no_prediction(bci_dann, model, new, tmp_path, monkeypatch):
    """A model adapted to a recording knows it again under any path, and no other for it."""
    adapted = tmp_path / "adapted"
    assert bci_dann("adapt", model, new[0], "-o", adapted).exit_code == 0
    monkeypatch.chdir(new[0].parent)
    copy = tmp_path / "copy" / new[0].name
    copy.parent.mkdir()
    copy.write_bytes(new[0].read_bytes())
    tables = [
        predictions(bci_dann, adapted, path, out=tmp_path / "p.csv").drop(columns="file")
        for path in (new[0], new[0].name, f"../new/{new[0].name}", copy)
    ]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0], check_exact=True)


def test_two_sampling_frequencies_in_one_call(bci_dann, model, new, tmp_path):
    raw = mne.io.read_raw(new[1], preload=True, verbose="error")
    raw.resample(250, verbose="error").save(tmp_path / "fast_raw.fif", verbose="error")
    done = bci_dann("adapt", model, *new, tmp_path / "fast_raw.fif", "-o", tmp_path / "adapted")
    assert done.exit_code == 0, done.output
    assert "48 trials" in done.stdout


@pytest.mark.parametrize("command", ["adapt", "predict"])
def test_what_is_wrong_with_a_recording_is_one_line(bci_dann, model, tmp_path, command):
    done = bci_dann(command, model, tmp_path / "none.fif", "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert done.stderr == f"Error: there is no recording {tmp_path / 'none.fif'}: check the path.\n"


def test_a_folder_without_recipe(bci_dann, tmp_path, new):
    done = bci_dann("predict", tmp_path, new[0])
    assert done.exit_code == 2
    assert "recipe.json" in done.stderr


def test_predictions_do_not_replace_the_recording(bci_dann, model, new, tmp_path):
    copy = tmp_path / "copy_raw.fif"
    copy.write_bytes(new[0].read_bytes())
    done = bci_dann("predict", model, copy, "-o", copy)
    assert done.exit_code == 2
    assert "one of the recordings" in done.stderr
    assert copy.read_bytes() == new[0].read_bytes()


def test_no_folder_is_made_unasked(bci_dann, model, new, tmp_path):
    done = bci_dann("predict", model, new[0], "-o", tmp_path / "none" / "predictions.csv")
    assert done.exit_code == 2
    assert f"mkdir -p {tmp_path / 'none'}" in done.stderr
    assert bci_dann("adapt", model, tmp_path / "x.fif", "-o", tmp_path / "none").exit_code == 2
    assert not (tmp_path / "none").exists()


def test_a_model_of_a_users_own_part_is_used_once_its_module_is_named(
    bci_dann, config, sources, new, tmp_path, monkeypatch
):
    (tmp_path / "own_alignment_9.py").write_text(
        "from bci_dann.alignment import EuclideanAlignment\n\n\n"
        "class Own(EuclideanAlignment):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    pipeline = config.parent.parent / "pipelines" / "shallow.yml"
    content = yaml.safe_load(pipeline.read_text())
    content["pipeline"][0]["parameters"] = {"alignment": "own_alignment_9:Own"}
    pipeline.write_text(yaml.safe_dump(content))
    model, out = tmp_path / "model", tmp_path / "adapted"
    fit = ("fit", config, "-o", model, "--pipeline", "shallow", "--data-dir", sources)
    assert bci_dann(*fit).exit_code == 0
    monkeypatch.delitem(sys.modules, "own_alignment_9")
    refused = bci_dann("adapt", model, new[0], "-o", out)
    assert refused.exit_code == 2
    assert "--import own_alignment_9" in refused.output
    assert "own_alignment_9" not in sys.modules
    named = bci_dann("adapt", model, new[0], "-o", out, "--import", "own_alignment_9")
    assert named.exit_code == 0, named.output
    assert "adapted to 16 trials" in named.stdout


def test_a_module_that_is_not_there_is_told(bci_dann, model, new, tmp_path):
    done = bci_dann("adapt", model, new[0], "-o", tmp_path / "out", "--import", "no_such_module_9")
    assert done.exit_code == 2
    assert "set PYTHONPATH" in done.output


def test_what_differs_in_a_recording_is_said_by_options(bci_dann, model, new, tmp_path):
    raw = mne.io.read_raw(new[1], preload=True, verbose="error")
    raw.apply_function(lambda x: x * 1e6).rename_channels({"C3": "Ch1"})
    raw.annotations.rename({"769": "A", "770": "B"})
    raw.save(tmp_path / "other_raw.fif", verbose="error")
    plain = predictions(bci_dann, model, new[1], out=tmp_path / "plain.csv")
    options = ["--unit-scale", "microvolt", "--rename", "Ch1=C3", "--cue", "A=left_hand"]
    other = predictions(
        bci_dann,
        model,
        tmp_path / "other_raw.fif",
        out=tmp_path / "other.csv",
        options=[*options, "--cue", "B=right_hand"],
    )
    np.testing.assert_allclose(other["p_left_hand"], plain["p_left_hand"], atol=1e-4)
    done = bci_dann(
        "adapt", model, tmp_path / "other_raw.fif", "-o", tmp_path / "adapted", *options
    )
    assert done.exit_code == 0, done.output
    assert "adapted to 8 trials" in done.stdout
    options = ["--cue", "A=left hand"]
    done = bci_dann("predict", model, tmp_path / "other_raw.fif", *options)
    assert done.exit_code == 2
    assert "Did you mean 'left_hand'" in done.stderr


def test_changes_to_a_recording_of_another_headset_are_printed(bci_dann, model, new, tmp_path):
    raw = mne.io.read_raw(new[1], preload=True, verbose="error")
    spare = (
        raw.copy()
        .pick(["Cz"])
        .rename_channels({"Cz": "A1"})
        .apply_function(lambda x: 0.1 * x[::-1])
    )
    raw.add_channels([spare]).resample(100, verbose="error").save(
        tmp_path / "other_raw.fif", verbose="error"
    )
    said = (
        "Recorded at 100 Hz; the trials are resampled to the 128 Hz of the model. "
        "Re-referenced to A1."
    )
    options = ["--reference", "A1"]
    adapted = tmp_path / "adapted"
    done = bci_dann("adapt", model, tmp_path / "other_raw.fif", "-o", adapted, *options)
    assert said in done.stdout, done.output
    out = tmp_path / "out.csv"
    done = bci_dann("predict", adapted, tmp_path / "other_raw.fif", "-o", out, *options)
    assert said in done.stdout, done.output
    assert said in json.loads((adapted / "recipe.json").read_text())["adapted_by"][0]
    done = bci_dann("predict", adapted, tmp_path / "other_raw.fif", "-o", out, "--bad", "Pz")
    assert done.exit_code == 2
    assert "Pz (named as bad): no signal at 1 of the model's 4 electrodes" in done.stderr
