"""Sections of a report with methods and tables to copy, configuration, commands and versions."""

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
    """Return texts and tables for a publication.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    dict of str to str
        Contents by file name: ``methods.md``, ``references.bib``, ``results.md`` and
        ``results.tex``.
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
    """Return the section with the description of the methods, references and tables to copy.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section
        The section.
    """
    texts = publishable_texts(run)
    paragraphs = methods_paragraphs(run)
    parts = [
        paragraph_html(
            "This text was generated from the configuration. Check it before you use it."
        ),
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
    """Return the section with everything that is needed to reproduce the results.

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
    versions = manifest.versions
    if versions is None and run.invocations:
        versions = run.invocations[-1].versions
    return settings_section(settings, manifest.pipelines, run.invocations, versions)


def settings_section(
    settings: Mapping[str, object],
    pipelines: Mapping[str, object],
    invocations: Sequence[Invocation],
    versions: Mapping[str, str] | None,
) -> Section:
    """Return the section with commands, versions and settings.

    Parameters
    ----------
    settings : mapping
        The configuration.
    pipelines : mapping
        The definition of each pipeline.
    invocations : sequence of Invocation
        The commands that computed the results.
    versions : mapping of str to str, or None
        Versions of packages; ``None`` if they are not known.

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
        return paragraph_html(
            "The commands that computed these results are not recorded in the folder."
        )
    parts = []
    for invocation in invocations:
        about = f"{invocation.date} (UTC), {_machine(invocation)}, commit {invocation.commit}:"
        parts += [
            paragraph_html(about),
            code_html(invocation.command),
        ]
    return "".join(parts)


def _versions(versions: Mapping[str, str] | None) -> str:
    import pandas as pd

    if not versions:
        return paragraph_html("The versions of the packages are not recorded in the folder.")
    return table_html(pd.DataFrame({"package": list(versions), "version": list(versions.values())}))


def _yaml(content: object) -> str:
    import yaml

    plain = json.loads(json.dumps(content, default=str))
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    return text


def _machine(invocation: Invocation) -> str:
    """Return the machine of a command, with Python, BLAS and GPU if they are known."""
    platform = invocation.platform
    if not platform:
        return invocation.machine
    return (
        f"{invocation.machine}, GPU {platform['gpu']}, Python {platform['python']}, "
        f"BLAS {platform['blas']}"
    )
