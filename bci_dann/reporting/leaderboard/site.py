"""The folder of a leaderboard: entries, copied reports and configurations, and one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bci_dann._files import write_atomically
from bci_dann.evaluation.suites.suite_run import SUITE_FILES
from bci_dann.exceptions import ConfigError
from bci_dann.reporting.leaderboard.entry import Entry, entry_of_run, read_entry, slug
from bci_dann.reporting.leaderboard.table_page import leaderboard_page

__all__ = ["write_leaderboard"]

ENTRIES, RUNS, PAGE = "entries", "runs", "index.html"
COPIED = {"report": "report.html", "configuration": "config.json"}


def write_leaderboard(
    runs: Sequence[str | Path], out: str | Path, title: str = "Leaderboard"
) -> list[Entry]:
    """Write a static leaderboard, or add runs to one.

    Parameters
    ----------
    runs : sequence of str or pathlib.Path
        Results folders, of finished runs or of ones that have not ended; the folder of a suite
        stands for those of its datasets. May be empty where the site has entries.
    out : str or pathlib.Path
        The site's folder: ``index.html``, one self-contained page; ``entries/NAME.json``, one
        file a run; ``runs/NAME`` with its report and configuration. Entries that are there, added
        by others maybe, are checked and shown, too. An entry is replaced by that of the same run
        in a folder of the same name; after the folder is renamed, remove the old entry.
    title : str
        Heading of the page.

    Returns
    -------
    list of Entry
        All that the page shows, by name.

    Raises
    ------
    ConfigError
        When an entry is wrong, two runs would have one name, or there is no entry at all.
    ResultsError
        When a folder is no results folder, has nothing to show, or the site cannot be written to.

    See Also
    --------
    bci_dann.reporting.write_run_report : The report that an entry links to.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import run_benchmark
    >>> from bci_dann.reporting import write_leaderboard
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["csp_lda"], "protocols": ["train"]}
    >>> with TemporaryDirectory() as folder:
    ...     run, site = Path(folder, "my"), Path(folder, "site")
    ...     _ = run_benchmark(config, run, progress=False)
    ...     entries = write_leaderboard([run], site)
    ...     names = sorted(path.name for path in site.iterdir())
    >>> [entry.name for entry in entries], names
    (['my'], ['entries', 'index.html', 'runs'])
    """
    site = Path(out)
    known = {path.stem: read_entry(path) for path in sorted((site / ENTRIES).glob("*.json"))}
    folders = _named(runs)
    new = {
        name: _with_links(entry_of_run(folder, name), folder) for name, folder in folders.items()
    }
    for name, entry in new.items():
        if name in known and known[name].run != entry.run:
            raise ConfigError(
                f"{site / ENTRIES / name}.json is the entry of another run. Rename the folder "
                f"{folders[name]}, or remove that entry if it is out of date."
            )
    entries = {**known, **new}
    if not entries:
        raise ConfigError(f"{site / ENTRIES} holds no entry: give results folders to begin with.")
    shown = [entries[name] for name in sorted(entries)]
    for name, entry in new.items():
        _copy(entry, folders[name], site)
        write_atomically(site / ENTRIES / f"{name}.json", entry.to_json())
    write_atomically(site / PAGE, leaderboard_page(shown, title).encode())
    return shown


def _named(runs: Sequence[str | Path]) -> dict[str, Path]:
    """Return the results folders by the names of their entries."""
    folders: dict[str, Path] = {}
    for given in map(Path, runs):
        for name, folder in _of_suite(given) or [(slug(given.resolve().name), given)]:
            if name in folders:
                raise ConfigError(
                    f"{folders[name]} and {folder} would both be the entry {name!r}. Rename one of "
                    "the folders."
                )
            folders[name] = folder
    return folders


def _of_suite(folder: Path) -> list[tuple[str, Path]]:
    """Return the results folders of a suite; empty where it is none."""
    if not (folder / SUITE_FILES["scores"]).is_file():
        return []
    suite = folder.resolve().name
    found = sorted(path.parent for path in folder.glob("*/config.json"))
    # those without a result have failed, which the run has said
    return [(slug(f"{suite}-{one.name}"), one) for one in found if any(one.glob("records/*.npz"))]


def _with_links(entry: Entry, folder: Path) -> Entry:
    links = {
        key: f"{RUNS}/{entry.name}/{file}"
        for key, file in COPIED.items()
        if (folder / file).is_file()
    }
    return entry.model_copy(update=links)


def _copy(entry: Entry, folder: Path, site: Path) -> None:
    for key, file in COPIED.items():
        link = getattr(entry, key)
        if link is not None:
            write_atomically(site / link, (folder / file).read_bytes())
