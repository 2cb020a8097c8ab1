"""Figures of accuracy in pages, drawn from the tables in ``docs/results`` at build time.

Provides the directive ``results-table`` and the role ``result``. A page never holds a figure that
was typed by hand; ``tests/docs/test_results.py`` looks for these. The README is read without a
build: ``python docs/_ext/results.py`` writes its tables between their marks,
``<!-- results: NAME | QUERY | COLUMNS -->`` and ``<!-- end of results -->``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective, SphinxRole

from bci_dann.exceptions import ResultsError
from bci_dann.reporting import PublishedTable, read_published

if TYPE_CHECKING:
    import pandas as pd
    from sphinx.application import Sphinx

RESULTS = Path(__file__).parents[1] / "results"
EXPERIMENTS = "configs/experiments"
DEFAULT_COLUMNS = ("pipeline", "n_seeds", "accuracy", "roc_auc")
HEADINGS = {
    "accuracy": "accuracy %, ± over subjects",
    "std_seeds": "± over seeds",
    "n_seeds": "seeds",
    "n_subjects": "subjects",
    "roc_auc": "ROC AUC",
    "gain": "gain, points",
    "p_value": "p",
    "chance": "chance %",
    "ess": "ESS",
    "domain_auc": "domain AUC",
    "n_regimes": "regimes",
    "best_baseline": "best simple method",
    "baseline_accuracy": "its accuracy %",
    "baseline_roc_auc": "best ROC AUC of one",
    "accuracy_difference": "accuracy, points above",
    "roc_auc_difference": "ROC AUC above",
    "n_missing": "missing",
    "n_sets": "sets",
    "worst_difference": "worst set",
    "mcc": "Matthews' correlation",
    "detection_auc": "AUC of task against rest",
    "idle_decisions": "share of rest decided as task",
    "hit_rate": "share of tasks hit",
    "seconds_to_hit": "s to the first hit",
}
FORMATS = {
    **dict.fromkeys(("accuracy", "std_subjects", "std_seeds", "chance"), ".1f"),
    **dict.fromkeys(("gain", "accuracy_difference", "worst_difference"), "+.1f"),
    "baseline_accuracy": ".1f",
    "baseline_roc_auc": ".3f",
    "roc_auc_difference": "+.3f",
    **dict.fromkeys(("roc_auc", "domain_auc"), ".3f"),
    **dict.fromkeys(("windows", "lost", "doubled", "other reason"), ".0f"),
    "p_value": ".4f",
    **dict.fromkeys(("mcc", "detection_auc"), ".3f"),
    **dict.fromkeys(("idle_decisions", "hit_rate", "seconds_to_hit"), ".2f"),
    **dict.fromkeys(("ess", "n_regimes", "n_subjects", "n_missing", "n_sets"), ".0f"),
}
MISSING = "–"
NO_BREAK = "\N{NO-BREAK SPACE}"
MARKED = re.compile(r"(<!-- results: (.+?) -->\n).*?(<!-- end of results -->)", re.DOTALL)


def table(name: str) -> PublishedTable:
    """Read a table of ``docs/results``; a missing one is empty and says so."""
    return read_published(RESULTS / f"{name}.csv")


def is_open(name: str) -> bool:
    """Whether an experiment has no table yet at the present defaults."""
    experiment = RESULTS.parents[1] / EXPERIMENTS / f"{name}.yaml"
    return experiment.is_file() and not (RESULTS / f"{name}.csv").exists()


def names_shipped_pipelines(query: str) -> bool:
    """Whether every name in quotes of a query is that of a pipeline file."""
    named = re.findall(r"[\"']([^\"']+)[\"']", query)
    folder = RESULTS.parents[1] / "pipelines"
    return bool(named) and all((folder / f"{n.partition('[')[0]}.yml").exists() for n in named)


def selected(rows: pd.DataFrame, query: str | None) -> pd.DataFrame:
    """Return the rows that a pandas query picks, all without one."""
    return rows.query(query) if query else rows


def cell(row: Any, column: str) -> str:
    """Return one figure as pages show it; accuracy comes with its spread over subjects."""
    text = plain(row, column)
    if column == "accuracy" and text != MISSING and "std_subjects" in row:
        return f"{text}{NO_BREAK}±{NO_BREAK}{plain(row, 'std_subjects')}"
    return text


def plain(row: Any, column: str) -> str:
    """Return one figure alone."""
    value = row[column]
    if isinstance(value, str):
        return value
    if value != value:  # NaN
        return MISSING
    if column in FORMATS:
        return format(value, FORMATS[column])
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def parsed_columns(text: str) -> list[str]:
    """Read a list of columns, separated by commas."""
    return [part.strip() for part in text.split(",")]


def markdown(rows: pd.DataFrame, columns: list[str]) -> str:
    """Return rows as a table in Markdown."""
    head = [HEADINGS.get(name, name.replace("_", " ")) for name in columns]
    lines = [head, ["---"] * len(columns)]
    for _, row in rows.iterrows():
        cells = [cell(row, name) for name in columns]
        lines.append(
            [f"`{c}`" if n == "pipeline" else c for c, n in zip(cells, columns, strict=True)]
        )
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def with_results(text: str) -> str:
    """Return a page in Markdown with its marked tables written anew."""

    def table_of(match: re.Match[str]) -> str:
        name, query, columns = (part.strip() for part in match[2].split("|"))
        rows = selected(table(name).rows, query)
        if rows["accuracy"].notna().all():  # the worst and the mean over regimes have none
            rows = rows.sort_values("accuracy", ascending=False)
        return match[1] + markdown(rows, parsed_columns(columns)) + match[3]

    return MARKED.sub(table_of, text)


class ResultsTable(SphinxDirective):
    """A table of ``docs/results``, or some rows and columns of it."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {
        "rows": directives.unchanged,
        "columns": parsed_columns,
        "caption": directives.unchanged,
        "sort": parsed_columns,
    }

    def run(self) -> list[nodes.Node]:
        """Return the table, and below it the commands that computed it."""
        name = self.arguments[0]
        self.env.note_dependency(str(RESULTS / f"{name}.csv"))
        if is_open(name):
            text = f"This table is not computed yet: bci-dann run {EXPERIMENTS}/{name}.yaml"
            return [nodes.note("", nodes.paragraph("", text))]
        try:
            published = table(name)
            rows = selected(published.rows, self.options.get("rows"))
        except (ResultsError, ValueError) as error:
            raise self.error(f"results-table {name}: {error}") from error
        if rows.empty:
            query = self.options.get("rows", "")
            if not names_shipped_pipelines(query):
                raise self.error(f"results-table {name}: no row fits {query!r}")
            return [nodes.note("", nodes.paragraph("", "These rows are not computed yet."))]
        if "sort" in self.options:
            rows = rows.sort_values(self.options["sort"], ascending=False)
        columns = self.options.get("columns") or _default_columns(rows)
        return [self._table(rows, columns), *self._provenance(published)]

    def _table(self, rows: pd.DataFrame, columns: list[str]) -> nodes.Node:
        group = nodes.tgroup(cols=len(columns))
        group += [nodes.colspec(colwidth=1) for _ in columns]
        head, body = nodes.thead(), nodes.tbody()
        head += _row([nodes.Text(HEADINGS.get(name, name.replace("_", " "))) for name in columns])
        for _, row in rows.iterrows():
            body += _row([_content(row, name) for name in columns])
        group += [head, body]
        whole = nodes.table(classes=["results"])
        if caption := self.options.get("caption"):
            whole += nodes.title(caption, "", *self.parse_inline(caption)[0])
        whole += group
        return nodes.container("", whole, classes=["scroll"])

    def _provenance(self, published: PublishedTable) -> list[nodes.Node]:
        """Return a closed box with note, commands, commits, dates and machines."""
        text = "\n".join(
            f"{one.command}\n    {one.date}, commit {one.commit[:10]}, {one.machine}"
            for one in published.invocations
        )
        block = nodes.literal_block(text, text, language="text", classes=["provenance"])
        paragraph = nodes.paragraph("", published.note)
        summary = nodes.raw(
            "", '<details class="provenance"><summary>computed by</summary>', format="html"
        )
        return [summary, paragraph, block, nodes.raw("", "</details>", format="html")]


