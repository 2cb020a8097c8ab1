"""Backbones that fetch a file from the network when they are built."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bci_dann.exceptions import DataError

__all__ = ["check_no_download"]

# The file of electrode positions that braindecode's REVE reads from MNE's data folder, and
# downloads where it is not there.
REVE_FILE, REVE_FOLDER = "reve_positions.json", "REVE_POSITIONS_PATH"


def check_no_download(parameters: Mapping[str, Any]) -> None:
    """Raise where building the backbone of a saved model would ask the network for a file.

    Parameters
    ----------
    parameters : mapping of str to object
        Those of the classifier, with ``backbone``, as a file has them.

    Raises
    ------
    DataError
        Saying what to do.

    See Also
    --------
    build_backbone : Builds it.

    Examples
    --------
    >>> from bci_dann.models.downloads import check_no_download
    >>> check_no_download({"backbone": "EEGNet"})
    >>> try:
    ...     check_no_download({"backbone": {"name": "STEEGFormer", "chs_info": []}})
    ... except ValueError as error:
    ...     print(str(error).partition(",")[0])
    the backbone STEEGFormer of the saved model would download a file
    """
    backbone = parameters.get("backbone")
    name = str(backbone.get("name") if isinstance(backbone, Mapping) else backbone)
    name = name.rpartition(":")[2]  # of the path of its class
    if name == "STEEGFormer" and "chs_info" in str(parameters):
        _refuse(name, "leave chs_info out when you train it")
    if name == "REVE" and not (_reve_folder() / REVE_FILE).is_file():
        _refuse(name, f"build braindecode.models.REVE once yourself: it puts {REVE_FILE} there")


def _refuse(name: str, remedy: str) -> None:
    raise DataError(
        f"the backbone {name} of the saved model would download a file, and to load a model "
        f"downloads nothing. If you trust the model, {remedy}."
    )


def _reve_folder() -> Path:
    """Return the folder where braindecode looks for the positions of REVE."""
    import mne

    folder = mne.get_config(REVE_FOLDER, mne.get_config("MNE_DATA"))
    # MNE's own tests have another home
    return Path(folder or f"{os.getenv('_MNE_FAKE_HOME_DIR', '~')}/mne_data").expanduser()
