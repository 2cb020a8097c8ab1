"""The command ``export``: writes a saved model as an ONNX file."""

from __future__ import annotations

from pathlib import Path
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

__all__ = ["export"]


def export(  # numpydoc ignore=PR01
    model: ModelFolder,
    out: Annotated[Path, typer.Option("--out", "-o", help="ONNX file.")] = Path("model.onnx"),
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare the file with the model on random trials."),
    ] = False,
    trials: Annotated[int, typer.Option("--trials", min=1, help="Trials for --check.")] = 1000,
    modules: UserModules = None,
) -> None:
    """Write a model as ONNX, including alignment and standardisation."""
    import_user_modules(modules or [])
    from bci_dann.serving import check_onnx, export_onnx, open_model

    served = open_model(model)
    path = export_onnx(served, out)
    classes = ", ".join(served.recipe.classes)
    print_sentence(f"{served.recipe.pipeline} for {classes} was written to {path}")
    if check:
        difference = check_onnx(served, path, trials)
        print_sentence(
            f"Probabilities of onnxruntime and of the model differ by at most {difference:.1e}, on "
            f"{trials} random trials in batches of 1 to 64"
        )
