"""Accuracy as a function of how many trials of a new subject have passed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bci_dann._validation import check_count
from bci_dann.evaluation.selection.subject_predictions import SubjectPredictions, read_predictions
from bci_dann.reporting.figure_file import write_png
from bci_dann.reporting.subject_figure import COLOURS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["draw_online_curve", "online_curve", "write_online_figure"]

LINES = ("-", "--", ":", "-.")
WIDTH, HEIGHT = 7.4, 4.4  # inches


def online_curve(folder: str | Path, width: int = 20) -> pd.DataFrame:
    """Return the accuracy in bins of the number of trials that have passed.

    Parameters
    ----------
    folder : str or pathlib.Path
        A results folder, of a run under ``online`` and, to compare, other protocols that score the
        same trials.
    width : int
        Trials in a bin.

    Returns
    -------
    pandas.DataFrame
        One row for each pipeline, protocol and bin, with the columns ``pipeline``, ``protocol``,
        ``first_trial`` and ``last_trial`` (of each subject, from 1), ``n_subjects``, ``n_trials``
        and ``accuracy`` (%), the mean over subjects and seeds.

    Raises
    ------
    ResultsError
        When it is no results folder.

    See Also
    --------
    draw_online_curve : Draws it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import run_benchmark
    >>> from bci_dann.reporting import online_curve
    >>> config = {
    ...     "name": "mine",
    ...     "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}},
    ...     "pipelines": ["ea_csp_lda"],
    ...     "protocols": ["online", "train_and_target_unlabeled_full"],
    ... }
    >>> with TemporaryDirectory() as run:
    ...     _ = run_benchmark(config, run, progress=False)
    ...     curve = online_curve(run, width=10)
    >>> curve[["protocol", "first_trial", "last_trial"]].values.tolist()[:2]
    [['online', 1, 10], ['online', 11, 20]]
    """
    import pandas as pd

    check_count("width", width)
    rows = [row for one in read_predictions(folder) for row in _rows(one, width)]
    keys = ["pipeline", "protocol", "first_trial", "last_trial"]
    table = pd.DataFrame(rows, columns=[*keys, "subject", "n_trials", "hits"])
    return table.groupby(keys, as_index=False).agg(
        n_subjects=("subject", "nunique"), n_trials=("n_trials", "sum"), accuracy=("hits", "mean")
    )


def write_online_figure(table: pd.DataFrame, path: str | Path) -> Path:
    """Draw a curve as a PNG file.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`online_curve` returns it.
    path : str or pathlib.Path
        The file; it is replaced in one step.

    Returns
    -------
    pathlib.Path
        The file.

    See Also
    --------
    online_curve : The table.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from bci_dann.reporting import write_online_figure
    >>> curve = {"pipeline": "mine", "protocol": "online", "first_trial": [1, 21]}
    >>> curve = pd.DataFrame({**curve, "last_trial": [20, 40], "accuracy": [70.0, 80.0]})
    >>> with TemporaryDirectory() as folder:
    ...     write_online_figure(curve, Path(folder) / "online.png").name
    'online.png'
    """
    return write_png(draw_online_curve(table), path)


def draw_online_curve(table: pd.DataFrame) -> Figure:
    """Draw the accuracy of each pipeline and protocol over the trials that have passed.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`online_curve` returns it.

    Returns
    -------
    matplotlib.figure.Figure
        A colour for each pipeline, a line style for each protocol. Neither pyplot nor a global
        style is used.

    See Also
    --------
    online_curve : The table.

    Examples
    --------
    >>> import pandas as pd
    >>> from bci_dann.reporting import draw_online_curve
    >>> curve = {"pipeline": "mine", "protocol": "online", "first_trial": [1, 21]}
    >>> curve = pd.DataFrame({**curve, "last_trial": [20, 40], "accuracy": [70.0, 80.0]})
    >>> draw_online_curve(curve).axes[0].get_xlabel()
    'trials of the new subject'
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    pipelines, protocols = (list(dict.fromkeys(table[key])) for key in ("pipeline", "protocol"))
    for (pipeline, protocol), rows in table.groupby(["pipeline", "protocol"], sort=False):
        axes.plot(
            (rows["first_trial"] + rows["last_trial"]) / 2,
            rows["accuracy"],
            color=COLOURS[pipelines.index(pipeline) % len(COLOURS)],
            linestyle=LINES[protocols.index(protocol) % len(LINES)],
            marker="o",
            label=f"{pipeline}, {protocol}",
        )
    axes.set_xlabel("trials of the new subject")
    axes.set_ylabel("accuracy (%)")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return figure


def _rows(one: SubjectPredictions, width: int) -> list[dict[str, object]]:
    """Return one row for each bin of a subject's trials, in the order of recording."""
    order = np.argsort(one.test_index)
    hits = (one.classes[one.probabilities.argmax(axis=1)] == one.truth)[order]
    return [
        {
            "pipeline": one.pipeline,
            "protocol": one.protocol,
            "subject": one.subject,
            "first_trial": start + 1,
            "last_trial": start + width,
            "n_trials": len(hits[start : start + width]),
            "hits": 100.0 * hits[start : start + width].mean(),
        }
        for start in range(0, len(hits), width)
    ]
