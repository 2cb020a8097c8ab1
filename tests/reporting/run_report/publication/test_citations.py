"""Every paper that a shipped pipeline names has an entry, which reads as it should."""

from __future__ import annotations

import re

import pytest

from bci_dann._resources import pipelines_folder
from bci_dann.evaluation.config.pipeline_file import pipeline_description
from bci_dann.reporting.run_report.publication.citations import cited_papers, read_papers

CITATION = re.compile(r"\(([A-Z][^()]*? \d{4})\)")


@pytest.mark.parametrize(
    "file", sorted(pipelines_folder().glob("*.yml")), ids=lambda file: file.stem
)
def test_the_papers_of_a_pipeline_are_known(file):
    named = CITATION.findall(pipeline_description(file))
    assert set(named) <= set(read_papers())


def test_entries_have_what_a_reference_needs():
    for paper in read_papers().values():
        assert {"author", "title", "year"} <= set(paper.fields), paper.key
        assert {"journal", "booktitle"} & set(paper.fields), paper.key
        assert paper.entry.count("{") == paper.entry.count("}"), paper.key
        assert not set("{}\\") & set(paper.text), paper.text


def test_words_become_references():
    papers = cited_papers(["By He and Wu 2020, and (Demšar 2006).", "Nobody et al. 2031"])
    assert [paper.key for paper in papers] == ["demsar2006", "he2020"]
    assert papers[0].text.startswith("Demšar, Janez (2006). Statistical comparisons")
    assert "Müller-Gerking" in read_papers()["Ramoser et al. 2000"].text
