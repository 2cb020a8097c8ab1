"""Closing lines of commands: what to look at, how to read it, and what to type next."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["after_quickstart", "after_run"]

READING = (
    "How to read the picture: each line is a subject. A method helps where most subjects gain",
    "over source_only, which is plain training; a higher mean alone may come from one subject.",
    "Below the dotted line a subject's accuracy may well come from guessing.",
)


def after_run(
    out: Path, config: Path, data_dir: Path | None = None, report: Path | None = None
) -> list[str]:
    """Return the closing lines of ``bci-dann run``.

    Parameters
    ----------
    out : pathlib.Path
        The results folder.
    config : pathlib.Path
        What the user gave as configuration.
    data_dir : pathlib.Path or None
        The folder of the recordings, where the user gave one.
    report : pathlib.Path or None
        The report, where it was written.

    Returns
    -------
    list of str
        One sentence a line.
    """
    folder, data = shlex.quote(str(out)), shlex.quote(str(config))
    if data_dir is not None:
        data += f" --data-dir {shlex.quote(str(data_dir))}"
    return [
        *([] if report is None else [f"The report, with how to read and cite it: {report}"]),
        f"Every session: {out / 'results.csv'}",
        f"Every subject in one picture: {out / 'subjects.png'}",
        f"Next: `bci-dann select {folder}` (evaluates the choice of a pipeline without labels) or "
        f"`bci-dann fit {data} --pipeline NAME -o model` (a model for a new subject).",
    ]


def after_quickstart(
    folder: Path,
    model: Path,
    recordings: Sequence[Path],
    counts: tuple[int, int, int],
    report: Path | None = None,
) -> list[str]:
    """Return the closing lines of ``bci-dann quickstart``.

    Parameters
    ----------
    folder : pathlib.Path
        Where everything is.
    model : pathlib.Path
        Folder of the saved model.
    recordings : sequence of pathlib.Path
        The new subject's, the one to adapt to and the one to predict.
    counts : tuple of int
        Trials of the second recording, how many are right after adaptation, and before.
    report : pathlib.Path or None
        The report of the comparison, where it was written.

    Returns
    -------
    list of str
        One line each; some are empty, as they part paragraphs.
    """
    n_trials, n_right, n_before = counts
    first, second = (shlex.quote(str(path)) for path in recordings)
    saved, adapted = shlex.quote(str(model)), shlex.quote(str(folder / "adapted"))
    return [
        "",
        f"A new subject, not among the sources, {n_trials} trials of the second session:",
        f"  {n_before:3d} right by the saved model as it is",
        f"  {n_right:3d} right once it is adapted to the first session, without labels",
        "They can be counted because the simulator knows the classes; for a real subject this "
        "needs labelled trials (bci-dann evaluate).",
        "",
        "Look at",
        *([] if report is None else [f"  {report}: the comparison explained, in a browser"]),
        f"  {folder / 'subjects.png'}: what each method does for each subject",
        f"  {folder / 'results.csv'}: the same as a table, one row a subject and method",
        f"  {folder / 'predictions.csv'}: the new subject's trials, with probabilities",
        *READING,
        "",
        "Type next",
        *_activation(),
        "  the same new subject, step by step:",
        f"    bci-dann adapt {saved} {first} -o {adapted}",
        f"    bci-dann predict {adapted} {second} -o predictions.csv",
        "  your own recordings (my.yaml then says what the files hold):",
        "    bci-dann init FOLDER -o my.yaml",
        "    bci-dann check my.yaml --data-dir FOLDER",
        "    bci-dann run my.yaml --data-dir FOLDER",
        "  the documentation: docs/start.md and the other pages of docs/",
    ]


def _activation() -> list[str]:
    """Return how to make the commands found, where the environment is not activated."""
    script = Path(sys.prefix) / "bin" / "activate"
    if shutil.which("bci-dann") or not script.is_file():
        return []
    return ["  first, so that bci-dann is found:", f"    source {shlex.quote(str(script))}"]
