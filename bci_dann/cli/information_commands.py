"""Commands that look and change nothing: ``doctor``, ``datasets`` and ``pipelines``."""

from __future__ import annotations

import typer

from bci_dann.cli.console import print_problem, print_sentence, print_table

__all__ = ["datasets", "doctor", "pipelines"]


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


def datasets() -> None:
    """List the datasets that a configuration can name."""
    from bci_dann.data.dataset_names import dataset_names

    for name in dataset_names():
        print_sentence(name)


def pipelines() -> None:
    """List the pipelines that a configuration can name."""
    from bci_dann.evaluation.config.pipeline_file import available_pipelines, load_pipeline
    from bci_dann.evaluation.config.run_config import pipeline_folders
    from bci_dann.exceptions import ConfigError

    files = available_pipelines(pipeline_folders())
    if not files:
        folders = ", ".join(str(folder) for folder in pipeline_folders())
        raise ConfigError(f"there are no pipeline files (*.yml) in {folders}.")
    rows = [
        (name, " + ".join(step["name"] for step in load_pipeline(path).definition), str(path))
        for name, path in files.items()
    ]
    print_table("Pipelines", ("name", "steps", "file"), rows)
