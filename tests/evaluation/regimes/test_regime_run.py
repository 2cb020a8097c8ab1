"""Runs over regimes: ordinary folders, resumed, checked first, and one table."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from bci_dann.evaluation import run_benchmark, run_regimes, summarise
from bci_dann.evaluation.runs import worker
from bci_dann.evaluation.runs.execution import compute
from bci_dann.exceptions import ConfigError, DataError, ResultsError


def run(content, out, **options):
    return run_regimes(content, out, progress=False, **options)


@pytest.fixture
def computed(monkeypatch):
    """The number of trials and channels, subject and pipeline of tasks as they are computed."""
    seen = []

    def noting(job, trials, *more):
        seen.append((*trials.shape[:2], job.subject, job.pipeline.name))
        return compute(job, trials, *more)

    monkeypatch.setattr(worker, "compute", noting)
    return seen


def test_each_regime_has_a_folder_and_all_one_table(content, tmp_path, computed):
    out = tmp_path / "out"
    table = run(content, out)
    assert table["regime"].tolist() == ["whole", "whole", "few_subjects", "few_subjects"]
    assert table["n_subjects"].tolist() == [4, 4, 3, 3]
    stored = pd.read_csv(out / "regimes.csv")
    pd.testing.assert_frame_equal(stored, table)
    assert {n for n, *_ in computed} == {4 * 24, 3 * 12}
    names = ["few_subjects", "regimes.csv", "regimes.json", "whole"]
    assert sorted(path.name for path in out.iterdir()) == names
    for name in ("whole", "few_subjects"):
        results = pd.read_csv(out / name / "results.csv", dtype={"subject": str})
        means = summarise(results, n_classes=2).set_index("pipeline")["accuracy"]
        own = table[table["regime"] == name].set_index("pipeline")["accuracy"]
        pd.testing.assert_series_equal(own.sort_index(), means.sort_index())


def test_regimes_of_a_suite_are_those_of_each_data_set(content, suite, tmp_path):
    table = run(suite, tmp_path / "suite")
    names = ["first.whole", "first.few_subjects", "second.whole", "second.few_subjects"]
    assert table["regime"].drop_duplicates().tolist() == names
    assert table.drop_duplicates("regime")["n_subjects"].tolist() == [4, 3, 3, 3]
    for name, data in suite["datasets"].items():
        alone = run({**content, "data": data}, tmp_path / name)
        own = table[table["regime"].str.startswith(f"{name}.")].reset_index(drop=True)
        own = own.assign(regime=own["regime"].str.removeprefix(f"{name}."))
        pd.testing.assert_frame_equal(own, alone, check_exact=True)


def test_regimes_of_a_list_change_each_data_set_and_keep_the_target(several, tmp_path, computed):
    planned = run(several, tmp_path / "out", dry_run=True)
    table = run(several, tmp_path / "out")
    assert table["n_subjects"].tolist() == [3, 3, 3, 3]
    assert {n for n, *_ in computed} == {(4 + 3) * 24, (3 + 3) * 12}
    assert all(subject.startswith("second:") for *_, subject, _ in computed)
    drawn = planned.groupby("regime")["subject"].agg(set)
    for name in ("whole", "few_subjects"):
        results = pd.read_csv(tmp_path / "out" / name / "results.csv", dtype=str)
        assert set(results["subject"]) == drawn[name]


def test_the_whole_is_an_ordinary_run(content, tmp_path, computed):
    run(content, tmp_path / "regimes", regimes=["whole"])
    ordinary = {k: v for k, v in content.items() if k not in ("regimes", "baselines")}
    computed.clear()
    run_benchmark(ordinary, tmp_path / "regimes" / "whole", progress=False)
    assert computed == []  # its records are those of the ordinary run
    run_benchmark(ordinary, tmp_path / "plain", progress=False)
    folders = [tmp_path / "regimes" / "whole", tmp_path / "plain"]
    assert (folders[0] / "config.json").read_bytes() == (folders[1] / "config.json").read_bytes()
    names = [{path.name for path in (one / "records").iterdir()} for one in folders]
    assert names[0] == names[1]


def test_a_run_is_resumed_and_grows(content, tmp_path, computed):
    out = tmp_path / "out"
    first = run(content, out)
    lost = next((out / "whole" / "records").iterdir())
    lost.unlink()
    computed.clear()
    pd.testing.assert_frame_equal(run(content, out), first)
    assert len(computed) == 1
    computed.clear()
    grown = run({**content, "pipelines": ["mdm"], "baselines": ["mdm"]}, out, regimes=["whole"])
    assert {name for *_, name in computed} == {"mdm"}
    assert set(grown["pipeline"]) == {"csp_lda", "ea_csp_lda", "mdm"}  # all that the folder holds
    assert set(grown["best_baseline"]) == {"mdm"}


def test_held_out_regimes_are_run_when_asked_for(content, tmp_path, computed):
    table = run(content, tmp_path / "out", regimes=["last_look"], held_out=True)
    assert table["held_out"].tolist() == [True, True]
    assert {n_chans for _, n_chans, *_ in computed} == {3}
    manifest = json.loads((tmp_path / "out" / "last_look" / "config.json").read_text())
    assert manifest["fixed"]["data"]["regime"] == {"channels": ["C3", "C4", "Cz"]}


def test_another_definition_of_a_regime_is_refused_before_anything_runs(
    content, tmp_path, computed
):
    out = tmp_path / "out"
    run(content, out)
    content["regimes"]["few_subjects"]["n_subjects"] = 2
    computed.clear()
    with pytest.raises(ResultsError, match=r"data\.regime\.n_subjects: 3 in the folder, 2 now"):
        run(content, out)
    assert computed == []


def test_a_regime_that_does_not_fit_is_refused_before_anything_is_trained(
    content, tmp_path, computed
):
    content["regimes"]["too_many"] = {"n_trials": 25}
    with pytest.raises(ConfigError, match="regime 'too_many': n_trials is 25, but subject 1 has"):
        run(content, tmp_path / "out")
    assert computed == []


def test_a_regime_whose_trials_cannot_be_divided_is_named_before_anything_is_trained(
    content, tmp_path, computed
):
    content["protocols"] = ["first_10_labeled"]
    content["regimes"]["few_trials"] = {"n_trials": 6}
    with pytest.raises(DataError, match="regime 'few_trials': protocol first_10_labeled: subject"):
        run(content, tmp_path / "out")
    assert computed == []
    assert not (tmp_path / "out").exists()


def test_where_the_data_of_a_regime_change_later_the_other_regimes_are_computed(
    content, tmp_path, monkeypatch
):
    checked = []

    def failing(trials, targets, protocols):
        checked.append(len(trials))
        if len(checked) == 3:  # the first regime, in its run
            raise DataError("the trials have changed")

    monkeypatch.setattr("bci_dann.evaluation.regimes.regime_run.check_folds", failing)
    monkeypatch.setattr("bci_dann.evaluation.runs.runner.check_folds", failing)
    with pytest.raises(ResultsError, match=r"(?s)1 of 2 regimes.*whole: the trials have changed"):
        run(content, tmp_path / "out")
    assert set(pd.read_csv(tmp_path / "out" / "regimes.csv")["regime"]) == {"few_subjects"}


def test_where_tasks_fail_the_other_regimes_are_computed(content, tmp_path, monkeypatch):
    def failing(job, trials, *more):
        if len(trials) == 4 * 24 and job.pipeline.name == "csp_lda" and job.subject == "2":
            raise RuntimeError("out of luck")
        return compute(job, trials, *more)

    monkeypatch.setattr(worker, "compute", failing)
    out = tmp_path / "out"
    with pytest.raises(ResultsError, match="tasks failed in 1 of 2 regimes") as caught:
        run(content, out)
    assert "whole: 1 of 8 tasks failed" in str(caught.value)
    assert "out of luck" in str(caught.value)
    table = pd.read_csv(out / "regimes.csv")
    complete = table.groupby("regime")["pipeline"].agg(set).to_dict()
    assert complete == {"whole": {"ea_csp_lda"}, "few_subjects": {"csp_lda", "ea_csp_lda"}}


def test_after_an_interruption_the_table_has_what_is_finished(content, tmp_path, monkeypatch):
    def interrupted(job, trials, *more):
        if len(trials) == 3 * 12:
            raise KeyboardInterrupt
        return compute(job, trials, *more)

    monkeypatch.setattr(worker, "compute", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(content, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "regimes.csv")
    assert set(table["regime"]) == {"whole"}


def test_results_do_not_depend_on_the_number_of_processes(content, tmp_path):
    one, two = (run(content, tmp_path / str(n), n_jobs=n) for n in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_a_dry_run_lists_the_tasks_of_each_regime_and_writes_nothing(content, tmp_path):
    content["worlds"] = {"count": 2}
    tasks = run(content, tmp_path / "out", dry_run=True, held_out=True)
    counts = tasks.groupby("regime", sort=False).size().to_dict()
    assert list(counts) == ["whole", "few_subjects", "last_look", "world_000", "world_001"]
    assert [counts[name] for name in ("whole", "few_subjects", "last_look")] == [8, 6, 8]
    assert not (tmp_path / "out").exists()
    drawn = set(tasks.loc[tasks["regime"] == "few_subjects", "subject"])
    few = run(content, tmp_path / "out", regimes=["few_subjects"])
    results = pd.read_csv(tmp_path / "out" / "few_subjects" / "results.csv", dtype=str)
    assert set(results["subject"]) == drawn
    assert set(few["n_subjects"]) == {3}


def test_a_dry_run_finds_too_few_subjects(content, tmp_path):
    content["regimes"]["many"] = {"n_subjects": 9}
    with pytest.raises(ConfigError, match="regime 'many': n_subjects is 9"):
        run(content, tmp_path / "out", dry_run=True)


def test_progress_says_which_regime(content, tmp_path, capsys):
    run_regimes(content, tmp_path / "out", progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert "Regime 1 of 2: whole" in lines
    assert "Regime 2 of 2: few_subjects" in lines


def test_a_single_run_may_have_a_regime(content, tmp_path):
    ordinary = {k: v for k, v in content.items() if k not in ("regimes", "baselines")}
    ordinary["data"] = {**content["data"], "regime": content["regimes"]["few_subjects"]}
    results = run_benchmark(ordinary, tmp_path / "single", progress=False)
    table = run(content, tmp_path / "out", regimes=["few_subjects"])
    means = summarise(results).set_index("pipeline")["accuracy"]
    assert table.set_index("pipeline")["accuracy"].to_dict() == pytest.approx(means.to_dict())
