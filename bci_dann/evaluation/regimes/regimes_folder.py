"""Folder of a run over regimes: which regimes its table shows, and which are held out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bci_dann._files import write_atomically
from bci_dann.evaluation.regimes.regime_plan import PlannedRegime
from bci_dann.evaluation.regimes.regime_table import TABLE_FILE
from bci_dann.exceptions import ResultsError

__all__ = ["RegimesFolder", "is_regimes_folder", "open_regimes", "write_regimes"]

REGIMES_FILE = "regimes.json"


@dataclass(frozen=True)
class RegimesFolder:
    """What the last command in a folder of regimes was about.

    Attributes
    ----------
    held_out : dict of str to bool
        The regimes in their order, and whether each is reserved for a final test.
    baselines : list of str
        The pipelines that the others are compared with.
    worlds : list of str
        Those of the regimes that are simulated worlds, where this is known.
    """

    held_out: dict[str, bool]
    baselines: list[str]
    worlds: list[str] = field(default_factory=list)


def is_regimes_folder(folder: Path) -> bool:
    """Return whether a folder holds regimes, each of which is a run.

    Parameters
    ----------
    folder : pathlib.Path
        Any folder.

    Returns
    -------
    bool
        True once a run over regimes has begun to train.
    """
    return (folder / REGIMES_FILE).is_file() or (folder / TABLE_FILE).is_file()


def write_regimes(folder: Path, planned: Sequence[PlannedRegime], baselines: Sequence[str]) -> None:
    """Note the regimes of a run, so that one that does not end can be reported on, too.

    Parameters
    ----------
    folder : pathlib.Path
        The folder of the run; made where it is missing.
    planned : sequence of PlannedRegime
        The regimes of this command.
    baselines : sequence of str
        The pipelines that the others are compared with.

    Raises
    ------
    ResultsError
        When the folder cannot be written to.
    """
    held_out = {one.name: one.is_held_out for one in planned}
    worlds = [one.name for one in planned if one.is_world]
    plan = RegimesFolder(held_out, list(baselines), worlds)
    text = json.dumps(asdict(plan), indent=2) + "\n"
    write_atomically(folder / REGIMES_FILE, text.encode())


def open_regimes(folder: Path) -> RegimesFolder:
    """Read which regimes the last command in a folder was about.

    Parameters
    ----------
    folder : pathlib.Path
        As :func:`write_regimes` has left it, or one of an earlier version, which has the table
        only.

    Returns
    -------
    RegimesFolder
        Their names, and the baselines.

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
            f"the list of regimes in {folder} cannot be read: {error}. The command that made the "
            "folder writes it again."
        ) from error


def _of_table(file: Path) -> RegimesFolder:
    import pandas as pd

    table = pd.read_csv(file, dtype={"regime": str, "pipeline": str})
    held_out = dict(zip(table["regime"], table["held_out"].astype(bool), strict=True))
    baselines = table.loc[table["is_baseline"].astype(bool), "pipeline"]
    return RegimesFolder(held_out, list(dict.fromkeys(baselines)))
