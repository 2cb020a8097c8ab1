"""Arguments and options that several commands share, and conversion of their values."""

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
    "Force",
    "HeldOut",
    "Jobs",
    "PageHost",
    "PagePort",
    "Pipelines",
    "Protocols",
    "Regimes",
    "ResultsFolder",
    "RunFolder",
    "SearchTime",
    "Seed",
    "Seeds",
    "Settings",
    "Shard",
    "SourceID",
    "Stack",
    "TensorBoard",
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
        help="Configuration file (YAML), or the name of a configuration of the package.",
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
RunFolder = Annotated[Path, typer.Argument(help="Results folder of `run`.")]
Jobs = Annotated[
    int,
    typer.Option("--jobs", "-j", help="Number of parallel tasks; -1: as many as CPU cores."),
]
Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="local|ADDRESS",
        help="Use Dask: start --jobs workers on this machine, or use a scheduler: tcp://HOST:PORT.",
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Run the I-th of N parts of the tasks; `bci-dann merge` joins the results.",
    ),
]
Stack = Annotated[
    int | None,
    typer.Option("--stack", help="Networks trained together. Default: 64 on a GPU, else 1."),
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
    typer.Option("--datasets", help="Datasets of the suite to run. Default: all."),
]
HeldOut = Annotated[
    bool,
    typer.Option("--held-out", help="Also run the regimes reserved for a final evaluation."),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the random numbers.")]
Seeds = Annotated[
    str | None,
    typer.Option("--seeds", help="Seeds, instead of those of the configuration: 0,1,2"),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value of the configuration; dots separate nested keys; repeatable.",
    ),
]
Pipelines = Annotated[
    str | None,
    typer.Option(
        "--pipelines",
        help="Pipelines, instead of those of the configuration: ea_dann,dann",
        autocompletion=complete_pipelines,
    ),
]
Protocols = Annotated[
    str | None,
    typer.Option(
        "--protocols",
        help="Protocols, instead of those of the configuration.",
        autocompletion=complete_protocols,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Check everything except signals and list the tasks, without training."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")]
SourceID = Annotated[
    str | None,
    typer.Option("--source-id", help="Source of the stream, if several have the same name."),
]
SearchTime = Annotated[float, typer.Option("--wait", help="How long to search for the stream (s).")]
PageHost = Annotated[
    str, typer.Option("--host", help="Address of the page; its URL has a token if not local.")
]
PagePort = Annotated[int, typer.Option("--port", help="Port of the page. Default: a free one.")]
UserModules = Annotated[
    list[str] | None,
    typer.Option(
        "--import", help="Python module with user-defined parts of the model; repeatable."
    ),
]

# A comma outside the brackets of a variant's name, such as "csp[n_components=2,alignment=none]".
SEPARATOR = re.compile(r",(?![^\[]*\])")


def config_with_options(config: Path | RunConfig, options: Mapping[str, str | None]) -> RunConfig:
    """Read a configuration, and replace lists in it by the values of options.

    Parameters
    ----------
    config : pathlib.Path or RunConfig
        A configuration or its file.
    options : mapping of str to str or None
        Values of options by key of the configuration; ``None`` if an option is not given.

    Returns
    -------
    RunConfig
        The checked configuration.

    Raises
    ------
    ConfigError
        When the file or an option is invalid.
    """
    from bci_dann.evaluation import load_config
    from bci_dann.evaluation.config.run_config import with_replaced

    run = load_config(config)
    given = given_lists(options)
    return with_replaced(run, given) if given else run


def given_lists(options: Mapping[str, str | None]) -> dict[str, list[Any]]:
    """Read options whose lists replace those of a configuration.

    Parameters
    ----------
    options : mapping of str to str or None
        Values of options by key of the configuration; ``None`` if an option is not given.

    Returns
    -------
    dict of str to list
        Lists of the given options by key.

    Raises
    ------
    ConfigError
        When a value is invalid.
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
        Name of the executor for :func:`bci_dann.run_benchmark`.

    Raises
    ------
    ConfigError
        When it is neither.
    """
    if dask is None or "://" in dask:
        return dask
    if dask != "local":
        raise ConfigError(
            f"--dask must be local, for workers on this machine, or the address of a scheduler, "
            f"such as tcp://10.0.0.1:8786; got {dask!r}."
        )
    return "dask"


def import_user_modules(names: Iterable[str]) -> None:
    """Import the modules given by ``--import``, so that a model can use their classes.

    Parameters
    ----------
    names : iterable of str
        Modules on the search path of Python.

    Raises
    ------
    ConfigError
        When a module cannot be imported.
    """
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ConfigError(
                f"--import {name}: {error}. The folder of {name}.py must be on the search path of "
                "Python: install the module, or set PYTHONPATH."
            ) from error


def split_list(text: str, option: str) -> list[Any]:
    """Split the value of an option at commas.

    Parameters
    ----------
    text : str
        For example ``"ea_dann,dann"``.
    option : str
        Name of the option; ``"seeds"`` converts the values to whole numbers.

    Returns
    -------
    list of str, or of int
        The values.

    Raises
    ------
    ConfigError
        When a seed is not a whole number.
    """
    parts = [part.strip() for part in SEPARATOR.split(text)]
    if option != "seeds":
        return parts
    try:
        return [int(part) for part in parts]
    except ValueError:
        raise ConfigError(
            f"--seeds must be whole numbers separated by commas, such as 0,1,2; got {text!r}."
        ) from None
