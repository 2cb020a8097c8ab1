"""Commands of streams: ``replay``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bci_dann.cli.console import print_sentence, print_table
from bci_dann.cli.options import (
    Cues,
    ModelFolder,
    Renames,
    UnitScale,
    UserModules,
    import_user_modules,
    parse_cues,
    parse_renames,
)

if TYPE_CHECKING:
    from bci_dann.serving import Replay

__all__ = ["replay"]

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
