"""A model as it is published: without names of subjects, recordings and folders."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.persistence import ModelState
from bci_dann.serving.compact_model import without_training_sessions
from bci_dann.serving.served_model import ServedModel

if TYPE_CHECKING:
    from bci_dann.data import DataConfig, RecordingsLayout
    from bci_dann.estimators import TransferClassifier
    from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["published_model"]

# Keys of a description, at any depth, whose lists name domains: subjects and sessions.
NAMES_OF_DOMAINS = ("domains", "followed")


def published_model(model: ServedModel) -> ServedModel:
    """Return a copy of a model that names no subject, recording or folder.

    It serves new subjects, and further recordings of a subject that it was adapted to, to the bit
    as the model does. References of training sessions are left out.

    Parameters
    ----------
    model : ServedModel
        It is left as it is.

    Returns
    -------
    ServedModel
        With numbers in the place of names.

    Raises
    ------
    ConfigError
        When the model holds EEG of a subject.
    """
    recipe = published_recipe(model.recipe)
    if recipe.adapted_to:
        _warn(
            "the model was adapted to one subject, and holds what was learned from them, such as "
            "the mean covariance of their EEG: publish it with their consent only."
        )
    return ServedModel(_without_names(model.estimator), recipe)


def published_recipe(recipe: ModelRecipe) -> ModelRecipe:
    """Return a copy of a recipe that names no subject, recording or folder.

    Public datasets keep the numbers of their subjects.

    Parameters
    ----------
    recipe : ModelRecipe
        It is left as it is.

    Returns
    -------
    ModelRecipe
        With numbers in the place of names.
    """
    from bci_dann.data.dataset_names import RECORDINGS

    is_own = recipe.data.dataset == RECORDINGS
    files = _numbered((row["file"] for row in recipe.adapted_to), "recording ")
    told = [text.partition(": ") for text in recipe.adapted_by]
    layout = _published_layout(recipe.layout)
    changed: dict[str, Any] = {
        "data": _published_data(recipe.data, layout),
        "layout": layout,
        "account": _published_rows(recipe.account, {}, is_own),
        "adapted_to": _published_rows(recipe.adapted_to, files, is_own=True),
        "adapted_by": [f"{files[label]}: {text}" for label, _, text in told if label in files],
    }
    if is_own and recipe.excluded:
        n = len(recipe.excluded)
        changed["excluded"] = [f"{n} subject{'s' if n > 1 else ''} without name"]
    return recipe.model_copy(update=changed)


def _published_data(data: DataConfig, layout: RecordingsLayout) -> DataConfig:
    changed: dict[str, Any] = {"subjects": None, "sessions": None, "params": {}}
    if data.recordings is None:
        changed = {"params": {k: v for k, v in data.params.items() if not _is_path(v)}}
    else:
        changed["recordings"] = layout
    return data.model_copy(update=changed)


def _published_layout(layout: RecordingsLayout) -> RecordingsLayout:
    """Return a layout without what finds files, unless unit or events are told by them."""
    told_by = [key for one in (layout.events, layout.unit_scale) for key in _patterns(one)]
    if told_by:
        _warn(
            f"units or events of the model are told by runs or paths, which are published: "
            f"{', '.join([layout.pattern or '', *told_by]).lstrip(', ')}. Check that they name no "
            "subject."
        )
        return layout.model_copy(update={"exclude": {}})
    pattern = None if layout.pattern is None else "{subject}"
    return layout.model_copy(update={"pattern": pattern, "exclude": {}})


def _patterns(told: Any) -> list[str]:
    """Return the runs and paths in units, or in the events of a layout."""
    if not isinstance(told, Mapping):
        return []
    by_run = [key for meaning in told.values() if isinstance(meaning, Mapping) for key in meaning]
    is_units = all(isinstance(meaning, float) for meaning in told.values())
    return [*told] if is_units else by_run


def _published_rows(
    rows: Iterable[Mapping[str, str | int]], files: Mapping[str, str], is_own: bool
) -> list[dict[str, str | int]]:
    """Return an account of cues with numbers in the place of names."""
    listed = [{**row, "file": files.get(str(row.get("file", "")), "")} for row in rows]
    for field in ("subject", "session", "run") if is_own else ():
        numbers = _numbered(row.get(field, "") for row in listed)
        listed = [{**row, field: numbers[str(row.get(field, ""))]} for row in listed]
    return listed


def _numbered(names: Iterable[object], prefix: str = "") -> dict[str, str]:
    """Return a number for each name, and nothing for the empty one."""
    given = [name for name in dict.fromkeys(map(str, names)) if name]
    return {"": "", **{name: f"{prefix}{number}" for number, name in enumerate(given, start=1)}}


def _is_path(value: object) -> bool:
    return isinstance(value, str) and bool({"/", "\\"} & set(value))


def _without_names(estimator: TransferClassifier) -> TransferClassifier:
    from bci_dann.estimators.saved_models import model_from_state

    state = estimator.to_state()
    trial = (estimator.n_features_in_, estimator.n_times_)
    stacks = {name: array.shape[1:] for name, array in state.arrays.items() if array.ndim == 3}
    signals = [name for name, shape in stacks.items() if shape == trial]
    if signals:
        raise ConfigError(
            f"the model holds EEG of the subject that it follows ({', '.join(signals)}), which is "
            "not published: push the model that partial_adapt began with, or one that adapt made."
        )
    numbers: dict[str, str] = {}
    description = _with_numbers(state.description, numbers)
    renamed = model_from_state(ModelState(description, state.arrays))
    follows = any(name.endswith(".running") for name in state.arrays)  # it goes on in a session
    return renamed if follows else without_training_sessions(renamed)


def _with_numbers(description: Any, numbers: dict[str, str]) -> Any:
    """Return a description whose domains are numbered, in brackets as no recording is named."""
    if isinstance(description, list):
        return [_with_numbers(one, numbers) for one in description]
    if not isinstance(description, dict):
        return description
    changed: dict[str, Any] = {}
    for key, value in description.items():
        if key in NAMES_OF_DOMAINS and isinstance(value, list):
            changed[key] = [numbers.setdefault(name, f"({len(numbers) + 1})") for name in value]
        else:
            changed[key] = _with_numbers(value, numbers)
    return changed


def _warn(text: str) -> None:
    warnings.warn(text, BCIDannWarning, stacklevel=5)
