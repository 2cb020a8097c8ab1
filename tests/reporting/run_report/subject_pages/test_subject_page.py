"""Pages of single subjects: who is shown, how they lead to each other, and what they load."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from bci_dann.exceptions import ResultsError
from bci_dann.reporting import write_run_report
from bci_dann.reporting.run_report.run_content import read_run
from bci_dann.reporting.run_report.subject_pages.subject_page import subject_files
from bci_dann.reporting.run_report.subjects_section import subjects_section


@pytest.fixture(scope="module")
def folder(small_run, tmp_path_factory):
    copy = shutil.copytree(small_run, tmp_path_factory.mktemp("subjects") / "run")
    write_run_report(copy, subjects=True)
    return copy


def test_every_subject_has_a_page_that_the_report_leads_to(folder):
    names = {path.name for path in (folder / "subjects").iterdir()}
    assert names == {f"{number}.html" for number in range(1, 9)}
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert all(f'href="subjects/{name}"' in report for name in names)


def test_a_page_has_the_scores_of_its_subject_among_all(folder, read_page):
    page = read_page(folder / "subjects" / "1.html")
    results = pd.read_csv(folder / "results.csv", dtype={"subject": str})
    own = results.query("subject == '1' and protocol == 'train' and pipeline == 'csp_lda'")
    assert f"{100 * own['accuracy'].mean():.1f}" in page.text
    assert "8 of 8" in page.text  # subject 1 loses by all but the first pipeline
    assert "40 of 42 cues are used as trials." in page.text
    title = "Subject 1 under train, N = 40 trials, compared with all 8 subjects"
    assert title in page.figures
    assert page.text.count("How to read this.") == len(page.figures) == 2


def test_pages_load_nothing_and_lead_on(folder, read_page):
    path = folder / "subjects" / "3.html"
    page, source = read_page(path), path.read_text(encoding="utf-8")
    assert all(address.startswith("data:") for address in page.loaded)
    assert "default-src 'none'" in source
    for address in ("../report.html", "2.html", "4.html"):
        assert f'href="{address}"' in source
    assert path.stat().st_size < 1e6


def test_a_subject_without_a_pipeline_has_a_page_without_it(write_run, tmp_path, read_page):
    skipped = [("ea_csp_lda", "2")]
    run = write_run(tmp_path / "run", n_subjects=2, protocols=("train",), skipped=skipped)
    write_run_report(run, subjects=True)
    page = read_page(run / "subjects" / "2.html")
    assert "ea_csp_lda" not in page.text
    assert "ra_ts_logistic" in page.text


def test_names_that_are_no_file_names_and_equal_ones(write_run, tmp_path):
    content = read_run(write_run(tmp_path / "run", n_subjects=3, protocols=("train",)))
    group = content.groups[0]
    renamed = group.accuracies.rename(index={"1": "a/b", "2": "a b"})
    object.__setattr__(group, "accuracies", renamed)
    files = subject_files(content)
    assert files["a/b"] == "subjects/a-b.html"
    assert files["a b"] == "subjects/a-b-2.html"


def test_large_runs_name_the_command_and_others_do_not(write_run, tmp_path):
    for n_subjects, is_named in ((20, False), (21, True)):
        run = write_run(
            tmp_path / str(n_subjects), ("csp_lda",), n_subjects=n_subjects, protocols=("train",)
        )
        assert ("--subjects" in subjects_section(read_run(run)).body) is is_named


def test_regimes_have_pages_of_subjects_in_each_folder_only(tmp_path, monkeypatch):
    monkeypatch.setattr("bci_dann.reporting.run_report.page.is_regimes_folder", lambda _: True)
    with pytest.raises(ResultsError, match="pages of subjects are written for a single regime"):
        write_run_report(tmp_path, subjects=True)


def test_the_command_writes_them(bci_dann, write_run, tmp_path):
    run = write_run(tmp_path / "run", ("csp_lda",), n_subjects=2, protocols=("train",))
    page = tmp_path / "out" / "report.html"
    page.parent.mkdir()
    done = bci_dann("report", run, "-o", page, "--subjects")
    assert done.exit_code == 0, done.output
    assert "Pages of the subjects:" in done.stdout
    assert len(list((page.parent / "subjects").iterdir())) == 2


def test_scores_of_sessions_are_weighted_by_their_trials(write_run, tmp_path, read_page):
    run = write_run(tmp_path / "run", n_subjects=2, protocols=("train",))
    table = pd.read_csv(run / "results.csv", dtype={"subject": str})
    table["roc_auc"] = table["roc_auc"].where(table["subject"] != "2")
    own = (table["subject"] == "1") & (table["pipeline"] == "csp_lda")
    table.loc[own, "n_test"] = [30, 10]
    table.loc[own, "roc_auc"] = [0.9, 0.5]
    table.to_csv(run / "results.csv", index=False)
    write_run_report(run, subjects=True)
    assert "0.800" in read_page(run / "subjects" / "1.html").text
    assert "nan" not in read_page(run / "subjects" / "2.html").text.split()
