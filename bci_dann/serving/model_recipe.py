"""What must happen to a recording before a saved model can read it."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import Field

from bci_dann._config import StrictModel, validate
from bci_dann.data.datasets import DataConfig
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.exceptions import ConfigError, ResultsError

__all__ = ["Recipe", "load_recipe", "save_recipe"]

FILE = "recipe.json"


class Recipe(StrictModel):
    """Written beside a model by ``fit``, and copied by ``adapt``.

    Parameters
    ----------
    pipeline : str
        The pipeline's name.
    seed : int
        Its ``random_state``.
    classes : list of str
        What the model tells apart.
    sfreq : float
        Sampling frequency of the trials (Hz).
    data : DataConfig
        What the model was trained on.
    preprocessing : Preprocessing
        With the channels in the model's order.
    layout : RecordingsLayout
        Units, channel names and events of recordings.
    """

    pipeline: str
    seed: int
    classes: list[str] = Field(min_length=2)
    sfreq: float = Field(gt=0)
    data: DataConfig
    preprocessing: Preprocessing
    layout: RecordingsLayout


def save_recipe(recipe: Recipe, folder: Path) -> None:
    """Write a recipe beside a model.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    folder : pathlib.Path
        The model's folder.

    Raises
    ------
    ResultsError
        When the file cannot be written.
    """
    from bci_dann._files import write_atomically

    write_atomically(folder / FILE, (recipe.model_dump_json(indent=2) + "\n").encode())


def load_recipe(folder: Path) -> Recipe:
    """Read the recipe of a saved model.

    Parameters
    ----------
    folder : pathlib.Path
        The model's folder.

    Returns
    -------
    Recipe

    Raises
    ------
    ConfigError
        When the folder has none, or it does not fit this version.
    ResultsError
        When it cannot be read.
    """
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{folder} has no {FILE}, so it is not known how to read recordings for this model. "
            "Use a folder that `bci-dann fit` or `bci-dann adapt` wrote."
        ) from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} cannot be read: {error}. Run `bci-dann fit` again.") from error
    return validate(Recipe, content, str(path))
