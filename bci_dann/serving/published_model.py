"""Models for publication: copies without names of subjects, recordings and folders."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.persistence import ModelState
from bci_dann.serving.compact_model import without_training_sessions

if TYPE_CHECKING:
    from bci_dann.data import CombinedDataConfig, DataConfig, RecordingsLayout
    from bci_dann.estimators import TransferClassifier
    from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["published_model"]

# Keys at any depth of a model's description whose lists name domains (subjects and sessions).
NAMES_OF_DOMAINS = ("domains", "followed")


def published_model(
    estimator: TransferClassifier, recipe: ModelRecipe
) -> tuple[TransferClassifier, ModelRecipe]:
    """Return a copy of a model without names of subjects, recordings and folders.

    For new subjects, and for further recordings of a subject that the model was adapted to, the
    predictions are bit-identical. References of training sessions are removed.

    Parameters
    ----------
    estimator : TransferClassifier
        The estimator of the model; it is not changed.
    recipe : ModelRecipe
        The recipe of the model; it is not changed.

    Returns
    -------
    tuple of (TransferClassifier, ModelRecipe)
        Copies, in which numbers replace names.

    Raises
    ------
    ConfigError
        When the model contains EEG of a subject.
    """
    published = published_recipe(recipe)
    if published.adapted_to:
        _warn(
            "the model was adapted to one subject, and contains information about this subject, "
            "such as the mean covariance of their EEG: publish it only with their consent."
        )
    return _without_names(estimator), published


def published_recipe(recipe: ModelRecipe) -> ModelRecipe:
    """Return a copy of a recipe without names of subjects, recordings and folders.

    Subjects of public datasets keep their numbers.

    Parameters
    ----------
    recipe : ModelRecipe
        The recipe; it is not changed.

    Returns
    -------
    ModelRecipe
        A copy, in which numbers replace names.
    """
    prefix_of = _number_prefixes(recipe.data)
    files = _numbered((row["file"] for row in recipe.adapted_to), "recording ")
    differences = [text.partition(": ") for text in recipe.adapted_by]
    changed: dict[str, Any] = {
        "data": _published_data(recipe.data),
        "layout": _published_layout(recipe.layout),
        "account": _published_rows(recipe.account, {}, prefix_of),  # without names of files
        "adapted_to": _published_rows(recipe.adapted_to, files, lambda _: ""),
        "adapted_by": [f"{files[file]}: {text}" for file, _, text in differences if file in files],
        "excluded": [subject for subject in recipe.excluded if prefix_of(subject) is None],
    }
    n = len(recipe.excluded) - len(changed["excluded"])
    if n:
        changed["excluded"].append(f"{n} subject{'s' if n > 1 else ''} without name")
    published = recipe.model_copy(update=changed)
    _warn_of_patterns(published)
    return published


def _number_prefixes(data: DataConfig | CombinedDataConfig) -> Callable[[str], str | None]:
    """Return a function that returns the prefix of a subject's number; ``None`` keeps its name.

    Subjects of folders of recordings are numbered; those of public datasets keep their names.
    """
    from bci_dann.data import DataConfig
    from bci_dann.data.combined.combined_config import dataset_of_subject, subject_name
    from bci_dann.data.dataset_names import RECORDINGS

    if isinstance(data, DataConfig):
        prefix = "" if data.dataset == RECORDINGS else None
        return lambda _: prefix
    stored = data.model_dump(mode="json")
    prefixes = {
        one.name: subject_name(one.name, "") for one in data.datasets if one.dataset == RECORDINGS
    }
    return lambda subject: prefixes.get(dataset_of_subject(stored, subject))


def _published_data(
    data: DataConfig | CombinedDataConfig,
) -> DataConfig | CombinedDataConfig:
    from bci_dann.data import DataConfig

    if isinstance(data, DataConfig):
        return data.model_copy(update=_published_keys(data))
    # the names of the datasets distinguish several folders
    entries = [
        one.model_copy(update={**_published_keys(one), "folder": one.recordings and one.name})
        for one in data.datasets
    ]
    return data.model_copy(update={"datasets": entries})


def _published_keys(data: DataConfig) -> dict[str, Any]:
    if data.recordings is None:
        return {"params": {k: v for k, v in data.params.items() if not _is_path(v)}}
    layout = _published_layout(data.recordings)
    return {"subjects": None, "sessions": None, "params": {}, "recordings": layout}


def _published_layout(layout: RecordingsLayout) -> RecordingsLayout:
    """Return a layout without file patterns, unless units or events depend on them."""
    is_needed = layout.pattern is None or bool(_texts_with_paths(layout))
    pattern = layout.pattern if is_needed else "{subject}"
    return layout.model_copy(update={"pattern": pattern, "exclude": {}, "session_order": []})


def _texts_with_paths(layout: RecordingsLayout) -> list[str]:
    """Return the pattern, runs and paths that the units or events of a layout depend on.

    They have to be published, and may name subjects; the list is empty if nothing depends on them.
    """
    by_run = [key for one in layout.events.values() if isinstance(one, dict) for key in one]
    by_path = [*layout.unit_scale] if isinstance(layout.unit_scale, dict) else []
    return [layout.pattern or "", *by_run, *by_path] if by_run or by_path else []


def _warn_of_patterns(recipe: ModelRecipe) -> None:
    from bci_dann.data.combined.combined_config import each_dataset

    layouts = [recipe.layout, *(one.recordings for one, _ in each_dataset(recipe.data))]
    patterns = [
        text for one in layouts if one is not None for text in _texts_with_paths(one) if text
    ]
    if patterns:
        _warn(
            "the units or events of the model depend on runs or paths, which are published: "
            f"{', '.join(dict.fromkeys(patterns))}. Check that they name no subject."
        )


def _published_rows(
    rows: Iterable[Mapping[str, str | int]],
    files: Mapping[str, str],
    prefix_of: Callable[[str], str | None],
) -> list[dict[str, str | int]]:
    """Return the counts of cues, with numbers instead of names of subjects and files."""
    listed = [{**row, "file": files.get(str(row.get("file", "")), "")} for row in rows]
    prefixes = [prefix_of(str(row.get("subject", ""))) for row in listed]
    to_number = [
        (row, prefix) for row, prefix in zip(listed, prefixes, strict=True) if prefix is not None
    ]
    for field in ("subject", "session", "run"):
        numbers = _numbered(row.get(field, "") for row, _ in to_number)
        for row, prefix in to_number:
            number = numbers[str(row.get(field, ""))]
            row[field] = f"{prefix}{number}" if field == "subject" else number
    return listed


def _numbered(names: Iterable[object], prefix: str = "") -> dict[str, str]:
    """Return a number for each distinct name, and an empty text for the empty name."""
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
            f"the model contains EEG of the subject that it adapts to ({', '.join(signals)}), "
            "which is not published: push the model before partial_adapt, or one that adapt made."
        )
    numbers: dict[str, str] = {}
    description = _with_numbers(state.description, numbers)
    renamed = model_from_state(ModelState(description, state.arrays))
    follows = any(name.endswith(".running") for name in state.arrays)  # partial_adapt has begun
    return renamed if follows else without_training_sessions(renamed)


def _with_numbers(description: Any, numbers: dict[str, str]) -> Any:
    """Return a description with numbered domains, in brackets to differ from recording names."""
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
