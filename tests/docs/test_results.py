"""Published tables belong to commands that exist, and pages state no figure that no table has."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
import typer

from bci_dann._resources import find_configuration
from bci_dann.cli.app import app
from bci_dann.evaluation.protocols import PROTOCOLS
from bci_dann.exceptions import ConfigError, ResultsError
from bci_dann.reporting import read_published

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TABLES = sorted((DOCS / "results").glob("*.csv"))
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("methods/*.md"))]
PAGES += [ROOT / "configs" / "experiments" / "README.md"]
PAGES = [path for path in PAGES if path.name != "changelog.md"]
# What looks like a score, a gain or a speed: 85.5, 0.924, .74, 85 %, 2 points, 3 times as fast.
FIGURE = re.compile(
    r"(?<![\w.\-/=])(\d{1,3}\.\d+|\.\d{2,3}|\d{1,3}(?= ?%| points?\b| times as))(?![\w\-/]|\.\d)"
)
NOT_RESULTS = re.compile(r"<!-- not results: (.*?) -->", re.DOTALL)
# blocks of code, comments, maths, roles and inline code, links
WITHOUT_PROSE = re.compile(
    r"^`{3,}.*?^`{3,}|<!--.*?-->|\$\$.*?\$\$|\$[^$\n]+\$|\{\w+(?::\w+)?\}`[^`]*`|`[^`\n]*`|\]\([^)]*\)",
    re.DOTALL | re.MULTILINE,
)
# our own results on the recordings of this paper need a table
OWN_DATA = "(Peterson et al. 2020)"
# a paper beside its figure
CITED = re.compile(r"\((?:[^()]*\b(?:19|20)\d\d[^()]*)\)|arXiv|doi")


def extension():
    """The Sphinx extension, whose folder is on no path."""
    spec = importlib.util.spec_from_file_location("results_extension", DOCS / "_ext" / "results.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def problem_of(command: str) -> str | None:
    """Say why a command cannot be given any more."""
    program, *arguments = shlex.split(command)
    if program == "bci-dann":
        return _problem_of_verb(arguments)
    if arguments[:1] == ["-m"]:
        found = importlib.util.find_spec(arguments[1]) is not None
    else:
        found = bool(arguments) and (ROOT / arguments[0]).exists()
    return None if program == "python" and found else f"there is no {' '.join(arguments[:2])}"


def _problem_of_verb(arguments: list[str]) -> str | None:
    group = typer.main.get_command(app)
    verb = arguments[0] if arguments else ""
    if verb not in group.commands:
        return f"there is no verb {verb!r}"
    try:
        context = group.commands[verb].make_context(verb, arguments[1:])
    except Exception as error:  # typer has its own copy of click, which it does not export
        return str(error)
    try:
        if "config" in context.params:
            find_configuration(ROOT / context.params["config"])
    except ConfigError as error:
        return str(error)
    return None


def stated(page: str) -> set[str]:
    """Figures that a page states in prose, without those that it says are no results."""
    exempt = set(FIGURE.findall(" ".join(NOT_RESULTS.findall(page))))
    page = re.sub(r"<!-- results:.*?<!-- end of results -->", "", page, flags=re.DOTALL)
    prose = WITHOUT_PROSE.sub(" ", page).replace(OWN_DATA, "")
    paragraphs = [part for part in re.split(r"\n\s*\n", prose) if not CITED.search(part)]
    return set(FIGURE.findall("\n\n".join(paragraphs))) - exempt


def tabled() -> set[str]:
    """Figures of all tables, as a page would round them."""
    figures = set()
    for path in TABLES:
        numbers = read_published(path).rows.select_dtypes("number")
        for value in pd.unique(numbers.to_numpy().ravel()):
            figures |= {f"{value:.{digits}f}" for digits in range(4)}
    return figures | {figure.removeprefix("0") for figure in figures}


def test_there_are_tables():
    assert "mi_openbci" in {path.stem for path in TABLES}


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_table_says_how_it_was_computed(path):
    table = read_published(path)
    assert table.note
    assert table.invocations
    for one in table.invocations:
        assert re.fullmatch(r"[0-9a-f]{40}", one.commit), f"{one.commit}: commit before you measure"
        assert one.date
        assert one.machine
        assert problem_of(one.command) is None, one.command


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_table_is_about_what_still_ships(path):
    rows = read_published(path).rows
    shipped = {file.stem for file in (ROOT / "pipelines").glob("*.yml")}
    names = rows["pipeline"].str.partition("[")[0] if "pipeline" in rows else []
    if "protocol" in rows:
        assert set(names) <= shipped
        assert set(rows["protocol"]) <= set(PROTOCOLS)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("bci-dann run configs/quickstart.yaml --seeds 0,1", None),
        ("bci-dann quickstart --jobs 2", None),
        ("bci-dann fly configs/quickstart.yaml", "no verb 'fly'"),
        ("bci-dann run configs/gone.yaml", "no configuration file"),
        ("bci-dann run configs/quickstart.yaml --wings 2", "(?i)no such option"),
        ("python -m bci_dann.examples.toys --seeds 10", None),
        ("python -m bci_dann.examples.gone", "no -m bci_dann.examples.gone"),
        ("python tests/benchmarks --only fits", None),
        ("python tests/gone.py", "no tests/gone.py"),
        ("ruby x.rb", "no x.rb"),
    ],
)
def test_a_command_that_is_gone_is_told(command, problem):
    found = problem_of(command)
    assert (found is None) if problem is None else re.search(problem, found)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_states_no_figure_that_no_table_has(path):
    assert sorted(stated(path.read_text(encoding="utf-8")) - tabled()) == []


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("It reaches 85.5 % and 0.924, or 12 points more.", {"85.5", "0.924", "12"}),
        ("three times, 7 times as fast, .74 of AUC", {"7", ".74"}),
        ("72.0 % in their paper (Li et al. 2023)", set()),
        ("86.1 % on MI-OpenBCI (Peterson et al. 2020)", {"86.1"}),
        ("version 2.13.0, `0.91`, $0.3$, 8-30 Hz, 0-4 s, 8.5-30", set()),
        ("```python\n0.913\n```\n\n{result}`a | b == 0.1 | c`", set()),
        ("The first 20 %.\n<!-- not results: 20 % of a session -->", set()),
    ],
)
def test_figures_are_found_in_prose_alone(text, figures):
    assert stated(text) == figures


def test_the_tables_of_the_readme_are_those_of_the_results():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "<!-- results: " in readme
    assert readme == extension().with_results(readme), "run python docs/_ext/results.py"


def test_a_figure_has_the_digits_of_its_column():
    module = extension()
    row = pd.Series(
        {"pipeline": "x", "accuracy": 85.46, "std_subjects": 6.71, "roc_auc": 0.9236, "gain": 2.04}
    )
    shown = [module.cell(row, name) for name in ("accuracy", "roc_auc", "gain", "pipeline")]
    assert shown == ["85.5\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}6.7", "0.924", "+2.0", "x"]
    assert module.plain(pd.Series({"p_value": float("nan")}), "p_value") == "–"


def test_rows_that_are_not_computed_yet_differ_from_misspelt_ones():
    known = extension().names_shipped_pipelines
    assert known('pipeline in ["dann", "ea_csp_lda[n_components=2]"]')
    assert not known('pipeline == "dan"')
    assert not known("accuracy > 200")


def test_a_missing_table_is_an_error_of_the_build():
    with pytest.raises(ResultsError, match="cannot be read"):
        extension().table("gone")
