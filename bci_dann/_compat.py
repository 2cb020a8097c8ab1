"""Third-party libraries loaded quickly, and where their installation is incomplete.

Three libraries do far more at import than is used of them here. The ``__init__`` of braindecode
imports MOABB, skorch and cloud storage clients, that of pyriemann imports matplotlib, and the
first ``torch.optim`` optimiser of a process imports torch's compiler: together several seconds
at every start and in every worker process. The first two run here when something of the package
itself is asked for; of the third, the optimiser is used without the compiler's decorators.

braindecode also imports torchaudio unconditionally, whose native library loads only beside the
CUDA build of torch that it was compiled with. What braindecode uses of it is written in pure
torch, so on failure torchaudio is imported again with its native extension switched off.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
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
    "pyriemann_module",
    "without_compiler",
]

# What `from package import *` and version checks ask for; other double underscores are probes
# of tools that walk through all modules.
PUBLIC_DUNDERS = ("__all__", "__version__")


class _DeferredPackage(types.ModuleType):
    """A package whose ``__init__`` runs when a name that it defines is first asked for.

    Its submodules are imported without that, and are its attributes as they always are.
    """

    def __getattr__(self, name: str) -> Any:
        submodule = sys.modules.get(f"{self.__name__}.{name}")
        if submodule is not None:
            return submodule
        if name.startswith("__") and name not in PUBLIC_DUNDERS:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__class__ = types.ModuleType  # type: ignore[assignment]
        try:
            self.__spec__.loader.exec_module(self)  # type: ignore[union-attr]
        except BaseException:
            self.__class__ = _DeferredPackage
            raise
        return getattr(self, name)


def _defer(package: str) -> None:
    """Let submodules be imported without the ``__init__`` of their package, if it has not run."""
    if package in sys.modules:
        return
    try:
        spec = importlib.util.find_spec(package)
    except ImportError:
        return
    if spec is None or spec.loader is None or spec.submodule_search_locations is None:
        return  # the import that follows says what is missing
    module = importlib.util.module_from_spec(spec)
    module.__class__ = _DeferredPackage
    sys.modules[package] = module
    parent, _, name = package.rpartition(".")
    if parent:
        setattr(sys.modules[parent], name, module)


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
    """Import and return ``braindecode.augmentation``.

    Returns
    -------
    module
        ``braindecode.augmentation``.

    Raises
    ------
    InstallationError
        When braindecode is missing or does not load.
    """
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
    """Import and return ``braindecode.modules``.

    Returns
    -------
    module
        ``braindecode.modules``.

    Raises
    ------
    InstallationError
        When braindecode is missing or does not load.
    """
    return _braindecode("modules")


@cache
def _braindecode(part: str) -> types.ModuleType:
    import_torchaudio()
    _defer("braindecode")
    _defer("braindecode.datautil")  # imports MOABB, and braindecode.models one file of it
    return _quiet_import(f"braindecode.{part}")


@cache
def pyriemann_module(name: str) -> Any:
    """Import and return a module of pyriemann, without matplotlib.

    Parameters
    ----------
    name : str
        Relative to the package, for example ``"geometry.mean"``.

    Returns
    -------
    module
        ``pyriemann.NAME``.

    Raises
    ------
    InstallationError
        When pyriemann is missing or has no such module.
    """
    _defer("pyriemann")
    if name == "spatialfilters":
        # both modules import names of each other, which works in this order alone
        _quiet_import("pyriemann.estimation")
    return _quiet_import(f"pyriemann.{name}")


def _quiet_import(module: str) -> types.ModuleType:
    """Import a module of a library, passing over its import-time notices."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise InstallationError(
            f"{library} cannot be imported: {error}. Run `bci-dann doctor`."
        ) from error


@cache
def without_compiler(optimiser: Any) -> Any:
    """Return an optimiser class that does not import torch's compiler when it is built.

    The decorators that are left out only keep the compiler from looking into these methods.

    Parameters
    ----------
    optimiser : type of torch.optim.Optimizer
        The class.

    Returns
    -------
    type of torch.optim.Optimizer
        A subclass that computes the same.
    """
    plain = {
        name: inspect.unwrap(getattr(optimiser, name)) for name in ("add_param_group", "zero_grad")
    }
    return type(optimiser.__name__, (optimiser,), plain)
