"""The command ``push``: uploads a saved model to the Hugging Face Hub."""

from __future__ import annotations

from typing import Annotated

import typer

from bci_dann.cli.console import print_sentence
from bci_dann.cli.options import (
    UserModules,
    import_user_modules,
)
from bci_dann.cli.recording_options import (
    ModelFolder,
)

__all__ = ["push"]


def push(  # numpydoc ignore=PR01
    model: ModelFolder,
    repository: Annotated[
        str,
        typer.Argument(metavar="OWNER/NAME", help="Repository; created if it does not exist."),
    ],
    public: Annotated[
        bool, typer.Option("--public", help="Make a new repository visible to everybody.")
    ] = False,
    revision: Annotated[
        str | None,
        typer.Option("--revision", help="Branch; created if it does not exist. Default: main."),
    ] = None,
    message: Annotated[
        str, typer.Option("--message", "-m", help="Message of the commit.")
    ] = "Model of bci_dann",
    modules: UserModules = None,
) -> None:
    """Upload a model to the Hugging Face Hub, without names of subjects and recordings."""
    import_user_modules(modules or [])
    from bci_dann.serving import open_model

    commit = open_model(model).push_to_hub(
        repository, private=not public, commit_message=message, revision=revision
    )
    at = "" if revision is None else f"@{revision}"
    print_sentence(f"Uploaded: {commit}")
    print_sentence(f"Name for other commands: hub:{repository}{at}")
