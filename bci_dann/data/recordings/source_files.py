"""Source files of prepared trials of MOABB datasets, to detect changes of these files.

MOABB downloads missing files when it lists the files of a dataset, so they are listed only after a
subject has been loaded, and then stored with digests of their content.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.data.recordings.companions import files_read
from bci_dann.data.recordings.content_digest import content_digest

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["SourceFiles"]

Digests = dict[str, str | None]


class SourceFiles:
    """The source files of the trials with one cache key.

    Parameters
    ----------
    cache : pathlib.Path
        The cache.
    key : str
        The key of the trials for unchanged files.
    data_dir : path, or None
        The folder of MOABB's downloads; ``None`` is that of MNE's configuration. Paths of files are
        stored relative to it, so that a copy of the folder is equivalent.
    """

    def __init__(self, cache: Path, key: str, data_dir: Path | str | None) -> None:
        self._stored = cache / "sources" / f"{key}.json"
        self._data_dir = _data_folder(data_dir)

    def changes(self) -> Digests:
        """Return the digests of all files if a file has changed since it was first read.

        Returns
        -------
        dict of str to str or None
            Digests by file; ``None`` for a missing file. Empty if nothing has changed, no files are
            known, or all are missing: prepared trials remain valid without the recordings.
        """
        first = self._first_digests()
        now = {name: self._digest(name) for name in first}
        are_missing = not any(now.values())
        return {} if are_missing or now == first else now

    def remember(self, dataset: BaseDataset, subjects: Iterable[Any]) -> None:
        """Store the files of subjects that have been loaded, unless they are already known.

        Parameters
        ----------
        dataset : moabb.datasets.base.BaseDataset
            The dataset.
        subjects : iterable
            Its subjects.
        """
        paths = [path for subject in subjects for path in _paths(dataset, subject)]
        names = sorted({self._name(file) for path in paths for file in files_read(path)})
        digests = {**{name: self._digest(name) for name in names}, **self._first_digests()}
        if digests:
            with suppress(OSError):  # later changes are then not detected; the trials are correct
                self._stored.parent.mkdir(parents=True, exist_ok=True)
                self._stored.write_text(json.dumps(digests, indent=1, sort_keys=True))

    def _first_digests(self) -> Digests:
        try:
            content = json.loads(self._stored.read_bytes())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _name(self, file: Path) -> str:
        file = file.absolute()
        inside = self._data_dir is not None and file.is_relative_to(self._data_dir)
        return (file.relative_to(self._data_dir) if inside else file).as_posix()  # type: ignore[arg-type]

    def _digest(self, name: str) -> str | None:
        file = Path(name) if self._data_dir is None else self._data_dir / name
        return content_digest(file) if file.is_file() else None


def _data_folder(data_dir: Path | str | None) -> Path | None:
    import mne

    folder = data_dir or mne.get_config("MNE_DATA")
    return Path(folder).expanduser().absolute() if folder else None


def _paths(dataset: BaseDataset, subject: Any) -> list[Path]:
    """Return the files of a loaded subject, for which MOABB has nothing left to download."""
    try:
        return [path for path in _flat(dataset.data_path(subject)) if path.exists()]
    except Exception:  # datasets without files, and datasets of other authors
        return []


def _flat(paths: Any) -> Iterator[Path]:
    """Yield the paths in a return value of a dataset: a path, a list, or a mapping of lists."""
    if isinstance(paths, str | Path):
        yield Path(paths)
    elif isinstance(paths, Mapping):
        yield from _flat(list(paths.values()))
    elif isinstance(paths, list | tuple):
        for path in paths:
            yield from _flat(path)
