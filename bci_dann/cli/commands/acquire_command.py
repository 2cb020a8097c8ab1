"""The command ``acquire``: a session with cues, and a recording of a stream."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bci_dann.cli.console import print_progress
from bci_dann.cli.options import Force, PageHost, PagePort, SearchTime, SourceID
from bci_dann.cli.recording_options import UnitScale

__all__ = ["acquire"]

# Exit codes by the way in which the session ended; 130 is that of shells after Ctrl-C.
EXIT_CODES = {"finished": 0, "lost": 1, "stopped": 130}


ClassNames = Annotated[
    str,
    typer.Option(
        "--classes",
        metavar="NAME,NAME",
        help="Tasks of the subject. Default: the classes of the model.",
    ),
]
Rest = Annotated[bool, typer.Option("--rest", help="Add the class rest.")]
Trials = Annotated[int, typer.Option("--trials", help="Trials of each class.")]
TaskSeconds = Annotated[
    float | None,
    typer.Option("--task", help="Duration of the task (s). Default: as in training, or 4."),
]
PauseSeconds = Annotated[float, typer.Option("--pause", help="Shortest pause before a cue (s).")]
PauseJitter = Annotated[
    float, typer.Option("--jitter", help="Longest random addition to a pause (s).")
]
CueSeconds = Annotated[
    float | None,
    typer.Option("--cue-seconds", help="Show a cross after this time (s). Default: only the cue."),
]
CueSeed = Annotated[int, typer.Option("--seed", help="Seed of the cue order and pauses.")]
Model = Annotated[
    Path | None,
    typer.Option(
        "--model", help="Model that determines classes, events and the duration of trials."
    ),
]
StreamJitter = Annotated[
    float, typer.Option("--stream-jitter", help="Tolerance for the stream's time stamps (s).")
]
LostSeconds = Annotated[
    float, typer.Option("--lost", help="How long to wait for a lost stream (s).")
]
Page = Annotated[
    bool, typer.Option("--page", help="Show the cues in a browser instead of the terminal.")
]


def acquire(  # numpydoc ignore=PR01
    stream: Annotated[str, typer.Argument(help="Name of the LSL stream of the EEG.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Recording to write: NAME_raw.fif.")],
    classes: ClassNames = "",
    rest: Rest = False,
    trials: Trials = 20,
    task: TaskSeconds = None,
    pause: PauseSeconds = 2.0,
    jitter: PauseJitter = 0.5,
    cue_seconds: CueSeconds = None,
    seed: CueSeed = 0,
    model: Model = None,
    source_id: SourceID = None,
    unit_scale: UnitScale = None,
    stream_jitter: StreamJitter = 0.1,
    wait: SearchTime = 10.0,
    lost: LostSeconds = 60.0,
    page: Page = False,
    host: PageHost = "127.0.0.1",
    port: PagePort = 0,
    force: Force = False,
) -> None:
    """Show cues to a subject and record an LSL stream; Ctrl-C ends and saves the session."""
    from bci_dann.serving import PageAddress
    from bci_dann.serving import acquire as acquire_recording
    from bci_dann.serving.reading.reading_options import parsed_scale

    acquisition = acquire_recording(
        stream,
        out,
        classes=[name.strip() for name in classes.split(",") if name.strip()],
        rest=rest,
        trials=trials,
        task=task,
        pause=pause,
        jitter=jitter,
        cue_s=cue_seconds,
        random_state=seed,
        model=model,
        source_id=source_id,
        unit_scale=parsed_scale(unit_scale),
        jitter_s=stream_jitter,
        wait_s=wait,
        lost_s=lost,
        force=force,
        page=PageAddress(host, port) if page else None,
        report=print_progress,
    )
    if acquisition.ended != "finished":
        raise typer.Exit(EXIT_CODES[acquisition.ended])
