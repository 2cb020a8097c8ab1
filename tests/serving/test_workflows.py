"""One new person served from files: fit, adapt, predict."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest
import yaml

from bci_dann.data.recordings.recording_paths import recording_name
from bci_dann.exceptions import ConfigError
from bci_dann.serving.model_recipe import load_recipe
from bci_dann.serving.recording_trials import cut_recording


@pytest.fixture
def model(bci_dann, config, sources, tmp_path):
    out = tmp_path / "model"
    done = bci_dann("fit", config, "-o", out, "--pipeline", "shallow", "--data-dir", sources)
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture
def new(recordings):
    return recordings / "new" / "first_raw.fif", recordings / "new" / "second_raw.fif"


def test_fit_writes_the_recipe(model):
    recipe = load_recipe(model)
    assert recipe.pipeline == "shallow"
    assert recipe.classes == ["left_hand", "right_hand"]
    assert recipe.preprocessing.channels == ["C3", "Cz", "C4", "Pz"]
    assert recipe.sfreq == 128


def test_fit_wants_one_pipeline_that_can_be_saved(bci_dann, config, sources, tmp_path):
    for arguments, message in {
        (): "choose one with --pipeline: shallow, plain",
        ("--pipeline", "shalow"): "Did you mean 'shallow'",
        ("--pipeline", "plain"): "saved and adapted",
    }.items():
        done = bci_dann("fit", config, "-o", tmp_path / "m", "--data-dir", sources, *arguments)
        assert done.exit_code == 2
        assert message in done.stderr


@pytest.mark.parametrize("verb", ["fit", "adapt"])
def test_an_unwritable_folder_is_told_before_the_work(
    bci_dann, config, sources, model, new, tmp_path, monkeypatch, verb
):
    def too_late(*_, **__):
        pytest.fail("the work came first")

    monkeypatch.setattr("bci_dann.data.prepare_trials", too_late)
    monkeypatch.setattr("bci_dann.serving.workflows.cut_recording", too_late)
    (tmp_path / "file").write_text("")
    arguments = {
        "fit": (config, "--pipeline", "shallow", "--data-dir", sources),
        "adapt": (model, new[0]),
    }[verb]
    done = bci_dann(verb, *arguments, "-o", tmp_path / "file" / "model")
    assert done.exit_code == 1
    assert "the model cannot be written to" in done.stderr
    assert "--out" in done.stderr


def test_a_model_that_could_not_be_loaded_is_not_trained(monkeypatch, config):
    from bci_dann.estimators import ShallowClassifier
    from bci_dann.evaluation import load_config
    from bci_dann.evaluation.config.run_config import pipeline_specs
    from bci_dann.serving import workflows

    class Own(ShallowClassifier):
        pass

    spec = pipeline_specs(load_config(config))[0]
    monkeypatch.setattr(workflows, "build", lambda *_: Own())
    with pytest.raises(ConfigError, match=r"'shallow' \(Own\).*not saved and adapted"):
        workflows._savable(spec, 0)


def test_adapting_without_alignment_says_that_nothing_changed(
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
    assert done.stdout.startswith("not adapted: a model without alignment")
    assert len(done.output.splitlines()) == 1


def test_a_new_person_is_served_without_labels(bci_dann, model, new, tmp_path):
    adapted, csv = tmp_path / "adapted", tmp_path / "predictions.csv"
    done = bci_dann("adapt", model, new[0], "-o", adapted)
    assert done.exit_code == 0, done.output
    assert "16 trials without labels" in done.stdout
    done = bci_dann("predict", adapted, new[1], "-o", csv)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(csv)
    assert list(table.columns) == [
        *("file", "trial", "onset_s", "predicted"),
        *("p_left_hand", "p_right_hand", "event"),
    ]
    assert list(table["trial"]) == list(range(16))
    np.testing.assert_allclose(table["onset_s"], 1.0 + 3.0 * np.arange(16))
    np.testing.assert_allclose(table["p_left_hand"] + table["p_right_hand"], 1, atol=1e-5)
    assert (table["predicted"] == table["event"]).mean() > 0.9


def test_class_names_of_events_change_no_prediction(bci_dann, model, new, tmp_path):
    """A recording whose cues name no class gives the same numbers, without ``event``."""
    raw = mne.io.read_raw(new[1], preload=True, verbose="error")
    raw.annotations.rename({"769": "cue", "770": "cue"})
    raw.save(tmp_path / "cued_raw.fif", verbose="error")
    for path, more in ((new[1], []), (tmp_path / "cued_raw.fif", ["--cue", "cue"])):
        done = bci_dann("predict", model, path, "-o", tmp_path / f"{path.stem}.csv", *more)
        assert done.exit_code == 0, done.output
    named = pd.read_csv(tmp_path / f"{new[1].stem}.csv")
    cued = pd.read_csv(tmp_path / "cued_raw.csv")
    pd.testing.assert_frame_equal(cued.drop(columns="file"), named.drop(columns=["file", "event"]))


def test_the_spelling_of_a_path_changes_no_prediction(bci_dann, model, new, tmp_path, monkeypatch):
    """A model adapted to a recording knows it again under any path, and no other for it."""
    adapted = tmp_path / "adapted"
    assert bci_dann("adapt", model, new[0], "-o", adapted).exit_code == 0
    monkeypatch.chdir(new[0].parent)
    copy = tmp_path / "copy" / new[0].name
    copy.parent.mkdir()
    copy.write_bytes(new[0].read_bytes())
    spellings = [new[0], new[0].name, f"../new/{new[0].name}", copy]
    tables = []
    for number, path in enumerate(spellings):
        out = tmp_path / f"{number}.csv"
        assert bci_dann("predict", adapted, path, "-o", out).exit_code == 0
        tables.append(pd.read_csv(out).drop(columns="file"))
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0], check_exact=True)


def test_sessions_are_told_apart_by_content(model, new, tmp_path):
    recipe = load_recipe(model)
    other = tmp_path / new[0].name
    other.write_bytes(new[1].read_bytes())
    first, second, again = (
        cut_recording(path, recipe).trials.domains[0] for path in (new[0], other, new[0])
    )
    assert first == again != second
    assert str(tmp_path) not in second


def test_the_samples_beside_a_header_count(tmp_path):
    for folder, samples in {"a": b"1", "b": b"2"}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.vhdr").write_text("header")
        (tmp_path / folder / "x.eeg").write_bytes(samples)
    names = {recording_name(tmp_path / folder / "x.vhdr") for folder in "ab"}
    assert len(names) == 2
    (tmp_path / "a" / "x.csv").write_text("predictions")
    assert recording_name(tmp_path / "a" / "x.vhdr") in names


def test_a_model_of_bids_data_serves_an_ordinary_file(model, new):
    recipe = load_recipe(model)
    bids = recipe.layout.model_copy(update={"format": "bids", "pattern": None})
    served = cut_recording(new[0], recipe.model_copy(update={"layout": bids}))
    np.testing.assert_array_equal(served.trials.X, cut_recording(new[0], recipe).trials.X)


def test_recording_without_the_events(bci_dann, model, new, tmp_path):
    recipe = load_recipe(model)
    with pytest.raises(ValueError, match=r"no trials.*--cue"):
        cut_recording(new[0], recipe, ["beep"])


def test_trials_of_a_file_are_those_of_training(model, config, sources):
    """Cutting one file for a saved model gives, bit for bit, what training saw of it."""
    from bci_dann.data import open_trials, prepare_trials
    from bci_dann.evaluation import load_config

    run = load_config(config)
    trained = open_trials(prepare_trials(run.data, run.preprocessing, data_dir=sources))
    cut = cut_recording(sources / "s2" / "run_raw.fif", load_recipe(model))
    np.testing.assert_array_equal(cut.trials.X, trained.X[trained.subjects == "2"])
    assert cut.trials.y is None


def test_window_counts_from_the_task_also_where_it_starts_later(model, config, sources, recordings):
    from bci_dann.data import open_trials, prepare_trials
    from bci_dann.evaluation import load_config

    content = yaml.safe_load(config.read_text())
    content["data"]["recordings"]["interval"] = [0.5, 1.5]
    content["preprocessing"] = {"window": [0.25, None]}
    run = load_config({**content, "pipelines": [str(config.parent.parent / "pipelines/plain.yml")]})
    trained = open_trials(prepare_trials(run.data, run.preprocessing, data_dir=sources))
    recipe = load_recipe(model).model_copy(
        update={"layout": run.data.recordings, "preprocessing": run.preprocessing}
    )
    cut = cut_recording(sources / "s2" / "run_raw.fif", recipe)
    np.testing.assert_array_equal(cut.trials.X, trained.X[trained.subjects == "2"])


def test_a_missing_recording_or_recipe(bci_dann, model, tmp_path):
    with pytest.raises(ValueError, match="there is no recording"):
        cut_recording(tmp_path / "none.fif", load_recipe(model))
    done = bci_dann("predict", tmp_path, tmp_path / "none.fif")
    assert done.exit_code == 2, done.output
    assert "recipe.json" in done.stderr


@pytest.mark.parametrize("sfreq", [125.0, 200.0, 250.0, 512.0])
def test_a_recording_of_another_rate_is_served(bci_dann, model, new, tmp_path, sfreq):
    """Two rates in one call, too; the trials have the samples that the model knows."""
    paths = []
    for index, path in enumerate(new):
        raw = mne.io.read_raw(path, preload=True, verbose="error")
        paths.append(tmp_path / f"{index}_raw.fif")
        raw.resample(sfreq, verbose="error").save(paths[-1], verbose="error")
    adapted, csv = tmp_path / "adapted", tmp_path / "predictions.csv"
    done = bci_dann("adapt", model, new[0], paths[0], "-o", adapted)
    assert done.exit_code == 0, done.output
    done = bci_dann("predict", adapted, paths[1], "-o", csv)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(csv)
    assert len(table) == 16
    assert (table["predicted"] == table["event"]).mean() > 0.9


def test_predictions_do_not_replace_the_recording(bci_dann, model, new, tmp_path):
    copy = tmp_path / "copy_raw.fif"
    copy.write_bytes(new[0].read_bytes())
    done = bci_dann("predict", model, copy, "-o", copy)
    assert done.exit_code == 2
    assert "one of the recordings" in done.stderr
    assert copy.read_bytes() == new[0].read_bytes()
