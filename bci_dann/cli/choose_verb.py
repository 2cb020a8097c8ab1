"""The verb ``choose``: a pipeline for each person, chosen on the others, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.cli.console import print_plan, print_rows, say
from bci_dann.cli.options import configured

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["choose"]

TARGETS = ("target", "chosen", "over pseudo-targets %", "accuracy %", "ROC AUC")
WAYS = ("choice", "pipeline", "accuracy %", "ROC AUC", "regret", "worst target")

NOTE = (
    "nested: a target's labels had no part in its choice. In hindsight, and oracle: chosen by the "
    "very scores that stand beside it, so bounds and no choices. regret: accuracy lost against "
    "the oracle, in points."
)


def choose(
    config: Path,
    replaced: Mapping[str, str | None],
    out: Path | None,
    data_dir: Path | None,
    jobs: int,
    dry_run: bool,
) -> None:
    """Choose by pseudo-targets and print the choices; see `bci_dann.evaluation.nested_choice`."""
    from bci_dann.evaluation import nested_choice

    description = configured(config, replaced)
    out = out or Path("runs") / description.name
    table = nested_choice(
        description, out, n_jobs=jobs, data_dir=data_dir, progress=not dry_run, dry_run=dry_run
    )
    if dry_run:
        print_plan(table, out)
        say(f"{table.duplicated().sum()} of them play the target for a person who is left out")
    else:
        _print_choices(table)
        say(f"Every pipeline of every target: {out / 'nested.csv'}")


def _print_choices(table: pd.DataFrame) -> None:
    from bci_dann.evaluation import nested_summary

    worth = nested_summary(table)
    for protocol, rows in table[table["chosen"]].groupby("protocol", sort=False):
        chosen = [_of_target(row) for _, row in rows.iterrows()]
        print_rows(f"Chosen on the other people: {protocol}", TARGETS, chosen)
        ways = [_of_way(row) for _, row in worth[worth["protocol"] == protocol].iterrows()]
        print_rows("What this choice and others are worth", WAYS, ways)
    say(NOTE)


def _of_target(row: Any) -> list[str]:
    pseudo, own = (f"{100 * row[name]:.1f}" for name in ("pseudo_accuracy", "accuracy"))
    return [row["subject"], row["pipeline"], pseudo, own, f"{row['roc_auc']:.3f}"]


def _of_way(row: Any) -> list[str]:
    accuracy, regret, worst = (f"{row[n]:.1f}" for n in ("accuracy", "regret", "worst_regret"))
    return [row["choice"], row["pipeline"], accuracy, f"{row['roc_auc']:.3f}", regret, worst]
