"""Relative links, images and document references of README and documentation point to files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("methods/*.md"))]

# Made when the site is built, not stored.
GENERATED = ("auto_gallery/", "api/", "_figures/")

FENCED = re.compile(r"^([ >]*)(`{3,}|~{3,})(?!\{).*?^\1?\2\s*$", flags=re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"(?<!\})(`+)(?!`).+?(?<!`)\1(?!`)")
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HTML = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=\"([^\"]+)\"")
DOC_ROLE = re.compile(r"\{doc\}`(?:[^`<]*<)?([^`>]+)>?`")
IMAGE_DIRECTIVE = re.compile(
    r"^\s*[`:]{3,}\{(?:image|figure|literalinclude|include)\}\s*(\S+)", re.M
)
CARD_LINK = re.compile(r"^\s*:link:\s*(\S+)\s*\n\s*:link-type:\s*doc\s*$", re.M)
TOCTREE = re.compile(r"^(`{3,}|:{3,})\{toctree\}\s*\n(.*?)^\1\s*$", re.M | re.S)
EXTERNAL = re.compile(r"^([a-z][a-z+.-]*:|//|#)")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """The text without blocks of code and inline code."""
    return INLINE_CODE.sub("", FENCED.sub("", page.read_text(encoding="utf-8")))


def is_generated(target: str) -> bool:
    return target.lstrip("/").removeprefix("../").startswith(GENERATED)


def file_targets(page: Path) -> set[str]:
    text = prose(page)
    found = [*LINK.findall(text), *HTML.findall(text), *IMAGE_DIRECTIVE.findall(text)]
    return {target.partition("#")[0] for target in found if not EXTERNAL.match(target)}


def document_targets(page: Path) -> set[str]:
    text = page.read_text(encoding="utf-8")
    entries = [
        entry.rpartition("<")[2].strip(" >")
        for _, content in TOCTREE.findall(text)
        for entry in content.splitlines()
        if entry.strip() and not entry.strip().startswith(":")
    ]
    named = [*DOC_ROLE.findall(FENCED.sub("", text)), *CARD_LINK.findall(text), *entries]
    return {name.strip() for name in named if not EXTERNAL.match(name)}


def document_exists(page: Path, name: str) -> bool:
    base = DOCS / name.lstrip("/") if name.startswith("/") else page.parent / name
    return any(base.with_name(base.name + suffix).is_file() for suffix in (".md", ".rst"))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_and_images_point_to_files(page):
    missing = [
        target
        for target in sorted(file_targets(page))
        if target and not is_generated(target) and not _file(page, target).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_documents_that_are_referred_to_exist(page):
    missing = [
        name
        for name in sorted(document_targets(page))
        if name != "self" and not is_generated(name) and not document_exists(page, name)
    ]
    assert missing == []


def _file(page: Path, target: str) -> Path:
    return DOCS / target.lstrip("/") if target.startswith("/") else page.parent / target
