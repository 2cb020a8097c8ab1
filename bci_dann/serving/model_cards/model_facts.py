"""Facts of a model for its card and for `inspect`, in types that JSON supports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bci_dann.data.combined.combined_config import CombinedDataConfig, dataset_of_subject
from bci_dann.data.dataset_summaries import UNKNOWN, dataset_summaries
from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["facts_of"]


def facts_of(recipe: ModelRecipe, method: Mapping[str, Any], n_times: int | None) -> dict[str, Any]:
    """Return the facts of a model that do not depend on its files.

    Parameters
    ----------
    recipe : ModelRecipe
        The recipe of the model.
    method : mapping of str to object
        Description of the estimator, with ``class`` and ``parameters``.
    n_times : int or None
        Number of samples of a trial.

    Returns
    -------
    dict of str to object
        In types that JSON supports.
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
        "expectation": None if recipe.expectation is None else recipe.expectation.model_dump(),
        "expected_accuracy": None if recipe.expected is None else recipe.expected.model_dump(),
        "scores": recipe.scores,
        "licence": recipe.licence,
        "note": recipe.note,
        "versions": recipe.versions,
    }


def _data(recipe: ModelRecipe) -> dict[str, Any]:
    data = recipe.data
    if isinstance(data, CombinedDataConfig):
        of_each = {"datasets": _datasets(data, recipe)}
        name = ", ".join(data.names)
    else:
        of_each, name = {}, data.dataset
    return {
        "dataset": name,
        **_counts(recipe.account),
        **of_each,
        "excluded_subjects": recipe.excluded,
        "typical_amplitude_uv": recipe.typical_uv,
    }


def _counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {
        "n_subjects": len({str(row["subject"]) for row in rows}),
        "n_sessions": len({(str(row["subject"]), str(row["session"])) for row in rows}),
        "n_trials": sum(int(row["used"]) for row in rows),
        "n_cues": sum(int(row["found"]) for row in rows),
    }


def _datasets(data: CombinedDataConfig, recipe: ModelRecipe) -> list[dict[str, Any]]:
    """Return the facts of each dataset of a model that was trained on several."""
    stored, rows = data.model_dump(mode="json"), recipe.account
    licences = {one.name: one.licence for one in dataset_summaries() if one.licence != UNKNOWN}
    return [
        {
            "name": entry.name,
            "dataset": entry.dataset,
            "licence": entry.licence or licences.get(entry.dataset),
            "unit_scale": 1.0 if entry.recordings is None else entry.recordings.unit_scale,
            "interpolated": recipe.interpolated.get(entry.name, []),
            **_counts(
                [r for r in rows if dataset_of_subject(stored, str(r["subject"])) == entry.name]
            ),
        }
        for entry in data.datasets
    ]


def _adapted_to(recipe: ModelRecipe) -> list[dict[str, Any]]:
    used: dict[str, int] = {}
    for row in recipe.adapted_to:
        # without the folder: a card may be published, and a path can contain the name of a user
        name = Path(str(row["file"])).name
        used[name] = used.get(name, 0) + int(row["used"])
    return [{"file": file, "n_trials": count} for file, count in used.items()]
