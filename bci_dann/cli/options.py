"""What the options of several verbs mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    from bci_dann.evaluation import RunConfig

__all__ = ["configured", "listed_in"]

# those within the brackets of a variant's name part nothing
COMMA = re.compile(r",(?![^\[]*\])")


def configured(config: Path, replaced: Mapping[str, str | None]) -> RunConfig:
    """Read a configuration, with what the options put in the place of its lists.

    Parameters
    ----------
    config : pathlib.Path
        The configuration file.
    replaced : mapping of str to str or None
        By the configuration's key what the option of this name says, if it is given.

    Returns
    -------
    RunConfig

    Raises
    ------
    ConfigError
        When the file or an option is wrong.
    """
    from bci_dann.evaluation import load_config
    from bci_dann.evaluation.config.run_config import with_replaced

    given = {name: listed_in(text, name) for name, text in replaced.items() if text is not None}
    description = load_config(config)
    return with_replaced(description, given) if given else description


def listed_in(text: str, name: str) -> list[Any]:
    """Read the value of an option that takes several, separated by commas.

    Parameters
    ----------
    text : str
        For example ``"ea_dann,dann"``.
    name : str
        The option; ``"seeds"`` takes whole numbers.

    Returns
    -------
    list of str, or of int

    Raises
    ------
    ConfigError
        When a seed is no whole number.
    """
    parts = [part.strip() for part in COMMA.split(text)]
    if name != "seeds":
        return parts
    try:
        return [int(part) for part in parts]
    except ValueError:
        raise ConfigError(
            f"--seeds takes whole numbers with commas, for example 0,1,2; got {text!r}."
        ) from None
