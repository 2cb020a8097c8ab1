"""Commands for saved models: ``fit``, ``adapt`` and ``predict``."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from bci_dann.cli.accounts import print_account
from bci_dann.cli.completion import complete_pipelines
from bci_dann.cli.console import print_sentence
from bci_dann.cli.options import (
    ConfigFile,
    DataDir,
    Seed,
    TensorBoard,
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

__all__ = ["adapt", "fit", "predict"]


PipelineName = Annotated[
    str | None,
    typer.Option(
        "--pipeline",
        "-p",
        help="Pipeline to train, by its name or file. Default: the only one of the "
        "configuration, otherwise bci_dann_light, the default recipe.",
        autocompletion=complete_pipelines,
    ),
]
Excluded = Annotated[
    str | None, typer.Option("--exclude", help="Subjects to leave out of training: 9,10")
]
Compact = Annotated[
    bool, typer.Option("--compact", help="Remove the references of the training sessions.")
]
ExpectAccuracy = Annotated[
    bool,
    typer.Option(
        "--expect-accuracy",
        help="Learn to estimate the accuracy for new subjects; trains one more model for each "
        "training subject.",
    ),
]
CardLicence = Annotated[
    str | None, typer.Option("--licence", help="Model card: licence, such as cc0-1.0.")
]
CardNote = Annotated[str | None, typer.Option("--note", help="Model card: a sentence on the data.")]
CardScores = Annotated[
    Path | None, typer.Option("--scores", help="Model card: scores, a table of `publish`.")
]
AbstainBelow = Annotated[
    float | None,
    typer.Option(
        "--abstain-below",
        help="Give no class if the largest probability is below this (0 to 1).",
    ),
]


def fit(  # numpydoc ignore=PR01
    config: ConfigFile,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the model; a model in it is replaced.")
    ],
    pipeline: PipelineName = None,
    exclude: Excluded = None,
    data_dir: DataDir = None,
    seed: Seed = 0,
    compact: Compact = False,
    expect_accuracy: ExpectAccuracy = False,
    licence: CardLicence = None,
    note: CardNote = None,
    scores: CardScores = None,
    tensorboard: TensorBoard = None,
) -> None:
    """Train a model on the subjects of a configuration, and save it."""
    from bci_dann.serving import fit_model
    from bci_dann.serving.model_training import DEFAULT_PIPELINE
    from bci_dann.training.loss_log import tensorboard_log

    with nullcontext() if tensorboard is None else tensorboard_log(tensorboard, out.name):
        model = fit_model(
            config,
            pipeline=pipeline,
            exclude=[] if exclude is None else split_list(exclude, "exclude"),
            data_dir=data_dir,
            seed=seed,
            compact=compact,
            expect_accuracy=expect_accuracy,
            card={"licence": licence, "note": note, "scores": scores},
            out=out,
            progress=True,
        )
    if tensorboard is not None:
        print_sentence(f"Losses of networks: run `tensorboard --logdir {tensorboard}`")
    recipe = model.recipe
    if pipeline is None and recipe.pipeline == DEFAULT_PIPELINE:
        print_sentence(
            f"{DEFAULT_PIPELINE} was trained, the default recipe without networks; choose another "
            "with --pipeline"
        )
    print_sentence(f"{recipe.pipeline} for {', '.join(recipe.classes)} is saved in {out}")
    if recipe.excluded:
        print_sentence(f"Left out of training: {', '.join(recipe.excluded)}")


def adapt(  # numpydoc ignore=PR01
    model: ModelFolder,
    recordings: RecordingFiles,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="Folder for the adapted model; a model in it is replaced."
        ),
    ],
    cue: Cues = None,
    unit_scale: UnitScale = None,
    rename: Renames = None,
    bad: BadChannels = None,
    reference: Reference = None,
    labels: Labels = None,
    modules: UserModules = None,
) -> None:
    """Adapt a model to a new subject from recordings without labels, or with few labels."""
    import_user_modules(modules or [])
    from bci_dann.serving import adapt_model

    adaptation = adapt_model(
        model,
        recordings,
        cues=parse_cues(cue or []),
        unit_scale=unit_scale,
        rename=parse_renames(rename or []),
        bads=bad or [],
        reference=split_list(reference, "reference") if reference else [],
        labels=labels,
        out=out,
    )
    for sentence in adaptation.differences:
        print_sentence(sentence)
    n_labels = adaptation.n_labels
    if adaptation.changed or n_labels:
        known = f", {n_labels} of them with a label" if n_labels else " without labels"
        print_sentence(f"adapted to {adaptation.n_trials} trials{known}; saved in {out}")
        if adaptation.expected is not None:
            print_sentence(adaptation.expected.sentence())
        print_account(adaptation.account)
    else:
        print_sentence(
            f"not adapted, because the method has no alignment; {out} is an unchanged copy of the "
            "model. To adapt, train with `alignment: euclidean`."
        )


def predict(  # numpydoc ignore=PR01
    model: ModelFolder,
    recordings: RecordingFiles,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="CSV file; replaced if it exists.")
    ] = Path("predictions.csv"),
    cue: Cues = None,
    unit_scale: UnitScale = None,
    rename: Renames = None,
    bad: BadChannels = None,
    reference: Reference = None,
    abstain_below: AbstainBelow = None,
    modules: UserModules = None,
) -> None:
    """Predict the class of each trial of recordings."""
    import_user_modules(modules or [])
    from bci_dann.data.screening.cues import left_out_sentence
    from bci_dann.serving import predict_recordings
    from bci_dann.serving.expected_accuracy import ExpectedAccuracy

    table = predict_recordings(
        model,
        recordings,
        cues=parse_cues(cue or []),
        unit_scale=unit_scale,
        rename=parse_renames(rename or []),
        bads=bad or [],
        reference=split_list(reference, "reference") if reference else [],
        abstain_below=abstain_below,
        out=out,
    )
    for sentence in table.attrs["differences"]:
        print_sentence(sentence)
    if table.attrs["expected_accuracy"] is not None:
        print_sentence(ExpectedAccuracy(**table.attrs["expected_accuracy"]).sentence())
    predicted = table[table["prediction"] != ""]
    counts = predicted["prediction"].value_counts().sort_index()
    listed = ", ".join(f"{count} {name}" for name, count in counts.items())
    print_sentence(f"{len(predicted)} predictions in {out}: {listed}".removesuffix(": "))
    if "abstained" in table:
        n_trials = int((table["left_out"] == "").sum())
        print_sentence(f"{table['abstained'].sum()} of {n_trials} trials have no class (abstained)")
    reasons = left_out_sentence(table["left_out"].value_counts().to_dict())
    if reasons:
        print_sentence(f"cues without a prediction: {reasons}")
