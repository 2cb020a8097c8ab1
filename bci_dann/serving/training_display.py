"""Display of training progress on the standard error stream: epochs of networks and time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["count_epochs", "training_shown"]


@contextmanager
def training_shown(text: str, estimator: Any, show: bool) -> Iterator[None]:
    """Display that a training is running, its elapsed time, and the remaining epochs.

    A terminal shows a progress bar while networks are trained; a file or a pipe gets one line.

    Parameters
    ----------
    text : str
        Description of the training, such as the pipeline and the number of trials.
    estimator : TransferClassifier
        The method that is trained inside the ``with`` block.
    show : bool
        Whether to display anything.

    Yields
    ------
    None
        Control, while the display is active.
    """
    if not show:
        yield
        return
    from rich.console import Console

    console = Console(stderr=True)
    total = count_epochs(estimator) if console.is_terminal else 0
    with _display(console, bool(total)) as bar:
        handle = bar.add_task(text, total=total or None)
        if not total:
            yield
            return
        from bci_dann.training import observed_epochs

        def advance(n_networks: int) -> None:
            done = bar.tasks[0].completed + n_networks
            # networks that search for weights, or replace failed ones, are not in the total
            bar.update(handle, completed=done, total=max(total, done))

        with observed_epochs(advance):
            yield


def count_epochs(estimator: Any) -> int:
    """Return the number of epochs that a method trains, summed over its networks.

    Parameters
    ----------
    estimator : TransferClassifier
        A method or an ensemble of methods.

    Returns
    -------
    int
        0 if the method trains no network.
    """
    from bci_dann.estimators import EnsembleClassifier, NetworkClassifier

    if isinstance(estimator, EnsembleClassifier):
        return sum(count_epochs(member) for member, _ in estimator.weighted_members())
    if isinstance(estimator, NetworkClassifier) and estimator.trains_network:
        return estimator.max_epochs * estimator.n_members
    return 0


def _display(console: Console, of_epochs: bool) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    spinner, text = SpinnerColumn(), TextColumn("{task.description}", markup=False)
    if not of_epochs:
        return Progress(spinner, text, TimeElapsedColumn(), console=console)
    count = (BarColumn(), MofNCompleteColumn(), TextColumn("epochs"), TimeElapsedColumn())
    return Progress(
        spinner, text, *count, TextColumn("left"), TimeRemainingColumn(), console=console
    )
