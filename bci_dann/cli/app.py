"""The verbs. Heavy libraries are imported by what the verbs call, so that help is instant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from bci_dann.cli.command_group import CleanGroup

__all__ = ["app"]

app = typer.Typer(
    cls=CleanGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

Config = Annotated[Path, typer.Argument(help="Configuration file (YAML).", show_default=False)]
DataDir = Annotated[
    Optional[Path],  # noqa: UP045 (typer reads this at run time)
    typer.Option("--data-dir", help="Folder of the recordings, or of MOABB's downloads."),
]
Out = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--out", "-o", help="Results folder, of `run` and `choose`. Default: runs/NAME."),
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Tasks at a time; -1: cores.")]
Seeds = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--seeds", help="Seeds in the place of the configuration's: 0,1,2"),
]
Pipelines = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--pipelines", help="Pipelines in the place of the configuration's: ea_dann,dann"),
]
Protocols = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--protocols", help="Protocols in the place of the configuration's."),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Check all but the signals, list the tasks, train and write nothing."
    ),
]
Model = Annotated[Path, typer.Argument(help="Folder that `fit` or `adapt` wrote.")]
Recordings = Annotated[
    list[Path], typer.Argument(help="Recordings of one person, in any format MNE reads.")
]
Cue = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--cue", help="Annotation that starts a trial; repeatable. Default: those of training."
    ),
]


@app.callback()
def bci_dann(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and warnings.")] = False,
) -> None:
    """Motor-imagery BCI for people who have never been recorded before."""


@app.command()
def run(
    config: Config,
    out: Out = None,
    data_dir: DataDir = None,
    jobs: Jobs = 1,
    stack: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--stack", help="Networks trained as one. Default: 64 on a GPU, else 1."),
    ] = None,
    seeds: Seeds = None,
    pipelines: Pipelines = None,
    protocols: Protocols = None,
    dry_run: DryRun = False,
) -> None:
    """Compare pipelines, leaving one subject out at a time; goes on where it stopped."""
    from bci_dann.cli import verbs

    replaced = {"seeds": seeds, "pipelines": pipelines, "protocols": protocols}
    verbs.run(config, replaced, out=out, data_dir=data_dir, jobs=jobs, stack=stack, dry_run=dry_run)


@app.command()
def choose(
    config: Config,
    out: Out = None,
    data_dir: DataDir = None,
    jobs: Jobs = 1,
    seeds: Seeds = None,
    pipelines: Pipelines = None,
    protocols: Protocols = None,
    dry_run: DryRun = False,
) -> None:
    """Choose a pipeline for each person on the others, and show what the choice is worth."""
    from bci_dann.cli import choose_verb

    replaced = {"pipelines": pipelines, "protocols": protocols, "seeds": seeds}
    choose_verb.choose(config, replaced, out=out, data_dir=data_dir, jobs=jobs, dry_run=dry_run)


@app.command()
def select(
    results: Annotated[Path, typer.Argument(help="Results folder that `run` has written.")],
    pipelines: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--pipelines", help="Pipelines to choose among. Default: all."),
    ] = None,
) -> None:
    """Show what choosing a pipeline for each person without labels would have brought."""
    from bci_dann.cli import verbs

    verbs.select(results, pipelines)


@app.command()
def diagnose(
    config: Config,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", "-o", help="Folder. Default: runs/NAME/diagnosis."),
    ] = None,
    data_dir: DataDir = None,
    seed: Annotated[int, typer.Option("--seed", help="The random_state.")] = 0,
) -> None:
    """Show how far each person is from the others, in what, and whether reweighting can help."""
    from bci_dann.cli import diagnose_verb

    diagnose_verb.diagnose(config, out=out, data_dir=data_dir, seed=seed)


@app.command()
def fit(
    config: Config,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the model; one there is replaced.")
    ],
    pipeline: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--pipeline", "-p", help="Which of the configuration's pipelines."),
    ] = None,
    data_dir: DataDir = None,
    seed: Annotated[int, typer.Option("--seed", help="The random_state.")] = 0,
) -> None:
    """Train on all subjects of a configuration and save the model."""
    from bci_dann.cli import verbs

    verbs.fit(config, out, pipeline=pipeline, data_dir=data_dir, seed=seed)


@app.command()
def adapt(
    model: Model,
    recordings: Recordings,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder for the adapted model; one there is replaced."),
    ],
    cue: Cue = None,
) -> None:
    """Fit a model to a new person from recordings without labels."""
    from bci_dann.cli import verbs

    verbs.adapt(model, recordings, out, cues=cue or [])


@app.command()
def predict(
    model: Model,
    recordings: Recordings,
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file.")] = Path("predictions.csv"),
    cue: Cue = None,
) -> None:
    """Predict the class of each trial of some recordings."""
    from bci_dann.cli import verbs

    verbs.predict(model, recordings, out, cues=cue or [])


@app.command()
def doctor() -> None:
    """Check the installation, and say how to mend what is broken."""
    from bci_dann.cli import verbs

    if not verbs.doctor():
        raise typer.Exit(1)


@app.command()
def datasets() -> None:
    """List the datasets that a configuration can name."""
    from bci_dann.cli import verbs

    verbs.datasets()


@app.command()
def pipelines() -> None:
    """List the pipelines that a configuration can name."""
    from bci_dann.cli import verbs

    verbs.pipelines()
