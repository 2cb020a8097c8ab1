"""Display of training on the standard error stream: epochs of networks, and the time left."""

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
    """Show during a block that training goes on, for how long, and what is left of its epochs.

    A terminal gets a bar where a network is trained; a file or a pipe gets one line.

    Parameters
    ----------
    text : str
        What is trained on which trials.
    estimator : TransferClassifier
        The method that is trained in the block.
    show : bool
        Whether to show anything.

    Yields
    ------
    None
        While it shows.
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
            # networks that find weights, or fall back, come on top of those that are used
            bar.update(handle, completed=done, total=max(total, done))

        with observed_epochs(advance):
            yield


def count_epochs(estimator: Any) -> int:
    """Return how many epochs a method trains, over all of its networks.

    Parameters
    ----------
    estimator : TransferClassifier
        A method, perhaps an ensemble.

    Returns
    -------
    int
        0 where no network is trained.
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
