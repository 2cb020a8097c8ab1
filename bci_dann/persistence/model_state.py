"""Saved models: weights as safetensors, everything else as JSON, without pickle.

Loading a saved model therefore does not execute code from its files.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._files import write_atomically
from bci_dann._version import __version__
from bci_dann.exceptions import DataError
from bci_dann.persistence.model_files import MOST_ARRAY_BYTES, read_model_bytes, read_model_json

__all__ = ["ModelState", "plain_value", "read_state", "write_state"]

DESCRIPTION, ARRAYS = "model.json", "model.safetensors"
FORMAT = 6
# Formats that this version reads; models of earlier formats predict the same as before.
READABLE = (4, 5, 6)


@dataclass(frozen=True)
class ModelState:
    """The state of a fitted model.

    Parameters
    ----------
    description : dict
        Class, parameters, class names and shapes, as values that JSON supports.
    arrays : dict of str to ndarray
        Weights, statistics and references.

    See Also
    --------
    write_state : Writes a state to a folder.
    bci_dann.TransferClassifier.to_state : The state of a method.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.persistence import ModelState
    >>> arrays = {"head.weights": np.ones(2), "head.biases": np.ones(1)}
    >>> state = ModelState({"class": "Mine"}, arrays)
    >>> sorted(state.part("head"))
    ['biases', 'weights']
    """

    description: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    def part(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays whose names begin with a prefix.

        Parameters
        ----------
        name : str
            The prefix, without its dot.

        Returns
        -------
        dict of str to ndarray
            Arrays by name, without the prefix.
        """
        prefix = f"{name}."
        return {
            key.removeprefix(prefix): array
            for key, array in self.arrays.items()
            if key.startswith(prefix)
        }


def write_state(state: ModelState, folder: str | Path) -> Path:
    """Write a model to a folder.

    Parameters
    ----------
    state : ModelState
        The state of the model.
    folder : path
        The folder; created if it does not exist.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    ResultsError
        When the folder cannot be written to.

    See Also
    --------
    read_state : Reads a state from a folder.
    bci_dann.TransferClassifier.save : Writes a fitted method.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from bci_dann.persistence import ModelState, write_state
    >>> with TemporaryDirectory() as folder:
    ...     path = write_state(ModelState({"class": "Mine"}, {"weights": np.ones(2)}), folder)
    ...     print(sorted(file.name for file in path.iterdir()))
    ['model.json', 'model.safetensors']
    """
    from safetensors.numpy import save

    path = Path(folder)
    # contiguous; `ascontiguousarray` would give numbers an axis
    arrays = save({name: np.asarray(array, order="C") for name, array in state.arrays.items()})
    content = {"format": FORMAT, "bci_dann": __version__, **state.description}
    content["arrays"] = _digest(arrays)  # detects a crash between writing two files
    description = json.dumps(content, indent=2, default=plain_value).encode()
    write_atomically(path / ARRAYS, arrays)
    write_atomically(path / DESCRIPTION, description)
    return path


def read_state(folder: str | Path) -> ModelState:
    """Read a model that :func:`write_state` has written.

    Parameters
    ----------
    folder : path
        A model's folder.

    Returns
    -------
    ModelState
        The state, with the format of the files and the version that wrote them.

    Raises
    ------
    DataError
        When there is no model, the model is damaged or has a newer format, or a file is a link out
        of the folder or much larger than files of models.

    See Also
    --------
    write_state : Writes a state to a folder.
    bci_dann.load_model : Reads a fitted method.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from bci_dann.persistence import ModelState, read_state, write_state
    >>> with TemporaryDirectory() as folder:
    ...     path = write_state(ModelState({"class": "Mine"}, {"weights": np.ones(2)}), folder)
    ...     print(read_state(path).arrays)
    {'weights': array([1., 1.])}
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = Path(folder)
    try:
        description = read_model_json(path, DESCRIPTION)
        content = read_model_bytes(path, ARRAYS, MOST_ARRAY_BYTES)
        arrays = load(content)
    except DataError:
        raise
    except FileNotFoundError as error:
        name = Path(error.filename or ARRAYS).name
        missing = f"{name} is missing" if path.is_dir() else "there is no such folder"
        raise DataError(
            f"{path} holds no saved model: {missing}. Give the folder that `save` or "
            "`bci-dann fit -o` wrote."
        ) from error
    except NotADirectoryError as error:
        raise DataError(
            f"{path} is a file, and a saved model is a folder. Give the folder that `save` or "
            "`bci-dann fit -o` wrote."
        ) from error
    except (OSError, ValueError, SafetensorError) as error:
        raise DataError(f"the model in {path} is damaged: {error}") from error
    if not isinstance(description, dict):
        raise DataError(f"the model in {path} is damaged: {DESCRIPTION} holds no description.")
    if description.get("format") not in READABLE:
        raise DataError(
            f"the model in {path} has format {description.get('format')!r}; this version of "
            f"bci_dann reads the formats {', '.join(map(str, READABLE))}. It was written by "
            f"{description.get('bci_dann')}."
        )
    if description.pop("arrays", None) not in (None, _digest(content)):
        raise DataError(
            f"the model in {path} is damaged: {ARRAYS} is not the one that {DESCRIPTION} is of. "
            "Save it anew."
        )
    return ModelState(description, arrays)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def plain_value(value: Any) -> Any:
    """Convert numbers and arrays of NumPy, which parameter searches may set, to Python values.

    Parameters
    ----------
    value : object
        A value that JSON does not support.

    Returns
    -------
    object
        A number, a text or a list.

    Raises
    ------
    TypeError
        When it is of another type.
    """
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"a parameter of type {type(value).__name__} cannot be saved: {value!r}")
