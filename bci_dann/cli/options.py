"""Arguments and options that several commands have, and how their values are read."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bci_dann.cli.completion import complete_config, complete_pipelines, complete_protocols
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    from bci_dann.evaluation import RunConfig

__all__ = [
    "BadChannels",
    "ConfigFile",
    "Cues",
    "Dask",
    "DataDir",
    "Datasets",
    "DryRun",
    "HeldOut",
    "Jobs",
    "Labels",
    "ModelFolder",
    "Pipelines",
    "Protocols",
    "RecordingFiles",
    "Reference",
    "Regimes",
    "Renames",
    "ResultsFolder",
    "Seed",
    "Seeds",
    "Settings",
    "Shard",
    "Stack",
    "UnitScale",
    "UserModules",
    "config_with_options",
    "executor_of",
    "given_lists",
    "import_user_modules",
    "parse_cues",
    "parse_renames",
    "split_list",
]

ConfigFile = Annotated[
    Path,
    typer.Argument(
        help="Configuration file (YAML), or the name of a shipped one.",
        show_default=False,
        autocompletion=complete_config,
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the recordings, or of MOABB's downloads."),
]
ResultsFolder = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Results folder, of `run` and `choose`. Default: runs/NAME."),
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Tasks at a time; -1: cores.")]
Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="local|ADDRESS",
        help="Dask workers: --jobs of this machine, or those of the scheduler at tcp://HOST:PORT.",
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Compute the I-th of N parts of the tasks; `bci-dann merge` joins folders.",
    ),
]
Stack = Annotated[
    int | None,
    typer.Option("--stack", help="Networks trained as one. Default: 64 on a GPU, else 1."),
]
Regimes = Annotated[
    str | None,
    typer.Option("--regimes", help="Regimes of the configuration to run. Default: all."),
]
Datasets = Annotated[
    str | None,
    typer.Option("--datasets", help="Data sets of the suite to run. Default: all."),
]
HeldOut = Annotated[
    bool, typer.Option("--held-out", help="Run the regimes kept for a last look, too.")
]
Seed = Annotated[int, typer.Option("--seed", help="The random_state.")]
Seeds = Annotated[
    str | None,
    typer.Option("--seeds", help="Seeds in the place of the configuration's: 0,1,2"),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Value in the place of the configuration's, dots between keys; repeatable.",
    ),
]
Pipelines = Annotated[
    str | None,
    typer.Option(
        "--pipelines",
        help="Pipelines in the place of the configuration's: ea_dann,dann",
        autocompletion=complete_pipelines,
    ),
]
Protocols = Annotated[
    str | None,
    typer.Option(
        "--protocols",
        help="Protocols in the place of the configuration's.",
        autocompletion=complete_protocols,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Check all but the signals, list the tasks, train and write nothing."
    ),
]
ModelFolder = Annotated[
    Path, typer.Argument(help="Folder that `fit` or `adapt` wrote, or builtin:NAME.")
]
RecordingFiles = Annotated[
    list[Path], typer.Argument(help="Recordings of one subject, in any format MNE reads.")
]
Cues = Annotated[
    list[str] | None,
    typer.Option(
        "--cue",
        metavar="EVENT[=CLASS]",
        help="Event that starts a trial, and its class if known; repeatable. Default: those of "
        "training.",
    ),
]
UnitScale = Annotated[
    str | None,
    typer.Option(
        "--unit-scale",
        metavar="UNIT",
        help="Unit of the numbers in the recordings: microvolt, millivolt, or volt for each "
        "unit, 1e-6. Default: as in training.",
    ),
]
Renames = Annotated[
    list[str] | None,
    typer.Option(
        "--rename",
        metavar="OLD=NEW",
        help="Channel of the recordings, and the electrode that it is; repeatable.",
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option("--labels", help="CSV file of known labels: label, trial (or onset), file."),
]
BadChannels = Annotated[
    list[str] | None,
    typer.Option(
        "--bad",
        metavar="CHANNEL",
        help="Channel that is bad, to be interpolated where the model uses it; repeatable.",
    ),
]
Reference = Annotated[
    str | None,
    typer.Option(
        "--reference",
        metavar="CHANNELS",
        help="Channels whose mean is subtracted, for a model that keeps the reference of its "
        "recordings: A1,A2. Default: as recorded.",
    ),
]
UserModules = Annotated[
    list[str] | None,
    typer.Option("--import", help="Module of your own whose classes the model uses; repeatable."),
]

# A comma outside the brackets of a variant's name, such as "csp[n_components=2,alignment=none]".
SEPARATOR = re.compile(r",(?![^\[]*\])")


def config_with_options(
    config: Path, options: Mapping[str, str | None], settings: Sequence[str] | None = None
) -> RunConfig:
    """Read a configuration, with lists of it replaced by options.

    Parameters
    ----------
    config : pathlib.Path
        The configuration file.
    options : mapping of str to str or None
        By the key of the configuration the value of the option, ``None`` where it is not given.
    settings : sequence of str or None
        Values of ``--set``, which replace those of the file before it is checked.

    Returns
    -------
    RunConfig
        Checked as a whole.

    Raises
    ------
    ConfigError
        When the file or an option is wrong.
    """
    from bci_dann.evaluation import load_config
    from bci_dann.evaluation.config.run_config import with_replaced

    run = load_config(config, settings or ())
    given = given_lists(options)
    return with_replaced(run, given) if given else run


def given_lists(options: Mapping[str, str | None]) -> dict[str, list[Any]]:
    """Read the lists that options give in the place of a configuration's.

    Parameters
    ----------
    options : mapping of str to str or None
        By the key of the configuration the value of the option, ``None`` where it is not given.

    Returns
    -------
    dict of str to list
        Of the options that are given.

    Raises
    ------
    ConfigError
        When a value is wrong.
    """
    return {key: split_list(text, key) for key, text in options.items() if text is not None}


def executor_of(dask: str | None) -> str | None:
    """Read the value of ``--dask``.

    Parameters
    ----------
    dask : str or None
        ``"local"`` or the address of a scheduler.

    Returns
    -------
    str or None
        The executor, as :func:`bci_dann.run_benchmark` takes it.

    Raises
    ------
    ConfigError
        When it is something else.
    """
    if dask is None or "://" in dask:
        return dask
    if dask != "local":
        raise ConfigError(
            f"--dask takes local, for workers on this machine, or the address of a scheduler such "
            f"as tcp://10.0.0.1:8786; got {dask!r}."
        )
    return "dask"


def import_user_modules(names: Iterable[str]) -> None:
    """Import modules that the user has named, so that a model may use their classes.

    Parameters
    ----------
    names : iterable of str
        Modules on Python's path.

    Raises
    ------
    ConfigError
        When one cannot be imported.
    """
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ConfigError(
                f"--import {name}: {error}. The folder of {name}.py must be on Python's path: "
                "install it, or set PYTHONPATH."
            ) from error


def parse_cues(texts: Iterable[str]) -> dict[str, str | None]:
    """Read the values of ``--cue``.

    Parameters
    ----------
    texts : iterable of str
        ``"EVENT"`` or ``"EVENT=CLASS"``; an event that has an equals sign itself is written with
        one more at its end.

    Returns
    -------
    dict of str to str or None
        The classes by event.

    Raises
    ------
    ConfigError
        When there is no event, or one has two classes.

    Examples
    --------
    >>> parse_cues(["start", "769=left_hand", "a=b="])
    {'start': None, '769': 'left_hand', 'a=b': None}
    """
    cues: dict[str, str | None] = {}
    for text in texts:
        before, equals, after = text.rpartition("=")
        event = (before if equals else text).strip()
        name = after.strip() or None if equals else None
        if not event:
            raise ConfigError(f"--cue takes EVENT or EVENT=CLASS; got {text!r}.")
        if cues.setdefault(event, name) != name:
            raise ConfigError(f"--cue gives the event {event!r} twice, with different classes.")
        cues[event] = name
    return cues


def parse_renames(texts: Iterable[str]) -> dict[str, str]:
    """Read the values of ``--rename``.

    Parameters
    ----------
    texts : iterable of str
        Each ``"OLD=NEW"``.

    Returns
    -------
    dict of str to str
        New names by old ones.

    Raises
    ------
    ConfigError
        When a name is missing, or a channel has two new ones.

    Examples
    --------
    >>> parse_renames(["Ch1=C3"])
    {'Ch1': 'C3'}
    """
    names: dict[str, str] = {}
    for text in texts:
        old, _, new = (part.strip() for part in text.rpartition("="))
        if not old or not new:
            raise ConfigError(f"--rename takes OLD=NEW, for example Ch1=C3; got {text!r}.")
        if names.setdefault(old, new) != new:
            raise ConfigError(f"--rename gives the channel {old!r} two names, {names[old]}, {new}.")
    return names


def split_list(text: str, option: str) -> list[Any]:
    """Read the value of an option that takes several, separated by commas.

    Parameters
    ----------
    text : str
        For example ``"ea_dann,dann"``.
    option : str
        Its name; ``"seeds"`` takes whole numbers.

    Returns
    -------
    list of str, or of int
        The values.

    Raises
    ------
    ConfigError
        When a seed is no whole number.
    """
    parts = [part.strip() for part in SEPARATOR.split(text)]
    if option != "seeds":
        return parts
    try:
        return [int(part) for part in parts]
    except ValueError:
        raise ConfigError(
            f"--seeds takes whole numbers with commas, for example 0,1,2; got {text!r}."
        ) from None
