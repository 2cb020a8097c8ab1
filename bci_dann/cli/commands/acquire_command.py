"""The command ``acquire``: a session with cues, and a recording of a stream."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bci_dann.cli.console import print_progress
from bci_dann.cli.recording_options import UnitScale

__all__ = ["acquire"]

# The exit code after Ctrl-C is that of shells.
EXIT_CODES = {"finished": 0, "lost": 1, "stopped": 130}


def acquire(  # numpydoc ignore=PR01
    stream: Annotated[str, typer.Argument(help="Name of the LSL stream of the EEG.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Recording to write: NAME_raw.fif.")],
    classes: Annotated[
        str,
        typer.Option(
            "--classes",
            metavar="NAME,NAME",
            help="Tasks of the subject. Default: the classes of the model.",
        ),
    ] = "",
    rest: Annotated[bool, typer.Option("--rest", help="Add the class rest.")] = False,
    trials: Annotated[int, typer.Option("--trials", help="Trials of each class.")] = 20,
    task: Annotated[
        float | None,
        typer.Option("--task", help="Duration of the task (s). Default: as in training, or 4."),
    ] = None,
    pause: Annotated[float, typer.Option("--pause", help="Shortest pause before a cue (s).")] = 2.0,
    jitter: Annotated[
        float, typer.Option("--jitter", help="Longest random addition to a pause (s).")
    ] = 0.5,
    cue_seconds: Annotated[
        float | None,
        typer.Option(
            "--cue-seconds", help="Show a cross after this time (s). Default: only the cue."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the cue order and pauses.")] = 0,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="Model that determines classes, events and the duration of trials."
        ),
    ] = None,
    source_id: Annotated[
        str | None,
        typer.Option("--source-id", help="Source of the stream, if several have the same name."),
    ] = None,
    unit_scale: UnitScale = None,
    stream_jitter: Annotated[
        float,
        typer.Option("--stream-jitter", help="Tolerance for the stream's time stamps (s)."),
    ] = 0.1,
    wait: Annotated[
        float, typer.Option("--wait", help="How long to search for the stream (s).")
    ] = 10.0,
    lost: Annotated[
        float, typer.Option("--lost", help="How long to wait for a lost stream (s).")
    ] = 60.0,
    page: Annotated[
        bool, typer.Option("--page", help="Show the cues in a browser instead of the terminal.")
    ] = False,
    host: Annotated[
        str, typer.Option("--host", help="Address of the page; its URL has a token if not local.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port of the page. Default: a free one.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Show cues to a subject and record an LSL stream; Ctrl-C ends and saves the session."""
    from bci_dann.serving import PageAddress
    from bci_dann.serving import acquire as acquire_recording
    from bci_dann.serving.reading.reading_options import parsed_scale

    done = acquire_recording(
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
    if done.ended != "finished":
        raise typer.Exit(EXIT_CODES[done.ended])
