"""Tables to publish: the same figures in Markdown and LaTeX, which compiles."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from bci_dann.reporting.run_report.publication.result_tables import latex_table, markdown_table
from bci_dann.reporting.run_report.run_content import read_run

LATEX = shutil.which("pdflatex")


@pytest.fixture(scope="module")
def group(small_run):
    return read_run(small_run).groups[1]


def test_markdown_has_a_row_for_each_pipeline(group):
    lines = [line for line in markdown_table(group).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == [
        *("Pipeline", "N", "Accuracy (%)", "95 % interval", "Difference", "p (Holm)")
    ]
    rows = {row[0]: row[1:] for row in cells[2:]}
    assert list(rows) == group.best_first
    for name, row in rows.items():
        assert row[0] == "8"
        assert float(row[1]) == pytest.approx(group.accuracies[name].mean(), abs=0.051)
        low, high = map(float, row[2].split(" to "))
        assert low < float(row[1]) < high
    assert rows["csp_lda"][3:] == ["–", "–"]


def test_latex_holds_the_same_numbers(group):
    text = latex_table(group)
    numbers = re.compile(r"\d+\.\d+")
    markdown, latex = markdown_table(group), text.split(r"\midrule")[1]
    assert numbers.findall(latex) == numbers.findall(markdown.split("---")[-1])
    body = [line for line in latex.splitlines() if line.endswith(r"\\")]
    assert {line.count("&") for line in body} == {5}
    assert re.search(r"(?<!\\)[_%]", text.replace("tab:", "")) is None
    assert all(rule in text for rule in (r"\toprule", r"\midrule", r"\bottomrule"))


def test_tables_of_several_datasets_have_different_labels(group):
    tables = [latex_table(replace(group, dataset=name)) for name in ("Set_1", "Other")]
    labels = [re.search(r"\\label\{(.*?)\}", text)[1] for text in tables]
    protocol = group.protocol.replace("_", "-")
    assert labels == [f"tab:Set-1-{protocol}", f"tab:Other-{protocol}"]


@pytest.mark.skipif(LATEX is None, reason="no pdflatex is installed to compile the table with")
def test_latex_compiles(group, tmp_path):
    source = (
        "\\documentclass{article}\\usepackage[utf8]{inputenc}\\usepackage{booktabs}\n"
        f"\\begin{{document}}\n{latex_table(group)}\\end{{document}}\n"
    )
    (tmp_path / "t.tex").write_text(source, encoding="utf-8")
    command = [LATEX, "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "t.pdf").stat().st_size > 1000
