"""Folder of a run over regimes: the regimes of the last command, and those held out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bci_dann._files import write_atomically
from bci_dann.evaluation.regimes.regime_plan import PlannedRegime
from bci_dann.evaluation.regimes.regime_table import TABLE_FILE
from bci_dann.evaluation.score_table import read_score_table
from bci_dann.exceptions import ResultsError

__all__ = ["RegimesFolder", "is_regimes_folder", "open_regimes", "write_regimes"]

REGIMES_FILE = "regimes.json"


@dataclass(frozen=True)
class RegimesFolder:
    """Regimes and baselines of the last command in a folder.

    Attributes
    ----------
    held_out : dict of str to bool
        For each regime, in order, whether it is reserved for a final test.
    baselines : list of str
        The pipelines that the others are compared with.
    worlds : list of str
        The regimes that are simulated worlds; empty for folders of earlier versions.
    """

    held_out: dict[str, bool]
    baselines: list[str]
    worlds: list[str] = field(default_factory=list)


def is_regimes_folder(folder: Path) -> bool:
    """Return whether a folder contains a run over regimes.

    Parameters
    ----------
    folder : pathlib.Path
        Any folder.

    Returns
    -------
    bool
        True as soon as training of the first regime begins.
    """
    return (folder / REGIMES_FILE).is_file() or (folder / TABLE_FILE).is_file()


def write_regimes(folder: Path, planned: Sequence[PlannedRegime], baselines: Sequence[str]) -> None:
    """Write the list of regimes, so that a report can be written even if the run does not finish.

    Parameters
    ----------
    folder : pathlib.Path
        The folder of the run; created if it does not exist.
    planned : sequence of PlannedRegime
        The regimes of this command.
    baselines : sequence of str
        The pipelines that the others are compared with.

    Raises
    ------
    ResultsError
        When the folder cannot be written to.
    """
    held_out = {regime.name: regime.is_held_out for regime in planned}
    worlds = [regime.name for regime in planned if regime.is_world]
    plan = RegimesFolder(held_out, list(baselines), worlds)
    text = json.dumps(asdict(plan), indent=2) + "\n"
    write_atomically(folder / REGIMES_FILE, text.encode())


def open_regimes(folder: Path) -> RegimesFolder:
    """Read the regimes of the last command in a folder.

    Parameters
    ----------
    folder : pathlib.Path
        A folder with the file of :func:`write_regimes`, or one of an earlier version, which has
        only the table.

    Returns
    -------
    RegimesFolder
        The regimes and the baselines.

    Raises
    ------
    ResultsError
        When neither file can be read.
    """
    file = folder / REGIMES_FILE
    try:
        if not file.is_file():
            return _of_table(folder / TABLE_FILE)
        stored = json.loads(file.read_text(encoding="utf-8"))
        held_out = {str(name): bool(value) for name, value in stored["held_out"].items()}
        baselines, worlds = ([str(name) for name in stored[key]] for key in ("baselines", "worlds"))
        return RegimesFolder(held_out, baselines, worlds)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResultsError(
            f"the list of regimes in {folder} cannot be read: {error}. Run the command that "
            "created the folder again: it writes the list."
        ) from error


def _of_table(file: Path) -> RegimesFolder:
    table = read_score_table(file)
    held_out = dict(zip(table["regime"], table["held_out"].astype(bool), strict=True))
    baselines = table.loc[table["is_baseline"].astype(bool), "pipeline"]
    return RegimesFolder(held_out, list(dict.fromkeys(baselines)))
