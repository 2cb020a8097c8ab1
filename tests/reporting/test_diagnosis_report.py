from __future__ import annotations

import base64
import re

import pandas as pd
import pytest

from bci_dann.exceptions import ResultsError
from bci_dann.reporting import write_diagnosis
from bci_dann.reporting.diagnosis_report import describe_missing_figures

TABLES = {"table.csv", "distances.csv", "session_distances.csv", "shifts.csv"}
FIGURES = {"overlap.png", "map.png", "topographies.png"}


def test_folder_holds_tables_figures_and_a_page(draw_diagnosis, tmp_path):
    diagnosis = draw_diagnosis()
    page = write_diagnosis(diagnosis, tmp_path / "new" / "folder", title="Some <people>")
    assert page == tmp_path / "new" / "folder" / "report.html"
    assert {path.name for path in page.parent.iterdir()} == {"report.html", *TABLES, *FIGURES}
    read = pd.read_csv(page.parent / "table.csv", dtype={"subject": str})
    pd.testing.assert_frame_equal(read, diagnosis.table)
    for name in FIGURES:
        assert (page.parent / name).read_bytes().startswith(b"\x89PNG")


def test_the_page_needs_nothing_else_and_says_it_in_words(draw_diagnosis, tmp_path):
    page = write_diagnosis(draw_diagnosis(), tmp_path).read_text(encoding="utf-8")
    for name in FIGURES:
        assert base64.b64encode((tmp_path / name).read_bytes()).decode() in page
    loaded = re.findall(r"<(?:script|img)[^>]*\ssrc=\"(?!data:)([^\"]*)", page)
    loaded += re.findall(r"<link[^>]*href=\"(?!data:)([^\"]*)", page)
    assert loaded == []
    assert "without alignment: no overlap for 3 of 3 subjects" in page
    assert "subject 01 differs most in" in page
    assert "Reweighting cannot help; align first." in page


def test_pages_of_a_former_diagnosis_go(draw_diagnosis, tmp_path):
    write_diagnosis(draw_diagnosis(n_subjects=11, n_sessions=1, bands=("mu",)), tmp_path)
    assert {path.name for path in tmp_path.glob("topo*")} == {
        "topographies_1.png",
        "topographies_2.png",
    }
    write_diagnosis(draw_diagnosis(montage=False), tmp_path)
    assert not list(tmp_path.glob("topo*"))


def test_what_could_not_be_drawn_is_said(draw_diagnosis, tmp_path):
    assert describe_missing_figures(draw_diagnosis()) == []
    diagnosis = draw_diagnosis(montage=False)
    (note,) = describe_missing_figures(diagnosis)
    assert note.startswith("No topographies: Fz, C3, Cz, C4, Pz have no position")
    assert note in write_diagnosis(diagnosis, tmp_path).read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_to(draw_diagnosis, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="cannot be written"):
        write_diagnosis(draw_diagnosis(), tmp_path / "file")
