"""What each verb calls, and what it prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bci_dann.cli.console import console, print_plan, print_rows, say
from bci_dann.cli.options import configured, listed_in
from bci_dann.exceptions import ConfigError

__all__ = ["adapt", "datasets", "doctor", "fit", "pipelines", "predict", "run", "select"]


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
    from bci_dann.evaluation import run_benchmark, summarise
    from bci_dann.reporting import closing_tables

    description = configured(config, replaced)
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
        print_plan(results, out)
        return
    for table in closing_tables(summarise(results)):
        console().print(table)
    say(f"Every session: {out / 'results.csv'}")


def fit(config: Path, out: Path, pipeline: str | None, data_dir: Path | None, seed: int) -> None:
    """Train on all subjects and save; see `bci_dann.serving.workflows.fit_model`."""
    from bci_dann.serving.workflows import fit_model

    recipe = fit_model(config, out, pipeline, data_dir, seed)
    say(f"{recipe.pipeline} for {', '.join(recipe.classes)} is saved in {out}")


def adapt(model: Path, recordings: Sequence[Path], out: Path, cues: Sequence[str]) -> None:
    """Adapt a model and save it; see `bci_dann.serving.workflows.adapt_model`."""
    from bci_dann.serving.workflows import adapt_model

    done = adapt_model(model, recordings, out, cues)
    if done.changed:
        say(f"adapted to {done.n_trials} trials without labels; saved in {out}")
    else:
        say(
            f"not adapted: a model without alignment has nothing to adapt, and {out} is a copy "
            "of it. Train with alignment: euclidean to adapt."
        )


def predict(model: Path, recordings: Sequence[Path], out: Path, cues: Sequence[str]) -> None:
    """Write predictions as CSV; see `bci_dann.serving.workflows.predict_recordings`."""
    from bci_dann.serving.workflows import predict_recordings, write_csv

    if out.resolve() in {path.resolve() for path in recordings}:
        raise ConfigError(f"--out is {out}, one of the recordings: name another file.")
    table = predict_recordings(model, recordings, cues)
    write_csv(table, out)
    counts = table["predicted"].value_counts().sort_index()
    say(f"{len(table)} trials in {out}: " + ", ".join(f"{n} {c}" for c, n in counts.items()))


def select(results: Path, pipelines: str | None) -> None:
    """Print what ways to choose would have brought; see `bci_dann.evaluation.selection_table`."""
    from bci_dann.evaluation import selection_table

    names = None if pipelines is None else listed_in(pipelines, "pipelines")
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
        print_rows(f"Choosing among pipelines: {protocol}", columns, cells)
    say("ROC AUC over all trials of a subject; `run` shows the mean over sessions.")


def doctor() -> bool:
    """Print what `bci_dann.installation.examine` finds; return whether all is well."""
    from bci_dann.cli.command_group import tell
    from bci_dann.installation import examine

    report = examine()
    print_rows("Versions", ("what", "version"), report.versions.items())
    print_rows("This machine", ("what", "is"), report.facts.items())
    for problem in report.problems:
        tell(f"Broken: {problem.what}. {problem.remedy}")
    if not report.problems:
        say("nothing is wrong")
    return not report.problems


def datasets() -> None:
    """Print the names that ``data.dataset`` may have."""
    from bci_dann.data.dataset_names import dataset_names

    for name in dataset_names():
        say(name)


def pipelines() -> None:
    """Print the names that ``pipelines`` may have, with the classes that they are made of."""
    from bci_dann.evaluation.config.pipeline_file import available_pipelines, load_pipeline
    from bci_dann.evaluation.config.run_config import pipeline_folders

    found = available_pipelines(pipeline_folders())
    if not found:
        looked = ", ".join(str(folder) for folder in pipeline_folders())
        raise ConfigError(f"there are no pipeline files (*.yml) in {looked}.")
    rows = []
    for name, path in found.items():
        steps = load_pipeline(path).definition
        rows.append((name, " + ".join(step["name"] for step in steps), str(path)))
    print_rows("Pipelines", ("name", "steps", "file"), rows)
