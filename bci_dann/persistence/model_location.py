"""The folder of a saved model: the user's, one that comes with the package, or one of the Hub."""

from __future__ import annotations

from pathlib import Path

from bci_dann._resources import BUILTIN, find_builtin_model
from bci_dann.persistence.hub_library import HUB
from bci_dann.persistence.hub_repository import download_model, split_address

__all__ = ["NAMED", "find_model"]

# What names in the place of a folder begin with.
NAMED = (BUILTIN, HUB)


def find_model(given: str | Path) -> Path:
    """Return the folder of a saved model, which a name may stand for.

    Parameters
    ----------
    given : str or pathlib.Path
        A folder; ``"builtin:NAME"``, which comes with the package; or ``"hub:OWNER/NAME"``, perhaps
        with ``@REVISION``, which is downloaded from the Hugging Face Hub.

    Returns
    -------
    pathlib.Path
        The folder, which need not exist unless a name was given.

    Raises
    ------
    ConfigError
        When no model of this name comes with the package, or a name is malformed.
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
