"""Commands for online decoding: ``replay`` and ``stream``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bci_dann.cli.console import print_progress, print_sentence, print_table
from bci_dann.cli.options import (
    PageHost,
    PagePort,
    SearchTime,
    SourceID,
    UserModules,
    import_user_modules,
    split_list,
)
from bci_dann.cli.recording_options import (
    BadChannels,
    Cues,
    ModelFolder,
    Reference,
    Renames,
    UnitScale,
    parse_cues,
    parse_renames,
)

if TYPE_CHECKING:
    from bci_dann.serving import Replay

__all__ = ["replay", "stream"]

# Maximum number of printed rows of the accuracy over time.
MAX_TIME_ROWS = 12

Step = Annotated[float, typer.Option("--step", help="Time between decisions (s).")]
Adapting = Annotated[
    bool, typer.Option("--adapting", help="Adapt the model continuously to artefact-free windows.")
]
AbstainBelow = Annotated[
    float | None,
    typer.Option("--abstain-below", help="Give no class if the largest probability is below this."),
]
LinesFile = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="File for the lines of JSON. Default: standard output."),
]
Outlet = Annotated[
    str | None,
    typer.Option("--outlet", help="Name of an LSL stream to send, with the probabilities."),
]
Page = Annotated[bool, typer.Option("--page", help="Show the decisions in a browser.")]
SaveFolder = Annotated[
    Path | None, typer.Option("--save", help="Folder for the final state of the model.")
]
StreamJitter = Annotated[
    float, typer.Option("--jitter", help="Tolerance for the stream's time stamps (s).")
]
Seconds = Annotated[float | None, typer.Option("--seconds", help="Stop after this time (s).")]


def replay(  # numpydoc ignore=PR01
    model: ModelFolder,
    recording: Annotated[Path, typer.Argument(help="A continuous recording.")],
    csv: Annotated[Path, typer.Option("--csv", help="CSV file for the decisions.")] = Path(
        "decisions.csv"
    ),
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Plot of the replay (PNG). Default: none.")
    ] = None,
    step: Step = 0.2,
    adapting: Adapting = False,
    cue: Cues = None,
    unit_scale: UnitScale = None,
    rename: Renames = None,
    bad: BadChannels = None,
    reference: Reference = None,
    abstain_below: AbstainBelow = None,
    modules: UserModules = None,
) -> None:
    """Decode a recording like a live stream, faster than real time."""
    import_user_modules(modules or [])
    from bci_dann._files import check_folder_of
    from bci_dann.serving import replay_recording

    if out is not None:
        check_folder_of(out)
    result = replay_recording(
        model,
        recording,
        step=step,
        adapting=adapting,
        abstain_below=abstain_below,
        cues=parse_cues(cue or []),
        unit_scale=unit_scale,
        rename=parse_renames(rename or []),
        bads=bad or [],
        reference=split_list(reference, "reference") if reference else [],
        out=csv,
        progress=True,
    )
    _print_replay(result, csv)
    if out is not None:
        from bci_dann.reporting import write_replay_figure

        print_sentence(f"Plot: {write_replay_figure(result, out)}")


def stream(  # numpydoc ignore=PR01
    model: ModelFolder,
    lsl: Annotated[str, typer.Option("--lsl", help="Name of the LSL stream of the EEG.")],
    source_id: SourceID = None,
    out: LinesFile = None,
    outlet: Outlet = None,
    page: Page = False,
    host: PageHost = "127.0.0.1",
    port: PagePort = 0,
    step: Step = 0.2,
    adapting: Adapting = False,
    save: SaveFolder = None,
    abstain_below: AbstainBelow = None,
    unit_scale: UnitScale = None,
    rename: Renames = None,
    jitter: StreamJitter = 0.025,
    wait: SearchTime = 10.0,
    seconds: Seconds = None,
    modules: UserModules = None,
) -> None:
    """Decode a live LSL stream of an amplifier; Ctrl-C ends it."""
    import_user_modules(modules or [])
    import sys

    from bci_dann.serving import PageAddress, decode_stream
    from bci_dann.serving.reading.reading_options import parsed_scale

    summary = decode_stream(
        model,
        lsl,
        source_id=source_id,
        step=step,
        adapting=adapting,
        abstain_below=abstain_below,
        unit_scale=parsed_scale(unit_scale),
        rename=parse_renames(rename or []),
        jitter_s=jitter,
        wait_s=wait,
        seconds=seconds,
        lines=sys.stdout if out is None else out,
        outlet=outlet,
        page=PageAddress(host, port) if page else None,
        save=save,
        report=print_progress,
    )
    saved = "" if save is None else f"; the model is saved in {save}"
    print_progress(f"{summary.n_decisions} decisions, {summary.n_ok} with probabilities{saved}")


def _print_replay(result: Replay, csv: Path) -> None:
    table, scores = result.decisions, result.scores
    if result.differences:
        print_sentence(result.differences)
    reasons = table.loc[~table["ok"], "reason"].value_counts()
    without = "".join(f"; {count} without a class: {reason}" for reason, count in reasons.items())
    print_sentence(f"Decisions: {len(table)}, in {csv}{without}")
    print_sentence(
        f"Each window lasts {result.window_s:.2f} s; the filters delay the signal by "
        f"{result.delay_s:.3f} s"
    )
    if scores is None:
        print_sentence("The accuracy is not known, because no cue has a known class")
        return
    confusion = [(str(name), *map(str, row)) for name, row in scores.confusion.iterrows()]
    columns = ("true", *map(str, scores.confusion.columns))
    print_table("Decisions at the ends of trials", columns, confusion)
    if not scores.n_decided:
        print_sentence("The accuracy is not known, because no trial has a decision with a class")
        return
    low, high = scores.interval
    print_sentence(
        f"Accuracy: {scores.accuracy:.1%}, {scores.n_right} of {scores.n_decided} trials "
        f"(95 % interval {low:.1%} to {high:.1%})"
    )
    shown = scores.curve.iloc[:: max(1, -(-len(scores.curve) // MAX_TIME_ROWS))]
    rows = [
        (f"{row.after_cue:.1f}", f"{row.accuracy:.1%}", str(row.n)) for row in shown.itertuples()
    ]
    title = "Accuracy by time from the cue to the end of the window"
    print_table(title, ("time (s)", "accuracy", "decisions"), rows)
