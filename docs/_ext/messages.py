"""Sphinx directive ``all-messages``: every error and warning of the package, by its words.

The list is read from the source at each build, so that it cannot differ from it.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).parent))

from package_messages import (
    GAP,
    PROBLEM,
    Message,
    collect_messages,
    exception_classes,
)

__all__ = ["AllMessages", "setup"]

PACKAGE = Path(__file__).resolve().parents[2] / "bci_dann"
DOCTOR = "What `bci-dann doctor` finds broken, each with its remedy."
# Shows the messages that have all words of the query, or most of whose words the query has, so that
# a whole message with its names and numbers can be pasted.
FILTER = """
<input type="search" class="form-control" id="message-filter" autocomplete="off"
 aria-label="Filter the messages" placeholder="Paste a message, or type some of its words">
<p id="message-count" aria-live="polite"></p>
<script>
(() => {
  const words = (text) => text.toLowerCase().match(/[a-z_]{3,}/g) || [];
  const start = () => {
    const terms = [...document.querySelectorAll("dl.messages > dt")];
    const lists = [...document.querySelectorAll("dl.messages")];
    const known = terms.map((term) => words(term.textContent));
    const count = document.getElementById("message-count");
    document.getElementById("message-filter").addEventListener("input", (event) => {
      const query = words(event.target.value);
      let shown = 0;
      terms.forEach((term, i) => {
        const all = query.every((word) => known[i].some((other) => other.startsWith(word)));
        const most = known[i].filter((word) => query.includes(word)).length;
        const fits = !query.length || all || (query.length > 3 && most >= 0.7 * known[i].length);
        term.hidden = term.nextElementSibling.hidden = !fits;
        shown += fits;
      });
      lists.forEach((list) => {
        const empty = ![...list.children].some((child) => !child.hidden);
        list.hidden = list.previousElementSibling.hidden = empty;
      });
      document.querySelectorAll('section[id^="messages-"]').forEach((section) => {
        section.hidden = !section.querySelector("dl.messages:not([hidden])");
      });
      count.textContent = query.length ? `${shown} of ${terms.length} messages` : "";
    });
  };
  document.addEventListener("DOMContentLoaded", start);
})();
</script>
"""


class Verbatim(nodes.inline, addnodes.not_smartquotable):
    """Text whose quotes and dashes stay as they are, so that it can be searched for."""


class AllMessages(SphinxDirective):
    """Definition lists of all messages, one section a class and one list a folder."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """Return a filter and the sections."""
        for path in PACKAGE.rglob("*.py"):
            self.env.note_dependency(str(path))
        messages = collect_messages(PACKAGE)
        descriptions = {**exception_classes(PACKAGE), PROBLEM: DOCTOR}
        groups = {
            kind: list(group) for kind, group in itertools.groupby(messages, lambda m: m.kind)
        }
        field = nodes.raw("", FILTER, format="html")
        ordered = [kind for kind in descriptions if kind in groups]
        return [field, *(_section(kind, descriptions[kind], groups[kind]) for kind in ordered)]


def _section(kind: str, description: str, messages: list[Message]) -> nodes.section:
    title = "doctor" if kind == PROBLEM else kind
    section = nodes.section(ids=[f"messages-{title.lower()}"], names=[f"messages {title.lower()}"])
    section += nodes.title("", "", nodes.literal("", title))
    section += nodes.paragraph("", "", *_with_literals(description))
    for folder, group in itertools.groupby(messages, lambda message: message.folder):
        section += nodes.rubric("", "", nodes.literal("", folder))
        section += _definitions(list(group))
    return section


def _definitions(messages: list[Message]) -> nodes.definition_list:
    places: dict[str, list[str]] = {}
    for message in messages:
        of_text = places.setdefault(message.text, [])
        if message.module not in of_text:
            of_text.append(message.module)
    listed = nodes.definition_list(classes=["messages"])
    for text, modules in places.items():
        term = nodes.term("", "", *_with_gaps(text))
        where = nodes.paragraph("", "in ")
        for index, module in enumerate(modules):
            where += [nodes.Text(", ")] if index else []
            where += nodes.literal("", module)
        listed += nodes.definition_list_item("", term, nodes.definition("", where))
    return listed


def _with_gaps(text: str) -> list[nodes.Node]:
    """Return a text with its gaps set apart from its words."""
    parts: list[nodes.Node] = []
    for index, words in enumerate(text.split(GAP)):
        parts += [nodes.emphasis("", GAP)] if index else []
        parts += [Verbatim("", words)] if words else []
    return parts


def _with_literals(text: str) -> list[nodes.Node]:
    parts = text.replace("``", "`").split("`")
    return [nodes.literal("", p) if i % 2 else nodes.Text(p) for i, p in enumerate(parts)]


def setup(app: Any) -> dict[str, Any]:
    """Register the directive, as Sphinx asks of an extension.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        The application.

    Returns
    -------
    dict
        What Sphinx may do with the extension.
    """
    app.add_directive("all-messages", AllMessages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
