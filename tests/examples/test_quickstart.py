"""The quickstart as a whole on a tiny configuration, and its parts."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest
from torch import get_num_threads, set_num_threads

from bci_dann import serving
from bci_dann.evaluation import load_config
from bci_dann.examples import quickstart as module
from bci_dann.examples.quickstart import new_subject_recordings, run_quickstart
from bci_dann.exceptions import ConfigError, ResultsError

TINY = {
    "name": "tiny",
    "data": {
        "dataset": "SimulatedMI",
        "params": {"n_subjects": 3, "n_trials": 8, "random_state": 1},
    },
    "preprocessing": {"band": [8, 30], "window": [0.5, 2.5], "resample": 64},
    "pipelines": ["ea_csp_lda", "ts_logistic"],
    "protocols": ["train_and_target_unlabeled_full"],
    "seeds": [0],
    "pipeline_parameters": {"ea_csp_lda": {"n_components": 4}},
}

# so small a model may see one class only
pytestmark = pytest.mark.filterwarnings("ignore:all 16 trials are predicted:UserWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("quickstart") / "out"


@pytest.fixture(scope="module")
def said():
    return []


@pytest.fixture(scope="module")
def done(folder, said):
    return run_quickstart(
        folder, config=TINY, pipeline="ea_csp_lda", progress=False, say=said.append
    )


def test_everything_is_in_the_folder(done, folder):
    assert pd.read_csv(folder / "results.csv")["pipeline"].nunique() == 2
    assert done.figure.read_bytes().startswith(b"\x89PNG")
    assert (done.model / "recipe.json").is_file()
    assert done.report == folder / "report.html"
    assert [path.name for path in done.recordings] == ["session0_raw.fif", "session1_raw.fif"]
    assert all(path.parent == folder / "new_subject" for path in done.recordings)
    shown = (path.name for path in folder.iterdir() if path.is_file())
    assert sorted(name for name in shown if not name.startswith(".")) == [
        "account.csv",
        "channel_power.npz",
        "config.json",
        "feature_map.npz",
        "invocations.json",
        "predictions.csv",
        "report.html",
        "results.csv",
        "subjects.png",
    ]


def test_the_model_is_trained_with_the_threads_of_the_comparison(tmp_path, monkeypatch):
    threads = []
    monkeypatch.setattr(serving, "fit_model", lambda *_, **__: threads.append(get_num_threads()))
    before = get_num_threads()
    try:
        set_num_threads(2)
        module._train(load_config(TINY), "ea_csp_lda", tmp_path / "model", progress=False)
        assert threads == [1]
        assert get_num_threads() == 2
    finally:
        set_num_threads(before)


def test_each_step_is_told_before_it_begins(done, said):
    assert [sentence[:6] for sentence in said] == ["1 of 3", "2 of 3", "3 of 3"]
    assert "in about" in said[1]


def test_predictions_are_counted_against_the_truth(done):
    table = pd.read_csv(done.predictions)
    assert len(table) == done.n_trials == 16
    assert (table["prediction"] == table["class"]).sum() == done.n_right
    assert 0 <= done.n_right_before <= done.n_trials


def test_the_commands_that_it_names_give_the_same_predictions(done, bci_dann, tmp_path):
    first, second = done.recordings
    adapted, again = tmp_path / "adapted", tmp_path / "predictions.csv"
    assert bci_dann("adapt", done.model, first, "-o", adapted).exit_code == 0
    assert bci_dann("predict", adapted, second, "-o", again).exit_code == 0
    pd.testing.assert_frame_equal(pd.read_csv(again), pd.read_csv(done.predictions))


def test_a_rerun_computes_no_task_again(done, folder, monkeypatch):
    monkeypatch.setattr(
        "bci_dann.evaluation.runs.worker.compute", lambda *_: pytest.fail("computed again")
    )
    again = run_quickstart(folder, config=TINY, pipeline="ea_csp_lda", progress=False)
    assert (again.n_right, again.n_right_before) == (done.n_right, done.n_right_before)


def test_the_new_subject_is_none_of_those_that_were_trained_on(done):
    from bci_dann.data import SimulatedMI

    run = load_config(TINY)
    recordings = new_subject_recordings(run)
    assert len(recordings) == 2
    trained_on = SimulatedMI(**run.data.params).get_data([3])[3]["0"]["0"].get_data("eeg")
    for raw, path in zip(recordings, done.recordings, strict=True):
        signals = raw.get_data("eeg")
        n_times = min(signals.shape[1], trained_on.shape[1])
        assert not np.allclose(signals[:, :n_times], trained_on[:, :n_times])
        written = mne.io.read_raw(path, verbose="error")
        np.testing.assert_allclose(written.get_data("eeg"), signals, rtol=1e-5, atol=1e-12)
        assert 1e-6 < written.get_data("eeg").std() < 1e-4  # in volt
        assert set(written.annotations.description) == {"left_hand", "right_hand"}


def test_it_wants_the_simulator():
    other = {**TINY, "data": {"dataset": "BNCI2014_001"}}
    with pytest.raises(ConfigError, match="SimulatedMI"):
        run_quickstart(config=other, progress=False)


def test_an_interruption_leaves_no_half_recording(tmp_path, monkeypatch):
    raw = new_subject_recordings(load_config(TINY))[0]

    def interrupted(path, **_):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(raw, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        module._write(raw, tmp_path / "new_subject" / "session0_raw.fif")
    assert list((tmp_path / "new_subject").iterdir()) == []


def test_a_recording_that_cannot_be_written_is_told(tmp_path):
    raw = new_subject_recordings(load_config(TINY))[0]
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match=r"cannot be written.*--out"):
        module._write(raw, tmp_path / "file" / "session0_raw.fif")


def test_the_shipped_configuration_has_the_recipe_beside_plain_training():
    run = load_config("quickstart")
    names = {spec.rsplit("/", 1)[-1].removesuffix(".yml") for spec in map(str, run.pipelines)}
    assert {"bci_dann", "source_only", "dann", "reweight_logistic"} <= names
    assert run.data.dataset == "SimulatedMI"


def test_the_shipped_recipe_differs_from_the_default_in_size_alone():
    """Members are written out in the configuration, and must not drift from the pipeline's."""
    import yaml

    from bci_dann._resources import configs_folder, pipelines_folder

    config = yaml.safe_load((configs_folder() / "quickstart.yaml").read_text())
    recipe = yaml.safe_load((pipelines_folder() / "bci_dann.yml").read_text())
    ours = config["pipeline_parameters"]["bci_dann"]["members"]
    theirs = recipe["pipeline"][0]["parameters"]["members"]
    size = {"backbone", "max_epochs"}
    for (mine, my_weight), (default, weight) in zip(ours, theirs, strict=True):
        assert my_weight == weight
        assert {k: v for k, v in mine.items() if k not in size} == {
            k: v for k, v in default.items() if k not in size
        }
