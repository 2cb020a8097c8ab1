"""Facts of a saved model, read from its folder without the libraries of its method."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bci_dann._resources import find_model
from bci_dann.persistence import read_state
from bci_dann.serving.model_recipe import ModelRecipe, load_recipe
from bci_dann.serving.served_model import ServedModel

__all__ = ["describe_model", "facts_of"]


def describe_model(model: str | Path | ServedModel) -> dict[str, Any]:
    """Say what a saved model is: data, channels, classes, preprocessing, method and scores.

    The checksum of its arrays is compared on the way.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        The folder of a model, the name of one that comes with the package, such as
        ``"builtin:right-hand-rest"``, or a model.

    Returns
    -------
    dict of str to object
        In types that JSON has. Units are part of the names: ``_hz``, ``_s``, ``_uv``.

    Raises
    ------
    ConfigError
        When the folder has no recipe, or there is no such model in the package.
    DataError
        When there is no model, or it is damaged.

    See Also
    --------
    open_model : Opens the model for use.

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
        estimator = model.estimator
        method = {"class": type(estimator).__name__, "parameters": estimator.plain_parameters()}
        return facts_of(model.recipe, method, model.n_times)
    folder = find_model(model)
    state = read_state(folder)
    size = sum(array.nbytes for array in state.arrays.values())
    return {
        **facts_of(load_recipe(folder), state.description, state.description.get("n_times")),
        "written_by": str(state.description.get("bci_dann")),
        "array_bytes": size,
    }


def facts_of(recipe: ModelRecipe, method: Mapping[str, Any], n_times: int | None) -> dict[str, Any]:
    """Return what :func:`describe_model` does, but for the files.

    Parameters
    ----------
    recipe : ModelRecipe
        The recipe of the model.
    method : mapping of str to object
        With ``class`` and ``parameters`` of the estimator.
    n_times : int or None
        Samples of a trial.

    Returns
    -------
    dict of str to object
        In types that JSON has.
    """
    steps = recipe.preprocessing.model_dump(mode="json")
    channels = steps["channels"] or []
    return {
        "pipeline": recipe.pipeline,
        "class": str(method.get("class")),
        "parameters": method.get("parameters"),
        "seed": recipe.seed,
        "classes": recipe.classes,
        "channels": channels,
        "trial": {
            "window_s": list(recipe.window),
            "sampling_frequency_hz": recipe.sfreq,
            "n_times": n_times,
            "unit": "µV",
        },
        "preprocessing": {
            "reference": steps["reference"],
            "notch_hz": steps["notch"],
            "band_hz": steps["band"],
            "filter_method": steps["filter_method"],
            "reject_above_uv": steps["reject_uv"],
        },
        "events": recipe.layout.model_dump(mode="json")["events"],
        "data": _data(recipe),
        "adapted_to": _adapted_to(recipe),
        "adapted_labels": recipe.adapted_labels,
        "scores": recipe.scores,
        "licence": recipe.licence,
        "note": recipe.note,
        "versions": recipe.versions,
    }


def _data(recipe: ModelRecipe) -> dict[str, Any]:
    rows = recipe.account
    subjects = {str(row["subject"]) for row in rows}
    return {
        "dataset": recipe.data.dataset,
        "n_subjects": len(subjects),
        "n_sessions": len({(str(row["subject"]), str(row["session"])) for row in rows}),
        "n_trials": sum(int(row["used"]) for row in rows),
        "n_cues": sum(int(row["found"]) for row in rows),
        "excluded_subjects": recipe.excluded,
        "typical_amplitude_uv": recipe.typical_uv,
    }


def _adapted_to(recipe: ModelRecipe) -> list[dict[str, Any]]:
    used: dict[str, int] = {}
    for row in recipe.adapted_to:
        # the file alone: a card may be published, and a path names a machine and its user
        name = Path(str(row["file"])).name
        used[name] = used.get(name, 0) + int(row["used"])
    return [{"file": file, "n_trials": count} for file, count in used.items()]
