"""Commands that look and change nothing: ``doctor``, ``datasets``, ``pipelines``, ``docs``."""

from __future__ import annotations

from typing import Annotated

import typer

from bci_dann.cli.console import print_problem, print_sentence, print_table

__all__ = ["datasets", "docs", "doctor", "pipelines"]

Filter = Annotated[
    str, typer.Argument(metavar="TEXT", help="Only names with this text.", show_default=False)
]
# Short, so that a row fits into 80 columns.
DATASET_COLUMNS = ("dataset", "subj.", "sess.", "chan.", "classes", "Hz", "trials", "licence")
DATASETS_NOTE = (
    "Sessions are of each subject, trials of each class. "
    "SimulatedMI: its defaults, which data.params changes; no files. Recordings: a folder of "
    "your own files. All others: what MOABB says of them; it downloads them at first use. Read "
    "the licence itself where the data come from."
)


def doctor() -> None:
    """Check the installation, and show how to repair what is broken."""
    from bci_dann.installation import examine

    report = examine()
    print_table("Versions", ("what", "version"), report.versions.items())
    print_table("This machine", ("what", "is"), report.facts.items())
    for problem in report.problems:
        print_problem(f"Broken: {problem.what}. {problem.remedy}")
    if report.problems:
        raise typer.Exit(1)
    print_sentence("nothing is wrong")


def datasets(text: Filter = "") -> None:  # numpydoc ignore=PR01
    """List the datasets that a configuration can name, with their size and licence."""
    from bci_dann.data.dataset_summaries import dataset_summaries

    found = dataset_summaries(text)
    if not found:
        _nothing_named("dataset", text)
    rows = [tuple(vars(summary).values()) for summary in found]
    print_table(f"{len(rows)} datasets", DATASET_COLUMNS, rows, lines=False)
    print_sentence(DATASETS_NOTE)


def pipelines(text: Filter = "") -> None:  # numpydoc ignore=PR01
    """List the pipelines that a configuration can name, with the method and its paper."""
    from bci_dann._resources import pipelines_folder
    from bci_dann.evaluation.config.pipeline_file import available_pipelines, pipeline_description
    from bci_dann.evaluation.config.run_config import pipeline_folders

    files = available_pipelines(pipeline_folders())
    found = {name: path for name, path in files.items() if text.lower() in name.lower()}
    if not found:
        _nothing_named("pipeline", text)
    shipped, rows = pipelines_folder(), []
    for name, path in found.items():
        place = "" if path.parent.samefile(shipped) else f" ({path})"
        rows.append((name, pipeline_description(path) + place))
    print_table(f"{len(rows)} pipelines", ("name", "method"), rows, lines=False)
    print_sentence(
        f"Those without a file name come with bci_dann, in {shipped}. To change one, copy its file "
        "into pipelines/ in this folder, and give the file and the key `name` another name."
    )


def docs(  # numpydoc ignore=PR01
    path: Annotated[
        bool, typer.Option("--path", help="Print where they are, and open nothing.")
    ] = False,
) -> None:
    """Open the documentation in the browser."""
    from bci_dann._resources import documentation_index

    index = documentation_index()
    if path:
        print_sentence(str(index))
        return
    import webbrowser

    if webbrowser.open(index.resolve().as_uri()):
        print_sentence(f"Opened {index}")
    else:
        print_sentence(f"There is no browser to open here. Open this file: {index}")


def _nothing_named(what: str, text: str) -> None:
    from bci_dann.exceptions import ConfigError

    raise ConfigError(
        f"no {what} has {text!r} in its name. `bci-dann {what}s` without a text lists all of them."
    )
