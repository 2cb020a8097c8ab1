"""What each verb calls, and what it prints."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

__all__ = ["adapt", "datasets", "doctor", "fit", "pipelines", "predict", "run", "select"]

# in a file or a pipe there is no terminal to fit in
PIPE_WIDTH = 120


def run(
    config: Path,
    replaced: Mapping[str, str | None],
    out: Path | None,
    data_dir: Path | None,
    jobs: int,
    stack: int | None,
    dry_run: bool,
) -> None:
    """Run a benchmark and print its closing tables; see `bci_dann.evaluation.run_benchmark`."""
    from bci_dann.evaluation import load_config, run_benchmark, summarise
    from bci_dann.reporting import closing_tables

    description = load_config(config)
    chosen = {name: _listed_in(text, name) for name, text in replaced.items() if text is not None}
    if chosen:
        description = load_config({**dict(description), **chosen})
    out = out or Path("runs") / description.name
    results = run_benchmark(
        description,
        out,
        n_jobs=jobs,
        data_dir=data_dir,
        dry_run=dry_run,
        progress=not dry_run,
        stack=stack,
    )
    if dry_run:
        _print_plan(results, out)
        return
    for table in closing_tables(summarise(results)):
        _console().print(table)
    _console().print(f"Every session: {out / 'results.csv'}", soft_wrap=True, highlight=False)


def fit(config: Path, out: Path, pipeline: str | None, data_dir: Path | None, seed: int) -> None:
    """Train on all subjects and save; see `bci_dann.cli.serving.fit_model`."""
    from bci_dann.cli.serving import fit_model

    recipe = fit_model(config, out, pipeline, data_dir, seed)
    _say(f"{recipe.pipeline} for {', '.join(recipe.classes)} is saved in {out}")


def adapt(model: Path, recordings: Sequence[Path], out: Path, cues: Sequence[str]) -> None:
    """Adapt a model and save it; see `bci_dann.cli.serving.adapt_model`."""
    from bci_dann.cli.serving import adapt_model

    done = adapt_model(model, recordings, out, cues)
    if done.changed:
        _say(f"adapted to {done.n_trials} trials without labels; saved in {out}")
    else:
        _say(
            f"not adapted: a model without alignment has nothing to adapt, and {out} is a copy "
            "of it. Train with alignment: euclidean to adapt."
        )


def predict(model: Path, recordings: Sequence[Path], out: Path, cues: Sequence[str]) -> None:
    """Write predictions as CSV; see `bci_dann.cli.serving.predict_recordings`."""
    from bci_dann.cli.serving import predict_recordings, write_csv

    table = predict_recordings(model, recordings, cues)
    write_csv(table, out)
    counts = table["predicted"].value_counts().sort_index()
    _say(f"{len(table)} trials in {out}: " + ", ".join(f"{n} {c}" for c, n in counts.items()))


def select(results: Path, pipelines: str | None) -> None:
    """Print what ways to choose would have brought; see `bci_dann.evaluation.selection_table`."""
    from bci_dann.evaluation import selection_table

    names = None if pipelines is None else _listed_in(pipelines, "pipelines")
    for protocol, rows in selection_table(results, names).groupby("protocol"):
        cells = [
            (
                row["choice"],
                f"{row['accuracy']:.1f}",
                f"{row['roc_auc']:.3f}",
                f"{row['regret']:.1f}",
                f"{row['worst_regret']:.1f}",
            )
            for _, row in rows.iterrows()
        ]
        columns = ("chosen by", "accuracy %", "ROC AUC", "regret", "worst subject")
        _print_rows(f"Choosing among pipelines: {protocol}", columns, cells)


def doctor() -> bool:
    """Print what `bci_dann.cli.doctor.examine` finds; return whether all is well."""
    from bci_dann.cli.doctor import examine
    from bci_dann.cli.group import tell

    report = examine()
    _print_rows("Versions", ("what", "version"), report.versions.items())
    _print_rows("This machine", ("what", "is"), report.facts.items())
    for problem in report.problems:
        tell(f"Broken: {problem.what}. {problem.remedy}")
    if not report.problems:
        _say("nothing is wrong")
    return not report.problems


def datasets() -> None:
    """Print the names that ``data.dataset`` may have."""
    from bci_dann.data.datasets import dataset_names

    for name in dataset_names():
        _say(name)


def pipelines() -> None:
    """Print the names that ``pipelines`` may have, with the classes that they are made of."""
    from bci_dann.evaluation.config import pipeline_folders
    from bci_dann.evaluation.pipelines import available_pipelines, load_pipeline

    found = available_pipelines(pipeline_folders())
    if not found:
        looked = ", ".join(str(folder) for folder in pipeline_folders())
        raise ConfigError(f"there are no pipeline files (*.yml) in {looked}.")
    rows = []
    for name, path in found.items():
        steps = load_pipeline(path).definition
        rows.append((name, " + ".join(step["name"] for step in steps), str(path)))
    _print_rows("Pipelines", ("name", "steps", "file"), rows)


def _listed_in(text: str, name: str) -> list[Any]:
    """Read the value of an option that takes several, separated by commas."""
    parts = [part.strip() for part in text.split(",")]
    if name != "seeds":
        return parts
    try:
        return [int(part) for part in parts]
    except ValueError:
        raise ConfigError(
            f"--seeds takes whole numbers with commas, for example 0,1,2; got {text!r}."
        ) from None


def _print_plan(plan: pd.DataFrame, out: Path) -> None:
    rows = [
        (pipeline, protocol, *(_listed(tasks[name]) for name in ("seed", "subject")), len(tasks))
        for (pipeline, protocol), tasks in plan.groupby(["pipeline", "protocol"], sort=False)
    ]
    columns = ("pipeline", "protocol", "seeds", "target subjects", "tasks")
    _print_rows("Tasks", columns, [tuple(str(cell) for cell in row) for row in rows])
    _say(f"{len(plan)} tasks; results would go to {out}")


def _listed(values: pd.Series[str]) -> str:
    return ", ".join(str(value) for value in values.unique())


def _print_rows(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def _say(text: str) -> None:
    _console().print(text, soft_wrap=True, highlight=False, markup=False)


def _console() -> Console:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
