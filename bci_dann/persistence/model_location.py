"""Location of a saved model: a folder, a model of the package, or a model on the Hub."""

from __future__ import annotations

from pathlib import Path

from bci_dann._resources import BUILTIN, find_builtin_model
from bci_dann.persistence.hub_library import HUB
from bci_dann.persistence.hub_repository import download_model, split_address

__all__ = ["NAMED", "find_model"]

# Prefix of names that may be given instead of a folder.
NAMED = (BUILTIN, HUB)


def find_model(given: str | Path) -> Path:
    """Return the folder of a saved model, given by its path or name.

    Parameters
    ----------
    given : str or pathlib.Path
        A folder; ``"builtin:NAME"`` for a model of the package; or ``"hub:OWNER/NAME"``, optionally
        with ``@REVISION``, for a model that is downloaded from the Hugging Face Hub.

    Returns
    -------
    pathlib.Path
        The folder; if a path was given, it need not exist.

    Raises
    ------
    ConfigError
        When the package has no model of this name, or a name is malformed.
    DataError
        When the Hub has no such model.
    InstallationError
        When ``huggingface_hub`` is needed and not installed.

    Examples
    --------
    >>> from bci_dann.persistence.model_location import find_model
    >>> find_model("builtin:right-hand-rest").name
    'right-hand-rest'
    """
    name = str(given)
    if name.startswith(BUILTIN):
        return find_builtin_model(name)
    if name.startswith(HUB):
        return download_model(*split_address(name))
    return Path(given)
