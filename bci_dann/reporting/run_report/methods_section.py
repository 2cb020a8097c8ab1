"""Last sections of a report: tables and methods to copy, configuration, versions, commands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bci_dann.reporting.run_report.html_parts import (
    Section,
    code_html,
    details_html,
    heading_html,
    list_html,
    paragraph_html,
    table_html,
)
from bci_dann.reporting.run_report.publication.citations import cited_papers
from bci_dann.reporting.run_report.publication.methods_text import methods_paragraphs
from bci_dann.reporting.run_report.publication.result_tables import latex_table, markdown_table

if TYPE_CHECKING:
    from bci_dann.evaluation.runs.invocations import Invocation
    from bci_dann.reporting.run_report.run_content import RunContent

__all__ = ["configuration_section", "methods_section", "publishable_texts", "settings_section"]


def publishable_texts(run: RunContent) -> dict[str, str]:
    """Return the texts that a publication can take over.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    dict of str to str
        By the name of the file that each would be: ``methods.md``, ``references.bib``,
        ``results.md`` and ``results.tex``.
    """
    paragraphs = methods_paragraphs(run)
    papers = cited_papers(paragraphs)
    listed = "\n".join(f"- {paper.text}" for paper in papers)
    methods = "\n\n".join(["## Methods", *paragraphs, "## References", listed]) + "\n"
    return {
        "methods.md": methods,
        "references.bib": "\n".join(paper.entry for paper in papers) + "\n",
        "results.md": "\n".join(markdown_table(group) for group in run.groups),
        "results.tex": "\n".join(latex_table(group) for group in run.groups),
    }


def methods_section(run: RunContent) -> Section:
    """Return the section with the methods in words, references and tables to copy.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section
        One click on a block selects all of it.
    """
    texts = publishable_texts(run)
    paragraphs = methods_paragraphs(run)
    parts = [
        paragraph_html("Written from the configuration; check it against what you did."),
        *map(paragraph_html, paragraphs),
        heading_html("References", 3),
        list_html(paper.text for paper in cited_papers(paragraphs)),
        paragraph_html(
            "Blocks to copy: one click selects a block. `bci-dann report RUN --texts FOLDER` "
            "writes them as files."
        ),
        details_html("Methods and references in Markdown", code_html(texts["methods.md"])),
        details_html("References in BibTeX", code_html(texts["references.bib"])),
    ]
    if run.groups:
        parts += [
            details_html("Results in Markdown", code_html(texts["results.md"])),
            details_html(r"Results in LaTeX (needs booktabs)", code_html(texts["results.tex"])),
        ]
    return Section("Methods to cite", "".join(parts))


def configuration_section(run: RunContent) -> Section:
    """Return the section that says how the results can be computed again.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section
        Configuration, commands, machine and versions.
    """
    manifest = run.stored.manifest
    settings = {**manifest.fixed, "protocols": manifest.protocols, "seeds": manifest.seeds}
    known = manifest.versions
    if known is None and run.invocations:
        known = run.invocations[-1].versions
    return settings_section(settings, manifest.pipelines, run.invocations, known)


def settings_section(
    settings: Mapping[str, object],
    pipelines: Mapping[str, object],
    invocations: Sequence[Invocation],
    versions: Mapping[str, str] | None,
) -> Section:
    """Return the section about commands, versions and settings.

    Parameters
    ----------
    settings : mapping
        The configuration.
    pipelines : mapping
        The definition of each pipeline.
    invocations : sequence of Invocation
        The commands that filled the folder.
    versions : mapping of str to str, or None
        Of the packages; ``None`` where they are not known.

    Returns
    -------
    Section
        Configuration, commands, machine and versions.
    """
    parts = [
        heading_html("Commands", 3),
        _commands(invocations),
        heading_html("Versions", 3),
        _versions(versions),
    ]
    parts += [heading_html("Configuration", 3), code_html(_yaml(settings))]
    parts.append(details_html("Pipelines in full", code_html(_yaml(pipelines))))
    return Section("Configuration", "".join(parts))


def _commands(invocations: Sequence[Invocation]) -> str:
    if not invocations:
        return paragraph_html("The folder does not say which commands filled it.")
    parts = []
    for one in invocations:
        parts += [
            paragraph_html(f"{one.date} (UTC), {_machine(one)}, commit {one.commit}:"),
            code_html(one.command),
        ]
    return "".join(parts)


def _versions(known: Mapping[str, str] | None) -> str:
    import pandas as pd

    if not known:
        return paragraph_html("The folder does not say which versions computed it.")
    return table_html(pd.DataFrame({"package": list(known), "version": list(known.values())}))


def _yaml(content: object) -> str:
    import yaml

    plain = json.loads(json.dumps(content, default=str))
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    return text


def _machine(invocation: Invocation) -> str:
    """Say which machine a command ran on, with Python, BLAS and GPU where they are known."""
    found = invocation.platform
    if not found:
        return invocation.machine
    return (
        f"{invocation.machine}, GPU {found['gpu']}, Python {found['python']}, BLAS {found['blas']}"
    )
