"""The page about regimes as its reader sees it: table, figure, links, what is missing."""

from __future__ import annotations

import json
import re
import shutil

import pandas as pd
import pytest

from bci_dann.evaluation.regimes.regime_plan import PlannedRegime
from bci_dann.evaluation.regimes.regimes_folder import write_regimes
from bci_dann.exceptions import ResultsError
from bci_dann.reporting import write_run_report
from bci_dann.reporting.run_report.regimes.comparison_parts import extremes
from bci_dann.reporting.run_report.regimes.regimes_content import read_regimes

BASELINES = ["csp_lda"]


def write_folder(write_run, folder, **skipped):
    """Write two regimes; tasks in ``skipped`` have no record."""
    for name, n_subjects in {"whole": 4, "few subjects": 3}.items():
        lacking = skipped.get(name, ())
        write_run(folder / name, n_subjects=n_subjects, protocols=("train",), skipped=lacking)
    planned = [
        PlannedRegime(name, None, is_held_out=name == "few subjects")
        for name in ("whole", "few subjects")
    ]
    write_regimes(folder, planned, BASELINES)
    return folder


@pytest.fixture(scope="module")
def whole(write_run, tmp_path_factory):
    folder = write_folder(write_run, tmp_path_factory.mktemp("regimes") / "mine")
    write_run_report(folder)
    return folder


def test_the_figure_says_how_to_read_it_and_loads_nothing(whole, read_page):
    page = read_page(whole / "report.html")
    title = "Accuracy minus that of the best baseline under train, N = 2 regimes of 3 to 4 subjects"
    assert [name for name in page.figures if name != "MNE"] == [title]
    for words in ("How to read this.", "Good", "Bad", "What to do"):
        assert words in page.text
    assert all(address.startswith("data:") for address in page.loaded)
    assert "All 21 tasks of 2 regimes have their records." in page.text
    assert page.text.count("bci-dann run my") == 1  # the command of both regimes


def test_the_words_name_the_worst_and_the_mean(whole, read_page):
    table = read_regimes(whole).table
    own = table[table["pipeline"] == "ra_ts_logistic"].set_index("regime")["accuracy_difference"]
    found = extremes(table).loc["ra_ts_logistic"]
    assert found["worst"] == pytest.approx(own.min())
    assert found["worst_regime"] == own.idxmin()
    assert found["mean"] == pytest.approx(own.mean())
    assert found["n_gains"] + found["n_losses"] == 2
    text = read_page(whole / "report.html").text
    assert f"has the highest mean over 2 regimes: {extremes(table)['mean'].max():+.1f}" in text
    assert "few subjects (held out)" in text


def test_links_lead_to_the_folders_from_wherever_the_page_is(whole, tmp_path_factory):
    def links(page):
        return re.findall(r'<a href="([^"#]*/)">', page.read_text(encoding="utf-8"))

    assert links(whole / "report.html") == ["whole/", "few%20subjects/"]
    other = write_run_report(whole, whole.parent / "page.html")
    assert links(other) == ["mine/whole/", "mine/few%20subjects/"]


def test_what_is_missing_and_not_begun_is_told(write_run, read_page, tmp_path):
    folder = write_folder(write_run, tmp_path / "mine", whole=[("ra_ts_logistic", "4")])
    (folder / "whole" / "config.json").write_text(_with_subjects(folder / "whole", 4))
    shutil.rmtree(folder / "few subjects")
    write_run(folder / "other", n_subjects=3, protocols=("train",))
    text = read_page(write_run_report(folder)).text
    assert "whole: 1 of 12 tasks have no record." in text
    assert "Not started: few subjects." in text
    assert "which the last command did not include and which are not shown: other." in text
    assert set(read_regimes(folder).table["pipeline"]) == {"csp_lda", "ea_csp_lda"}


def _with_subjects(run, n_subjects):
    content = json.loads((run / "config.json").read_text())
    return json.dumps({**content, "subjects": [str(n + 1) for n in range(n_subjects)]})


def test_a_folder_without_any_record_or_with_a_table_only_has_a_page(whole, read_page, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(whole, folder)
    read_regimes(folder).table.to_csv(folder / "regimes.csv", index=False)
    (folder / "regimes.json").unlink()  # as earlier versions have left it
    found = read_regimes(folder)
    assert (found.plan.baselines, found.plan.held_out["few subjects"]) == (BASELINES, True)
    pd.testing.assert_frame_equal(found.table, read_regimes(whole).table)
    for name in ("whole", "few subjects"):
        shutil.rmtree(folder / name / "records")
    page = read_page(write_run_report(folder))
    assert "so there are no scores" in page.text
    assert [name for name in page.figures if name != "MNE"] == []


def test_texts_and_a_damaged_list_are_refused(whole, tmp_path):
    with pytest.raises(ResultsError, match="give the folder of a regime"):
        write_run_report(whole, tmp_path / "page.html", tmp_path / "texts")
    (tmp_path / "regimes.json").write_text("{")
    with pytest.raises(ResultsError, match=r"list of regimes .* cannot be read"):
        write_run_report(tmp_path)
