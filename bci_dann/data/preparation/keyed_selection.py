"""A selection of a dataset, and the cache key of its prepared trials."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.data.cache import DATA_VERSION, cache_key
from bci_dann.data.fingerprint import dataset_fingerprint, describes_itself
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.recordings.source_files import SourceFiles
from bci_dann.data.screening.rest_windows import rest_steps
from bci_dann.data.subset import Subset
from bci_dann.data.windows.pseudo_online import PseudoOnline

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["KeyedSelection"]


class KeyedSelection:
    """A selection of a dataset, and the parts of the cache key of its trials.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        The dataset.
    subset : Subset
        The selection.
    preprocessing : Preprocessing
        The steps.
    root : pathlib.Path
        The cache.
    data_dir : path, or None
        The folder of MOABB's downloads.
    pseudo_online : PseudoOnline or None
        Windows over the recordings, in addition to the trials.

    Attributes
    ----------
    parts : dict of str to object
        Everything that determines the trials.

    Raises
    ------
    ConfigError
        When the rest window is not possible for the dataset.
    """

    def __init__(
        self,
        dataset: BaseDataset,
        subset: Subset,
        preprocessing: Preprocessing,
        root: Path,
        data_dir: Path | str | None,
        pseudo_online: PseudoOnline | None = None,
    ) -> None:
        rest_steps(dataset, preprocessing)  # raises an error before a recording is read
        self.dataset, self.subset = dataset, subset
        self.parts: dict[str, Any] = {
            "data_version": DATA_VERSION,
            "dataset": dataset_fingerprint(dataset),
            "selection": asdict(subset),
            "preprocessing": preprocessing.model_dump(mode="json"),
            "versions": {name: version(name) for name in ("mne", "moabb", "numpy", "scipy")},
        }
        if pseudo_online is not None:
            self.parts["pseudo_online"] = pseudo_online.model_dump(mode="json")
        self._sources = SourceFiles(root, cache_key(self.parts), data_dir)
        if not describes_itself(dataset) and (changes := self._sources.changes()):
            self.parts["changed_files"] = changes

    def remember_files(self) -> None:
        """Store the list of files that were read, unless the dataset's fingerprint has them."""
        if not describes_itself(self.dataset):
            self._sources.remember(self.dataset, self.subset.subjects)
