"""Arguments and options that several commands have, and how their values are read."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bci_dann.cli.completion import complete_config, complete_pipelines, complete_protocols
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    from bci_dann.evaluation import RunConfig

__all__ = [
    "ConfigFile",
    "Dask",
    "DataDir",
    "Datasets",
    "DryRun",
    "HeldOut",
    "Jobs",
    "Pipelines",
    "Protocols",
    "Regimes",
    "ResultsFolder",
    "Seed",
    "Seeds",
    "Settings",
    "Shard",
    "Stack",
    "UserModules",
    "config_with_options",
    "executor_of",
    "given_lists",
    "import_user_modules",
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
TensorBoard = Annotated[
    Path | None,
    typer.Option(
        "--tensorboard", metavar="FOLDER", help="Log the losses of networks for TensorBoard."
    ),
]
Regimes = Annotated[
    str | None,
    typer.Option(
        "--regimes",
        help="Regimes of the configuration to run; in a suite REGIME or DATASET.REGIME. "
        "Default: all.",
    ),
]
Datasets = Annotated[
    str | None,
    typer.Option("--datasets", help="Data sets of the suite to run. Default: all."),
]
HeldOut = Annotated[
    bool, typer.Option("--held-out", help="Run the regimes reserved for a final test, too.")
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
UserModules = Annotated[
    list[str] | None,
    typer.Option("--import", help="Module of your own whose classes the model uses; repeatable."),
]

# A comma outside the brackets of a variant's name, such as "csp[n_components=2,alignment=none]".
SEPARATOR = re.compile(r",(?![^\[]*\])")


def config_with_options(config: Path | RunConfig, options: Mapping[str, str | None]) -> RunConfig:
    """Read a configuration, with lists of it replaced by options.

    Parameters
    ----------
    config : pathlib.Path or RunConfig
        The configuration, or its file.
    options : mapping of str to str or None
        By the key of the configuration the value of the option, ``None`` where it is not given.

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

    run = load_config(config)
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
