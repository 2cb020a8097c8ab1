"""Durations of earlier runs: what is kept, and what is estimated from it."""

from __future__ import annotations

import pandas as pd
import pytest

from bci_dann.evaluation import PipelineSpec
from bci_dann.evaluation.runs.cost.durations import DURATIONS_FILE, Durations


def spec(name, **parameters):
    step = {"name": "ShallowClassifier", "from": "bci_dann.estimators", "parameters": parameters}
    return PipelineSpec(name, (step,))


def results(**seconds):
    return pd.DataFrame({"pipeline": list(seconds), "fit_seconds": list(seconds.values())})


ONE, OTHER = spec("one"), spec("other", classifier="mdm")


def test_a_duration_is_the_mean_over_tasks_in_proportion_to_the_data():
    table = pd.concat([results(one=2.0), results(one=4.0)])
    durations = Durations({}).with_run(table, [ONE, OTHER], 100)
    assert durations.seconds(ONE, 100) == 3.0
    assert durations.seconds(ONE, 50) == 1.5
    assert durations.seconds(OTHER, 100) is None


def test_a_pipeline_is_known_by_what_it_is_and_not_by_its_name():
    durations = Durations({}).with_run(results(one=2.0), [ONE], 100)
    assert durations.seconds(spec("renamed"), 100) == 2.0
    assert durations.seconds(spec("one", classifier="mdm"), 100) is None


@pytest.mark.parametrize(("n_values", "expected"), [(100, 5.0), (50, 10.0), (49, 2.0)])
def test_a_later_run_counts_unless_it_has_far_less_data(n_values, expected):
    durations = Durations({}).with_run(results(one=2.0), [ONE], 100)
    assert durations.with_run(results(one=5.0), [ONE], n_values).seconds(ONE, 100) == expected


def test_durations_are_kept_in_the_cache_folder(tmp_path):
    cache = tmp_path / "cache"
    assert Durations.load(cache) == Durations({})
    durations = Durations({}).with_run(results(one=2.0, other=3.0), [ONE, OTHER], 100)
    durations.save(cache)
    assert Durations.load(cache) == durations


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[1]",
        '{"a": 1}',
        '{"a": {"seconds": "long"}}',
        "\0",
        '{"a": {"seconds": 1, "n_values": 0}}',
    ],
)
def test_a_damaged_file_counts_as_none(tmp_path, content):
    (tmp_path / DURATIONS_FILE).write_text(content)
    assert Durations.load(tmp_path) == Durations({})


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "cache").write_text("a file")
    Durations({}).with_run(results(one=2.0), [ONE], 100).save(tmp_path / "cache")
    assert (tmp_path / "cache").read_text() == "a file"
