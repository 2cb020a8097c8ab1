"""The command ``inspect``: shows the model card of a saved model."""

from __future__ import annotations

from typing import Annotated

import typer

from bci_dann.cli.console import print_markdown, print_sentence, print_table

__all__ = ["inspect"]


def inspect(  # numpydoc ignore=PR01
    model: Annotated[
        str,
        typer.Argument(
            help="Model: a folder, builtin:NAME, or hub:OWNER/NAME, optionally with @REVISION. "
            "Default: list the built-in models."
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Describe a saved model: data, channels, classes, preprocessing, scores and limits."""
    import json

    from bci_dann._resources import builtin_models

    if not model:
        names = [*builtin_models()]
        if as_json:
            typer.echo(json.dumps(names))
        else:
            _list(names)
        return
    from bci_dann.serving import describe_model

    facts = describe_model(model)
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    from bci_dann.serving.model_cards.card_text import card_body

    print_markdown(card_body(facts).replace("MODEL", model))


def _list(names: list[str]) -> None:
    from bci_dann.serving import load_recipe

    rows = []
    for name in names:
        recipe = load_recipe(name)
        channels = len(recipe.preprocessing.channels or [])
        licence = recipe.licence or "not stated"
        rows.append((name, ", ".join(recipe.classes), str(channels), recipe.pipeline, licence))
    columns = ("model", "classes", "channels", "pipeline", "licence")
    print_table("Built-in models", columns, rows, lines=False)
    print_sentence("In all commands, these names can be used instead of a model folder.")
