"""Losses for TensorBoard: what a reader of the logs finds, and that results stay the same."""

from __future__ import annotations

import importlib.util
import threading

import numpy as np
import pytest

from bci_dann import NetworkClassifier
from bci_dann.evaluation import RunOptions, resolve_run, run_benchmark
from bci_dann.exceptions import ConfigError, InstallationError
from bci_dann.training import tensorboard_log
from bci_dann.training.loss_log import check_tensorboard

X = np.random.default_rng(0).normal(size=(40, 4))
Y = X[:, 0] > 0


def scalars(folder):
    """Return values by tag of the one event file in a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return {tag: [one.value for one in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_the_logged_losses_are_those_of_the_history(tmp_path):
    with tensorboard_log(tmp_path, "one/two"):
        model = NetworkClassifier("MLP", max_epochs=4, random_state=0).fit(X, Y)
    (folder,) = (tmp_path / "one_two").iterdir()
    logged = scalars(folder)
    expected = [epoch["classification"] for epoch in model.history_]
    np.testing.assert_allclose(logged["loss/classification"], expected, rtol=1e-6)
    assert set(logged) == {f"loss/{name}" for name in model.history_[0]}


def test_every_member_has_a_folder_and_nothing_is_logged_outside_of_the_block(tmp_path):
    n_threads = threading.active_count()
    with tensorboard_log(tmp_path):
        NetworkClassifier("MLP", max_epochs=2, n_members=2, random_state=0).fit(X, Y)
        NetworkClassifier("MLP", max_epochs=2, random_state=0).fit(X, Y)
        NetworkClassifier("MLP", max_epochs=2, random_state=1).fit(X, Y)
    NetworkClassifier("MLP", max_epochs=2, random_state=0).fit(X, Y)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 4
    assert "the_network_2" in names  # the second of the same name
    assert threading.active_count() == n_threads  # writers are closed


def test_networks_do_not_depend_on_the_log(tmp_path):
    plain = NetworkClassifier("MLP", max_epochs=3, random_state=0).fit(X, Y)
    with tensorboard_log(tmp_path):
        logged = NetworkClassifier("MLP", max_epochs=3, random_state=0).fit(X, Y)
    assert plain.predict_proba(X).tobytes() == logged.predict_proba(X).tobytes()


CONFIG = {
    "name": "logged",
    "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 2, "n_trials": 6}},
    "preprocessing": {"window": [0.5, 2.5], "resample": 64},
    "pipelines": ["source_only", "csp_lda"],
    "protocols": ["train"],
    "pipeline_parameters": {"source_only": {"max_epochs": 2}},
}


@pytest.mark.parametrize("stack", [None, 2])
def test_a_run_logs_each_task_that_trains_a_network(tmp_path, stack):
    log = tmp_path / "log"
    run_benchmark(CONFIG, tmp_path / "run", progress=False, stack=stack, tensorboard=log)
    files = list(log.rglob("events.out.*"))
    assert len(files) == 2
    assert {path.relative_to(log).parts[:2] for path in files} == {("source_only", "train")}
    assert len(scalars(files[0].parent)["loss/classification"]) == 2
    again = tmp_path / "again"
    run_benchmark(CONFIG, tmp_path / "run", progress=False, stack=stack, tensorboard=again)
    assert not again.exists()  # every task has its record


@pytest.fixture
def _without_tensorboard(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "tensorboard" else found(name, *more),
    )


@pytest.mark.usefixtures("_without_tensorboard")
def test_without_tensorboard_it_is_said_before_anything_is_trained(tmp_path):
    options = RunOptions(out=tmp_path / "run", tensorboard=tmp_path / "log")
    with pytest.raises(InstallationError, match=r"pip install bci_dann\[tensorboard\]"):
        resolve_run(CONFIG, options)
    with pytest.raises(InstallationError), tensorboard_log(tmp_path):
        pytest.fail("the block must not begin")


def test_a_file_is_no_folder_for_logs(tmp_path):
    (tmp_path / "log").write_text("")
    with pytest.raises(ConfigError, match="Give a folder for the logs"):
        check_tensorboard(tmp_path / "log")
