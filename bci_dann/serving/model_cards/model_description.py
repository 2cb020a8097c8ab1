"""Description of a saved model, read from its folder without importing the method's libraries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bci_dann.persistence import read_state
from bci_dann.persistence.model_location import find_model
from bci_dann.serving.model_cards.model_facts import facts_of
from bci_dann.serving.model_recipe import load_recipe
from bci_dann.serving.served_model import ServedModel

__all__ = ["describe_model"]


def describe_model(model: str | Path | ServedModel) -> dict[str, Any]:
    """Describe a saved model: data, channels, classes, preprocessing, method and scores.

    For a model in a folder, the checksum of its arrays is verified.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model folder; a name such as ``"builtin:right-hand-rest"`` or ``"hub:OWNER/NAME"``; or
        an open model.

    Returns
    -------
    dict of str to object
        In types that JSON supports. Units are part of the keys: ``_hz``, ``_s``, ``_uv``.

    Raises
    ------
    ConfigError
        When the folder has no recipe, or there is no built-in model of this name.
    DataError
        When there is no model, or the model is damaged.

    See Also
    --------
    open_model : Opens a model for use.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import serving
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> with TemporaryDirectory() as folder:
    ...     model = serving.fit_model(config, out=folder)
    ...     facts = serving.describe_model(folder)
    >>> facts["classes"], facts["data"]["n_subjects"], facts["trial"]["window_s"]
    (['left_hand', 'right_hand'], 3, [0.0, 4.0])
    """
    if isinstance(model, ServedModel):
        return model.facts()
    folder = find_model(model)
    state = read_state(folder)
    size = sum(array.nbytes for array in state.arrays.values())
    return {
        **facts_of(load_recipe(folder), state.description, state.description.get("n_times")),
        "written_by": str(state.description.get("bci_dann")),
        "array_bytes": size,
    }
