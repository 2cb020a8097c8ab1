"""Log of the losses of networks for TensorBoard, while they are trained."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from bci_dann.exceptions import ConfigError, InstallationError
from bci_dann.objectives.batch_view import OF_TERM
from bci_dann.training.epoch_observer import LossListener, observed_losses

__all__ = ["check_tensorboard", "tensorboard_log"]

# Seconds after which new values are written to the log, so that an open TensorBoard shows them.
FLUSH_SECONDS = 10


def check_tensorboard(folder: str | Path) -> None:
    """Raise where losses cannot be logged for TensorBoard.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where logs are to be written; it need not exist yet.

    Raises
    ------
    InstallationError
        When TensorBoard is not installed.
    ConfigError
        When the folder is a file.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise InstallationError(
            "TensorBoard is not installed: `pip install bci_dann[tensorboard]`, or leave "
            "--tensorboard out; the report of a run has training curves as well."
        )
    if Path(folder).is_file():
        raise ConfigError(f"{folder} is a file. Give a folder for the logs of TensorBoard.")


@contextmanager
def tensorboard_log(folder: str | Path, *parts: str) -> Iterator[None]:
    """Log the losses of every network that is trained in a block, epoch by epoch.

    Each network is a run of TensorBoard of its own, with the summands of its loss, weighted, as
    ``loss/NAME``, and what terms measure as ``measure/NAME``, such as the accuracy of a domain
    classifier (``measure/domain_adversary.domain_accuracy``). ``tensorboard --logdir FOLDER``
    shows them, during training, too.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where logs are written.
    *parts : str
        Folders in it, such as the pipeline and the subject.

    Yields
    ------
    None
        While it logs; results do not depend on it.

    Raises
    ------
    InstallationError
        When TensorBoard is not installed.
    ConfigError
        When the folder is a file.

    See Also
    --------
    bci_dann.run_benchmark : Logs the trainings of a run.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from bci_dann import NetworkClassifier
    >>> from bci_dann.training import tensorboard_log
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> with TemporaryDirectory() as folder:
    ...     with tensorboard_log(folder, "mlp"):
    ...         model = NetworkClassifier("MLP", max_epochs=3).fit(X, X[:, 0] > 0)
    ...     [path.name for path in Path(folder, "mlp").iterdir()]
    ['the_network']
    """
    check_tensorboard(folder)
    log = _Log(Path(folder, *map(_as_folder, parts)))
    with log.writers, observed_losses(log.begin):
        yield


class _Log:
    """Writers of the networks that were trained in a block; each has a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writers = ExitStack()
        self._used: dict[str, int] = {}

    def begin(self, names: Sequence[str]) -> LossListener:
        writers = [self._writer(name) for name in names]

        def listen(epoch: int, losses: Sequence[Mapping[str, float] | None]) -> None:
            for writer, values in zip(writers, losses, strict=True):
                for name, value in (values or {}).items():
                    kind = "measure" if OF_TERM in name else "loss"
                    writer.add_scalar(f"{kind}/{name}", value, epoch + 1)

        return listen

    def _writer(self, name: str) -> Any:
        from torch.utils.tensorboard import SummaryWriter

        # networks of one name follow each other, as in an ensemble
        self._used[name] = count = self._used.get(name, 0) + 1
        folder = self.folder / _as_folder(name if count == 1 else f"{name} {count}")
        writer = SummaryWriter(str(folder), flush_secs=FLUSH_SECONDS)
        return self.writers.enter_context(closing(writer))


def _as_folder(name: str) -> str:
    """Return a name as that of a folder on any system."""
    return re.sub(r"[^\w.=+-]+", "_", name).strip("._") or "_"
