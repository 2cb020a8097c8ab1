"""Commands of streams: ``replay`` and ``stream``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bci_dann.cli.console import print_progress, print_sentence, print_table
from bci_dann.cli.options import (
    UserModules,
    import_user_modules,
)
from bci_dann.cli.recording_options import (
    Cues,
    ModelFolder,
    Renames,
    UnitScale,
    parse_cues,
    parse_renames,
)

if TYPE_CHECKING:
    from bci_dann.serving import Replay

__all__ = ["replay", "stream"]

# Rows of the table of the accuracy over time that are printed.
PRINTED_TIMES = 12

Step = Annotated[float, typer.Option("--step", help="Time between decisions (s).")]
Adapting = Annotated[
    bool, typer.Option("--adapting", help="Let the model follow the subject's clean windows.")
]
AbstainBelow = Annotated[
    float | None,
    typer.Option("--abstain-below", help="No class where the largest probability is below this."),
]


def replay(  # numpydoc ignore=PR01
    model: ModelFolder,
    recording: Annotated[Path, typer.Argument(help="A continuous recording.")],
    csv: Annotated[Path, typer.Option("--csv", help="Table of decisions.")] = Path("decisions.csv"),
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Picture (PNG) of the replay.")
    ] = None,
    step: Step = 0.2,
    adapting: Adapting = False,
    cue: Cues = None,
    unit_scale: UnitScale = None,
    rename: Renames = None,
    abstain_below: AbstainBelow = None,
    modules: UserModules = None,
) -> None:
    """Decode a recording as if it were a stream, faster than real time."""
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
        out=csv,
        progress=True,
    )
    _print_replay(result, csv)
    if out is not None:
        from bci_dann.reporting import write_replay_figure

        print_sentence(f"The picture is in {write_replay_figure(result, out)}")


def stream(  # numpydoc ignore=PR01
    model: ModelFolder,
    lsl: Annotated[str, typer.Option("--lsl", help="Name of the LSL stream of the EEG.")],
    source_id: Annotated[
        str | None, typer.Option("--source-id", help="Its source, where several have the name.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File for the lines of JSON. Default: the output."),
    ] = None,
    outlet: Annotated[
        str | None, typer.Option("--outlet", help="Send the probabilities as an LSL stream, too.")
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="Serve a page that shows them.")] = False,
    host: Annotated[
        str, typer.Option("--host", help="Address of the page; others get a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Its port. Default: a free one.")] = 0,
    step: Step = 0.2,
    adapting: Adapting = False,
    save: Annotated[
        Path | None, typer.Option("--save", help="Folder for the adapted model at the end.")
    ] = None,
    abstain_below: AbstainBelow = None,
    unit_scale: UnitScale = None,
    rename: Renames = None,
    jitter: Annotated[
        float, typer.Option("--jitter", help="Error of the stream's times that is no gap (s).")
    ] = 0.025,
    wait: Annotated[float, typer.Option("--wait", help="How long to look for it (s).")] = 10.0,
    seconds: Annotated[
        float | None, typer.Option("--seconds", help="Stop after this time (s).")
    ] = None,
    modules: UserModules = None,
) -> None:
    """Decode a live stream of an amplifier; Ctrl-C ends it."""
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
    kept = "" if save is None else f"; the model is saved in {save}"
    print_progress(f"{summary.n_decisions} decisions, {summary.n_ok} of them ok{kept}")


def _print_replay(result: Replay, csv: Path) -> None:
    table, scores = result.decisions, result.scores
    reasons = table.loc[~table["ok"], "reason"].value_counts()
    without = "".join(f"; {count} without: {reason}" for reason, count in reasons.items())
    print_sentence(f"{len(table)} decisions in {csv}{without}")
    print_sentence(
        f"Each looks back {result.window_s:.2f} s; the filters delay by {result.delay_s:.3f} s"
    )
    if scores is None:
        print_sentence("No class of a cue is known: there is nothing to compare with")
        return
    confusion = [(str(n), *map(str, row)) for n, row in scores.confusion.iterrows()]
    columns = ("true", *map(str, scores.confusion.columns))
    print_table("Decided at the end of each trial", columns, confusion)
    low, high = scores.interval
    print_sentence(
        f"Right: {scores.n_right} of {scores.n_decided}, {scores.accuracy:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%})"
    )
    shown = scores.curve.iloc[:: max(1, -(-len(scores.curve) // PRINTED_TIMES))]
    rows = [
        (f"{one.after_cue:.1f}", f"{one.accuracy:.1%}", str(one.n)) for one in shown.itertuples()
    ]
    print_table("Accuracy by the time after the cue", ("s", "right", "decisions"), rows)
