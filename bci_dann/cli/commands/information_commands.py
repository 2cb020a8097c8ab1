"""Commands that only show information: ``doctor``, ``datasets``, ``pipelines``, ``docs``."""

from __future__ import annotations

from typing import Annotated

import typer

from bci_dann.cli.console import print_problem, print_sentence, print_table

__all__ = ["datasets", "docs", "doctor", "pipelines"]

Filter = Annotated[
    str,
    typer.Argument(metavar="TEXT", help="Only names that contain this text.", show_default=False),
]
# Short headings, so that a row fits into 80 columns.
DATASET_COLUMNS = ("dataset", "subj.", "sess.", "chan.", "classes", "Hz", "trials", "licence")
DATASETS_NOTE = (
    "Sessions are per subject, trials per class and, where known, session. SimulatedMI: simulated, "
    "without files; shown are the defaults of data.params. Recordings: a folder of your own files. "
    "All others: as stated by MOABB, which downloads them when they are first used. Check the "
    "licence at the source of the data."
)


def doctor() -> None:
    """Check the installation, and show how to repair problems."""
    from bci_dann.installation import examine

    report = examine()
    print_table("Versions", ("what", "version"), report.versions.items())
    print_table("This machine", ("what", "value"), report.facts.items())
    for problem in report.problems:
        print_problem(f"Broken: {problem.what}. {problem.remedy}")
    if report.problems:
        raise typer.Exit(1)
    print_sentence("No problem found")


def datasets(text: Filter = "") -> None:  # numpydoc ignore=PR01
    """List the datasets for configurations, with their size and licence."""
    from bci_dann.data.dataset_summaries import dataset_summaries

    found = dataset_summaries(text)
    if not found:
        _nothing_named("dataset", text)
    rows = [tuple(vars(summary).values()) for summary in found]
    print_table(f"{len(rows)} datasets", DATASET_COLUMNS, rows, lines=False)
    print_sentence(DATASETS_NOTE)


def pipelines(text: Filter = "") -> None:  # numpydoc ignore=PR01
    """List the pipelines for configurations, with the method and its paper."""
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
        f"Pipelines without a file name come with bci_dann, in {shipped}. To change one, copy its "
        "file into pipelines/ in the current folder, and change the file name and the key `name`."
    )


def docs(  # numpydoc ignore=PR01
    path: Annotated[
        bool, typer.Option("--path", help="Print the location without opening it.")
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
        print_sentence(f"No browser was found. Open this file: {index}")


def _nothing_named(what: str, text: str) -> None:
    from bci_dann.exceptions import ConfigError

    raise ConfigError(
        f"no {what} has {text!r} in its name. `bci-dann {what}s` without a text lists all."
    )
