"""Progress in a terminal, in a file, and none at all."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace

import pytest

from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.runs.progress import TimeLeft, duration_text, step_by_step, tracked
from bci_dann.evaluation.runs.records import Task


def task(name, subject):
    return Task("Set", "data", PipelineSpec(name, ()), "train", subject, 0)


TASKS = [task("a[C=1]", "1"), task("a[C=1]", "2"), task("b", "1")]
RESULTS = [(TASKS[1], None), (TASKS[0], "Traceback"), (TASKS[2], None)]


@pytest.fixture
def terminal(monkeypatch):
    """Let the standard error stream pass for a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def plain(text):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_results_pass_through_unchanged_and_one_by_one(capsys):
    taken = []

    def source():
        for result in RESULTS:
            taken.append(result)
            yield result

    for index, result in enumerate(tracked(source(), TASKS, 3, show=False)):
        assert result is RESULTS[index]
        assert len(taken) == index + 1
    assert capsys.readouterr() == ("", "")


def test_a_file_gets_a_line_for_each_task(capsys):
    assert list(tracked(iter(RESULTS), TASKS, 5, show=True)) == RESULTS
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "2/5 tasks are finished",
        "3/5 a[C=1], train, subject 2, seed 0, about 0 s left",
        "4/5 a[C=1], train, subject 1, seed 0 failed, about 0 s left",
        "5/5 b, train, subject 1, seed 0",
    ]


def test_a_terminal_gets_a_bar_that_names_the_first_pending_pipeline(capsys, terminal):
    assert list(tracked(iter(RESULTS), TASKS, 5, show=True)) == RESULTS
    text = plain(capsys.readouterr().err)
    assert "2/5" in text
    assert "5/5" in text
    assert "done" in text
    assert "tasks are finished" not in text


def test_a_terminal_shows_nothing_where_nothing_is_asked_for(capsys, terminal):
    assert list(tracked(iter(RESULTS), TASKS, 5, show=False)) == RESULTS
    assert capsys.readouterr().err == ""


def test_nothing_pending_is_all_finished(capsys):
    assert list(tracked(iter([]), [], 4, show=True)) == []
    assert capsys.readouterr().err == "4/4 tasks are finished\n"


def test_steps_are_shown_in_a_terminal(capsys, terminal):
    with step_by_step(3, show=True) as step:
        step("none: covariances", 0)
        step("none: subject 1", 3)
    text = plain(capsys.readouterr().err)
    assert "none: subject 1" in text
    assert "3/3" in text


@pytest.mark.parametrize("show", [True, False])
def test_steps_are_silent_elsewhere(capsys, show):
    with step_by_step(3, show=show) as step:
        step("none: subject 1", 3)
    assert capsys.readouterr() == ("", "")


def test_the_standard_output_stays_free_for_results(capsys, terminal):
    list(tracked(iter(RESULTS), TASKS, 5, show=True))
    with step_by_step(1, show=True) as step:
        step("x", 1)
    assert capsys.readouterr().out == ""


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets."""
    times = SimpleNamespace(now=0.0)
    own = SimpleNamespace(monotonic=lambda: times.now)
    monkeypatch.setattr("bci_dann.evaluation.runs.progress.time", own)
    return times


def network(name, subject, **parameters):
    return Task(
        "Set", "data", PipelineSpec(name, ({"parameters": parameters},)), "train", subject, 0
    )


def test_the_time_left_goes_by_the_epochs_of_networks(clock):
    slow = [network("slow", subject, max_epochs=20, n_members=2, guard=True) for subject in "12"]
    members = [[{"max_epochs": 10, "n_members": 1}, 0.5], [{}, 1.0]]
    quick = [network("quick", subject, members=members) for subject in "12"]
    left = TimeLeft([*slow, *quick])
    assert left.seconds is None
    clock.now = 17.0  # for 5 + 20 * 2 * 2 passes
    left.finished(slow[0])
    assert left.seconds == pytest.approx(17.0 + 2 * 3.0)
    clock.now = 20.0
    left.finished(quick[0])
    assert left.seconds == pytest.approx(20.0)


def test_nothing_is_known_until_as_many_are_done_as_run_at_a_time(clock):
    left = TimeLeft(TASKS, n_jobs=2)
    clock.now = 10.0
    left.finished(TASKS[0])
    assert left.seconds is None
    left.finished(TASKS[1])
    assert left.seconds == pytest.approx(5.0)


def test_a_terminal_tells_the_time_left(capsys, terminal):
    def slowly():
        for result in RESULTS:
            time.sleep(0.25)  # a bar is drawn ten times a second
            yield result

    list(tracked(slowly(), TASKS, 3, show=True))
    assert "about 0 s left" in plain(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (130, "2 min"), (9000, "2.5 h")]
)
def test_durations_have_the_unit_in_which_they_are_read(seconds, text):
    assert duration_text(seconds) == text
