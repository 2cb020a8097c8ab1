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
    "Cues",
    "DataDir",
    "DryRun",
    "Jobs",
    "ModelFolder",
    "Pipelines",
    "Protocols",
    "RecordingFiles",
    "ResultsFolder",
    "Seed",
    "Seeds",
    "UserModules",
    "config_with_options",
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
Seed = Annotated[int, typer.Option("--seed", help="The random_state.")]
Seeds = Annotated[
    str | None,
    typer.Option("--seeds", help="Seeds in the place of the configuration's: 0,1,2"),
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
ModelFolder = Annotated[Path, typer.Argument(help="Folder that `fit` or `adapt` wrote.")]
RecordingFiles = Annotated[
    list[Path], typer.Argument(help="Recordings of one subject, in any format MNE reads.")
]
Cues = Annotated[
    list[str] | None,
    typer.Option(
        "--cue", help="Annotation that starts a trial; repeatable. Default: those of training."
    ),
]

UserModules = Annotated[
    list[str] | None,
    typer.Option("--import", help="Module of your own whose classes the model uses; repeatable."),
]

# A comma outside the brackets of a variant's name, such as "csp[n_components=2,alignment=none]".
SEPARATOR = re.compile(r",(?![^\[]*\])")


def config_with_options(config: Path, options: Mapping[str, str | None]) -> RunConfig:
    """Read a configuration, with lists of it replaced by options.

    Parameters
    ----------
    config : pathlib.Path
        The configuration file.
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
    given = {key: split_list(text, key) for key, text in options.items() if text is not None}
    return with_replaced(run, given) if given else run


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
