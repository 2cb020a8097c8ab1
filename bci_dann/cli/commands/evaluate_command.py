"""The command ``evaluate``: scores of a saved model on labelled recordings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from bci_dann.cli.console import print_sentence, print_table
from bci_dann.cli.options import (
    UserModules,
    import_user_modules,
    split_list,
)
from bci_dann.cli.recording_options import (
    BadChannels,
    Cues,
    Labels,
    ModelFolder,
    RecordingFiles,
    Reference,
    Renames,
    UnitScale,
    parse_cues,
    parse_renames,
)

if TYPE_CHECKING:
    from bci_dann.serving import ModelEvaluation

__all__ = ["evaluate"]

NOTE = (
    "The 95 % intervals (Clopper and Pearson for accuracies, Newcombe for ROC AUC) assume "
    "independent trials. Scores differ more between days: evaluate on several sessions."
)


def evaluate(  # numpydoc ignore=PR01
    model: ModelFolder,
    recordings: RecordingFiles,
    cue: Cues = None,
    unit_scale: UnitScale = None,
    rename: Renames = None,
    bad: BadChannels = None,
    reference: Reference = None,
    labels: Labels = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    modules: UserModules = None,
) -> None:
    """Evaluate a model on labelled recordings of one subject."""
    import_user_modules(modules or [])
    from bci_dann.serving import evaluate_model

    evaluation = evaluate_model(
        model,
        recordings,
        cues=parse_cues(cue or []),
        unit_scale=unit_scale,
        rename=parse_renames(rename or []),
        bads=bad or [],
        reference=split_list(reference, "reference") if reference else [],
        labels=labels,
    )
    if as_json:
        import json

        typer.echo(json.dumps(evaluation.to_dict(), indent=2))
        return
    _print(evaluation)


def _print(evaluation: ModelEvaluation) -> None:
    counts = ", ".join(f"{count} {name}" for name, count in evaluation.n_trials.items())
    print_sentence(f"{sum(evaluation.n_trials.values())} labelled trials: {counts}")
    _print_scores(evaluation)
    confusion = evaluation.confusion
    rows = [(f"true {name}", *map(str, counts)) for name, *counts in confusion.itertuples()]
    print_table("Trials", ("", *map(str, confusion.columns)), rows, lines=False)
    recordings = evaluation.by_recording
    if len(recordings) > 1:
        rows = [
            (recording.file, str(recording.n_trials), f"{100 * recording.accuracy:.1f}")
            for recording in recordings.itertuples()
        ]
        print_table("Recordings", ("file", "trials", "accuracy %"), rows, lines=False)
    if evaluation.more_trials:
        print_sentence(
            f"{evaluation.more_trials} more labelled trials would narrow the interval of the "
            "accuracy to about 5 points on either side."
        )
    print_sentence(NOTE)


def _print_scores(evaluation: ModelEvaluation) -> None:
    rows = []
    for name in ("accuracy", "balanced_accuracy", "roc_auc"):
        value, low, high = (100 * number for number in getattr(evaluation, name))
        label = {"roc_auc": "ROC AUC"}.get(name, name.replace("_", " "))
        interval = f"{low:.1f} to {high:.1f}" if math.isfinite(low) else "not known"
        rows.append((label, f"{value:.1f}", interval))
    print_table("Scores in %", ("", "value", "95 % interval"), rows, lines=False)
    print_sentence(
        f"Chance is {100 * evaluation.chance:.1f} %, the accuracy of always answering the most "
        "frequent class."
    )
