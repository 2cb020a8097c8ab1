"""Every code block of the README and the documentation runs as it stands, page by page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from code_blocks import PageError, problems, read_blocks, run_page, wants_recordings

import bci_dann

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("docs/methods/*.md")),
]
PACKAGE = Path(bci_dann.__file__).parents[1]  # of the source tree, or installed


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_run_or_says_why_not(page):
    found = [problem for block in read_blocks(page) for problem in problems(block)]
    assert found == []


@pytest.mark.parametrize("page", [page for page in PAGES if read_blocks(page)], ids=name_of)
def test_the_blocks_of_a_page_run_from_top_to_bottom(page, tmp_path, request, python_server):
    if any(True for block in read_blocks(page) for _ in problems(block)):
        pytest.fail("the page has blocks that may not be run; see the test above")
    if wants_recordings(page.read_text(encoding="utf-8")):
        made = request.getfixturevalue("simulated_recordings")
        shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    run_page(page, tmp_path, PACKAGE, python_server)


def test_the_first_command_is_the_same_everywhere():
    command = 'python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e ".[dev]"'
    for page in (ROOT / "README.md", ROOT / "docs" / "start.md"):
        (first, *_) = [block.code for block in read_blocks(page) if block.language == "bash"]
        assert first.splitlines()[0] == f"{command} && .venv/bin/bci-dann quickstart --jobs 2"


PAGE = """\
# A page

```python
# parts/mine.py
VALUE = 3
```

1. A list:

   ```python
   from parts.mine import VALUE
   other = VALUE + 1
   ```

````{note}
```bash
test -f parts/mine.py
echo "written" > note.txt
```
````

```{code-block} python
:caption: With an option

assert other == 4
assert open("note.txt").read() == "written\\n"
```

<!-- not executed: it needs a cluster -->
```bash
exit 1
```

```yaml
key: [a, fragment]
```

```text
what it prints
```
"""


def write_page(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    return page


@pytest.fixture
def empty(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_blocks_are_written_executed_skipped_and_shown(tmp_path, empty, python_server):
    page = write_page(tmp_path, PAGE)
    blocks = read_blocks(page)
    kinds = ["file", "python", "bash", "python", "skipped", "fragment", "shown"]
    assert [block.kind for block in blocks] == kinds
    assert [problem for block in blocks for problem in problems(block)] == []
    run_page(page, empty, PACKAGE, python_server)
    assert (empty / "note.txt").read_text() == "written\n"


@pytest.mark.parametrize(
    ("language", "code", "message"),
    [
        ("python", "x = 1\nraise ValueError('no')", r"page.md:2: Traceback(?s:.*)line 3(?s:.*)no"),
        ("bash", "false\ntrue", "page.md:2: bash ended with 1"),
        ("bash", "false | true", "page.md:2: bash ended with 1"),
        ("bash", "bci-dann run no_such_file.yaml", "there is no configuration file no_such_file"),
    ],
)
def test_a_block_that_fails_fails_its_page(tmp_path, empty, python_server, language, code, message):
    page = write_page(tmp_path, f"```{language}\n{code}\n```\n")
    with pytest.raises(PageError, match=message):
        run_page(page, empty, PACKAGE, python_server)


def test_a_page_that_takes_too_long_is_ended(tmp_path, empty, python_server):
    page = write_page(tmp_path, "```bash\necho begun\nsleep 60\n```\n")
    with pytest.raises(PageError, match=r"begun\s+not finished after 3 s"):
        run_page(page, empty, PACKAGE, python_server, timeout_s=3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```console\n$ ls\n```\n", "page.md:2: language 'console'; use one of python, bash"),
        ("```\nplain\n```\n", "language ''"),
        ("<!-- not executed: -->\n```bash\nls\n```\n", "page.md:3: .*needs its reason"),
        ("```bash\npip install x\n```\n", "'pip install' is not for a test"),
        ("```yaml\na: [1\n```\n", "no valid YAML"),
        ("```python\nx =\n```\n", "no valid Python"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(tmp_path, text, message):
    (block,) = read_blocks(write_page(tmp_path, text))
    (problem,) = problems(block)
    assert re.search(message, problem)


def test_a_comment_reaches_the_next_block_only(tmp_path):
    text = "<!-- not executed: why -->\nSome words.\n\n```bash\ntrue\n```\n"
    (block,) = read_blocks(write_page(tmp_path, text))
    assert block.kind == "bash"


def test_a_block_without_an_end_is_an_error(tmp_path):
    with pytest.raises(PageError, match="starts at line 1 has no end"):
        read_blocks(write_page(tmp_path, "```python\nx = 1\n"))
