"""The one door to braindecode: makes it importable where torchaudio is broken.

braindecode imports torchaudio unconditionally, and torchaudio's native library loads only
beside the CUDA build of torch that it was compiled with. What braindecode uses of it is
written in pure torch, so on failure torchaudio is imported again with its native extension
switched off.
"""

from __future__ import annotations

import importlib
import sys
import types
import warnings
from functools import cache
from typing import Any

from bci_dann.exceptions import InstallationError

__all__ = [
    "braindecode_augmentation",
    "braindecode_models",
    "braindecode_modules",
    "import_torchaudio",
]


def _without_native_extension() -> types.ModuleType:
    """Return a stand-in for ``torchaudio._extension`` that offers nothing native."""
    module = types.ModuleType("torchaudio._extension")
    module.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        fail_if_no_align=lambda function: function,
    )
    return module


def _forget_torchaudio() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
        del sys.modules[name]


@cache
def import_torchaudio() -> bool:
    """Import torchaudio, without its native extension if that does not load.

    Returns
    -------
    bool
        Whether the native extension is in use.

    Raises
    ------
    InstallationError
        When torchaudio cannot be imported in either way.
    """
    try:
        importlib.import_module("torchaudio")
    except (OSError, RuntimeError, ImportError):
        _forget_torchaudio()
    else:
        return True
    sys.modules["torchaudio._extension"] = _without_native_extension()
    try:
        importlib.import_module("torchaudio")
    except Exception as error:
        _forget_torchaudio()
        raise InstallationError(
            f"torchaudio, which braindecode needs, cannot be imported: {error}. "
            "Run `bci-dann doctor`, and install the versions in constraints.txt."
        ) from error
    return False


def braindecode_augmentation() -> Any:
    """Import and return ``braindecode.augmentation``; raises as :func:`braindecode_models`."""
    return _braindecode("augmentation")


def braindecode_models() -> Any:
    """Import and return ``braindecode.models``.

    Returns
    -------
    module
        ``braindecode.models``.

    Raises
    ------
    InstallationError
        When braindecode is missing or does not load.
    """
    return _braindecode("models")


def braindecode_modules() -> Any:
    """Import and return ``braindecode.modules``; raises as :func:`braindecode_models`."""
    return _braindecode("modules")


@cache
def _braindecode(part: str) -> types.ModuleType:
    import_torchaudio()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # third-party import-time notices
            return importlib.import_module(f"braindecode.{part}")
    except ImportError as error:
        raise InstallationError(
            f"braindecode cannot be imported: {error}. Run `bci-dann doctor`."
        ) from error