class Result(SphinxRole):
    """One figure: ``NAME | QUERY | COLUMN``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the figure as text."""
        try:
            name, query, column = (part.strip() for part in self.text.split("|"))
            self.env.note_dependency(str(RESULTS / f"{name}.csv"))
            rows = selected(table(name).rows, query)
            if len(rows) != 1:
                raise ValueError(f"{len(rows)} rows fit {query!r}; it must be one")
            return [nodes.Text(plain(rows.iloc[0], column))], []
        except (ResultsError, ValueError, KeyError) as error:
            message = self.inliner.reporter.error(f"result {self.text}: {error}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]


def _default_columns(rows: pd.DataFrame) -> list[str]:
    is_summary = set(DEFAULT_COLUMNS) <= set(rows.columns)
    return list(DEFAULT_COLUMNS if is_summary else rows.columns)


def _row(cells: list[nodes.Node]) -> nodes.row:
    row = nodes.row()
    row += [nodes.entry("", nodes.paragraph("", "", content)) for content in cells]
    return row


def _content(row: Any, column: str) -> nodes.Node:
    text = cell(row, column)
    return nodes.literal(text, text) if column in {"pipeline", "protocol"} else nodes.Text(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the role."""
    app.add_directive("results-table", ResultsTable)
    app.add_role("result", Result())
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    readme = RESULTS.parents[1] / "README.md"
    readme.write_text(with_results(readme.read_text(encoding="utf-8")), encoding="utf-8")
