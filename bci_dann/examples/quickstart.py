"""The quickstart: methods compared on simulated subjects, then one new subject served.

Everything goes into one folder: the records, table and report of the comparison, a picture, a saved
model, recordings of a subject who is not among the sources, and predictions for one of them.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.exceptions import BCIDannWarning, ConfigError, ResultsError

if TYPE_CHECKING:
    import mne
    import pandas as pd

    from bci_dann.evaluation import RunConfig

__all__ = ["RECIPE", "Quickstart", "new_subject_recordings", "run_quickstart"]

# The pipeline that serves the new subject: the default recipe.
RECIPE = "bci_dann"
N_SESSIONS = 2  # of the new subject: one to adapt to, one to predict
Say = Callable[[str], object]


@dataclass(frozen=True)
class Quickstart:  # numpydoc ignore=PR02
    """What the quickstart has computed and written.

    Parameters
    ----------
    results : pandas.DataFrame
        The table of the comparison, one row a task and session.
    folder : pathlib.Path
        Where everything is; ``results.csv`` is in it.
    figure : pathlib.Path
        The picture of what each method does for each subject (PNG).
    model : pathlib.Path
        Folder of the saved model.
    recordings : tuple of pathlib.Path
        Recordings of the new subject (FIF), the one to adapt to and the one to predict.
    predictions : pathlib.Path
        Class and probabilities of each trial of the second recording (CSV).
    n_trials : int
        Trials of the second recording.
    n_right : int
        How many of them the adapted model predicts right.
    n_right_before : int
        How many of them the model predicts right as it was trained.
    report : pathlib.Path or None
        The report of the comparison (HTML); ``None`` where a warning says that it failed.
    """

    results: pd.DataFrame
    folder: Path
    figure: Path
    model: Path
    recordings: tuple[Path, Path]
    predictions: Path
    n_trials: int
    n_right: int
    n_right_before: int
    report: Path | None = None


def run_quickstart(
    out: str | Path = "runs/quickstart",
    n_jobs: int = 1,
    *,
    config: str | Path | dict[str, Any] = "quickstart",
    pipeline: str = RECIPE,
    progress: bool = True,
    say: Say | None = None,
) -> Quickstart:
    """Compare methods on simulated subjects, and serve one new subject with a saved model.

    Finished tasks of the comparison have their records in ``out``: a run that was interrupted
    continues where it stopped.

    Parameters
    ----------
    out : str or pathlib.Path
        The folder for everything.
    n_jobs : int
        Tasks at a time, each in a process of its own; -1 for one a core.
    config : str, pathlib.Path or dict
        A run of ``SimulatedMI``: the name of a shipped configuration, a file, or the content.
    pipeline : str
        Which of its pipelines serves the new subject.
    progress : bool
        Whether to show progress on the standard error stream.
    say : callable, optional
        Called with one sentence before each step.

    Returns
    -------
    Quickstart
        What was computed, and the files.

    Raises
    ------
    ConfigError
        When the configuration is wrong, or its dataset is not the simulator.
    ResultsError
        When a file cannot be written, or when tasks have failed.
    KeyboardInterrupt
        After Ctrl-C; no file is left half written.
    """
    from bci_dann.evaluation import load_config, run_benchmark
    from bci_dann.reporting import report_or_warn, write_subject_figure

    run, folder, tell = load_config(config), Path(out), say or _say_nothing
    _check_is_simulated(run)
    tell(f"1 of 3: {len(run.pipelines)} methods, each simulated subject left out in turn")
    results = run_benchmark(run, folder, n_jobs=n_jobs, progress=progress)
    figure = write_subject_figure(results, folder / "subjects.png")
    tell(f"2 of 3: {pipeline} is trained on all of them and saved{_expected(results, pipeline)}")
    model = _train(run, pipeline, folder / "model", progress)
    tell("3 of 3: a new subject is simulated and served from the saved model")
    recordings = _write_recordings(run, folder / "new_subject")
    predictions = folder / "predictions.csv"
    counts = _serve(model, recordings, predictions)
    report = report_or_warn(folder)
    return Quickstart(results, folder, figure, model, recordings, predictions, *counts, report)


def new_subject_recordings(run: RunConfig) -> tuple[mne.io.BaseRaw, ...]:
    """Simulate one more subject than a run has, with two sessions.

    Parameters
    ----------
    run : RunConfig
        A run of ``SimulatedMI``.

    Returns
    -------
    tuple of mne.io.BaseRaw
        One recording a session (V). Annotations at the cues name the classes.
    """
    from bci_dann.data import make_dataset
    from bci_dann.data.combined.combined_config import one_dataset

    data = one_dataset(run.data, "the quickstart")
    n_subjects = len(make_dataset(data).subject_list)
    params = {**data.params, "n_subjects": n_subjects + 1, "n_sessions": N_SESSIONS}
    dataset = make_dataset(data.model_copy(update={"params": params, "subjects": None}))
    sessions = dataset.get_data([n_subjects + 1])[n_subjects + 1]
    return tuple(raw for runs in sessions.values() for raw in runs.values())


def _say_nothing(_: str) -> None:
    """Take a sentence and leave it."""


def _check_is_simulated(run: RunConfig) -> None:
    from bci_dann.data.combined.combined_config import one_dataset

    data = one_dataset(run.data, "the quickstart")
    if data.dataset != "SimulatedMI":
        raise ConfigError(
            "the quickstart needs a configuration with dataset: SimulatedMI, since it simulates "
            f"a new subject; got {data.dataset}. Use `bci-dann run` for other data."
        )


def _expected(results: pd.DataFrame, pipeline: str) -> str:
    """Return how long training will take, from the folds of the comparison."""
    from bci_dann.evaluation.runs.progress import duration_text

    rows = results[results["pipeline"] == pipeline]
    if rows.empty:
        return ""
    seconds = rows.groupby(["subject", "seed"])["fit_seconds"].first().mean()
    return f", in about {duration_text(seconds)}"


def _train(run: RunConfig, pipeline: str, folder: Path, progress: bool) -> Path:
    from bci_dann._threads import limited_threads
    from bci_dann.serving import fit_model

    # as in the comparison, so that the time told before holds; on busy cores, several threads of
    # torch wait for each other and take many times longer
    with limited_threads(run.threads):
        fit_model(run, pipeline=pipeline, seed=run.seeds[0], out=folder, progress=progress)
    return folder


def _write_recordings(run: RunConfig, folder: Path) -> tuple[Path, Path]:
    first, second = (
        _write(raw, folder / f"session{number}_raw.fif")
        for number, raw in enumerate(new_subject_recordings(run))
    )
    return first, second


def _write(raw: mne.io.BaseRaw, path: Path) -> Path:
    """Write a recording in one step: it is complete once it has its name."""
    temporary = path.with_name(f".part_{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        raw.save(temporary, overwrite=True, verbose="error")
        temporary.replace(path)
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror or error}. "
            "Choose another folder with --out."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return path


def _serve(model: Path, recordings: tuple[Path, Path], predictions: Path) -> tuple[int, int, int]:
    """Adapt to the first recording without labels, predict the second, and count."""
    from bci_dann.serving import adapt_model, open_model, predict_recordings

    first, second = recordings
    served = open_model(model)
    with warnings.catch_warnings():  # that the subject is new to the model is the point
        warnings.simplefilter("ignore", BCIDannWarning)
        before = predict_recordings(served, second)
    adapted = adapt_model(served, first).model
    table = predict_recordings(adapted, second, out=predictions)
    return len(table), _n_right(table), _n_right(before)


def _n_right(table: pd.DataFrame) -> int:
    """Count the predictions that name the class of the cue, which the simulator has noted."""
    return int((table["prediction"] == table["class"]).sum())
