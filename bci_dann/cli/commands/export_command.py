"""The command ``export``: a saved model as an ONNX file."""

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
        typer.Option("--check", help="Compare with the model, on random trials in onnxruntime."),
    ] = False,
    trials: Annotated[int, typer.Option("--trials", min=1, help="Trials of the check.")] = 1000,
    modules: UserModules = None,
) -> None:
    """Write a model as ONNX, with alignment and standardisation inside."""
    import_user_modules(modules or [])
    from bci_dann.serving import check_onnx, export_onnx, open_model

    served = open_model(model)
    path = export_onnx(served, out)
    classes = ", ".join(served.recipe.classes)
    print_sentence(f"{served.recipe.pipeline} for {classes} is written to {path}")
    if check:
        difference = check_onnx(served, path, trials)
        print_sentence(
            f"onnxruntime and the model differ by {difference:.1e} at most, on {trials} random "
            "trials in batches of 1 to 64"
        )
