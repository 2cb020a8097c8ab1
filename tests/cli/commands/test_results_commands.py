"""The command ``compare``."""

from __future__ import annotations

import json


def test_compare_names_changes_and_scores(bci_dann, config, sources, tmp_path):
    out = tmp_path / "out"
    assert bci_dann("run", config, "--out", out, "--data-dir", sources).exit_code == 0
    done = bci_dann("compare", out, out)
    assert done.exit_code == 0, done.output
    assert "no difference" in done.stdout
    assert "shallow" in done.stdout
    manifest = json.loads((out / "config.json").read_text())
    other = tmp_path / "other"
    other.mkdir()
    manifest["fixed"]["threads"] = 7
    (other / "config.json").write_text(json.dumps(manifest))
    (other / "results.csv").write_text((out / "results.csv").read_text())
    changed = bci_dann("compare", out, other, "--metric", "roc_auc")
    assert changed.exit_code == 0, changed.output
    assert "7 in the second" in changed.stdout


def test_a_folder_without_results_is_refused(bci_dann, tmp_path):
    done = bci_dann("compare", tmp_path, tmp_path)
    assert done.exit_code != 0
    assert "results.csv" in done.output


def test_report_writes_the_page_and_the_texts(bci_dann, config, sources, tmp_path):
    out = tmp_path / "out"
    done = bci_dann("run", config, "--out", out, "--data-dir", sources)
    assert done.exit_code == 0, done.output
    assert f"{out / 'report.html'}" in done.stdout.replace("\n", "")
    first = (out / "report.html").read_text(encoding="utf-8")
    assert "All 6 tasks have their records." in first
    page, paper = tmp_path / "page.html", tmp_path / "paper"
    done = bci_dann("report", out, "-o", page, "--texts", paper)
    assert done.exit_code == 0, done.output
    assert "All 6 tasks have their records." in page.read_text(encoding="utf-8")
    assert "shallow" in (paper / "results.tex").read_text(encoding="utf-8")


def test_report_refuses_what_is_no_run_and_a_folder_that_is_not_there(bci_dann, tmp_path):
    done = bci_dann("report", tmp_path)
    assert done.exit_code == 1
    assert "is no results folder" in done.output
    done = bci_dann("report", tmp_path, "-o", tmp_path / "none" / "page.html")
    assert done.exit_code == 2
    assert "does not exist" in done.output


def test_a_run_whose_tasks_fail_has_a_report_that_says_so(
    bci_dann, config, sources, tmp_path, monkeypatch
):
    def compute(task, *_):
        raise MemoryError(f"no room for {task.pipeline.name}")

    monkeypatch.setattr("bci_dann.evaluation.runs.worker.compute", compute)
    out = tmp_path / "out"
    done = bci_dann("run", config, "--out", out, "--data-dir", sources)
    assert done.exit_code == 1
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "6 of 6 tasks" in page
    assert "no room for shallow" in page


def test_a_report_that_fails_loses_no_results(bci_dann, config, sources, tmp_path, monkeypatch):
    def fails(*_):
        raise OSError("no fonts")

    monkeypatch.setattr("bci_dann.reporting.run_report.page.html_page", fails)
    out = tmp_path / "out"
    done = bci_dann("run", config, "--out", out, "--data-dir", sources)
    assert done.exit_code == 0, done.output
    assert "no fonts" in done.stderr
    assert "report.html" not in done.stdout
    assert (out / "results.csv").is_file()


def test_merge_joins_shards_and_says_what_is_there(bci_dann, config, sources, tmp_path):
    parts = [tmp_path / "1", tmp_path / "2"]
    for number, part in enumerate(parts, start=1):
        done = bci_dann(
            "run", config, "--out", part, "--data-dir", sources, "--shard", f"{number}/2"
        )
        assert done.exit_code == 0, done.output
    done = bci_dann("merge", *parts, "--out", tmp_path / "all")
    assert done.exit_code == 0, done.output
    assert "6 of 6 tasks are in" in done.stdout
    done = bci_dann("merge", parts[0], "--out", tmp_path / "half")
    assert done.exit_code == 0, done.output
    assert "3 of 6 tasks are in" in done.stdout
    assert "3 of 6 tasks are missing" in done.stderr
