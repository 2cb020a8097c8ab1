"""The recipe of a saved model: how a recording becomes the trials that the model wants."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from bci_dann._config import StrictModel, validate
from bci_dann.data.combined.combined_config import RunData
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.exceptions import ConfigError, DataError, ResultsError
from bci_dann.serving.expected_accuracy import AccuracyExpectation, ExpectedAccuracy

__all__ = ["ModelRecipe", "load_recipe", "save_recipe"]

FILE = "recipe.json"


class ModelRecipe(StrictModel):  # numpydoc ignore=PR02
    """What the model was trained on, and what happens to a recording before it is decoded.

    ``fit`` writes it beside the model as ``recipe.json``, and ``adapt`` copies it.

    Parameters
    ----------
    pipeline : str
        The pipeline's name.
    seed : int
        Its ``random_state``.
    classes : list of str
        The classes that the model decodes.
    sfreq : float
        Sampling frequency of the trials (Hz).
    data : DataConfig or CombinedDataConfig
        The training data.
    excluded : list of str
        Subjects that were left out of training, beside those that ``data`` does not select.
    interpolated : dict of str to list of str
        Electrodes of training recordings that were interpolated, by data set where ``data`` lists
        several.
    preprocessing : Preprocessing
        From recording to trials, with the channels in the model's order.
    layout : RecordingsLayout
        Units, channel names and events of recordings.
    typical_uv : float or None
        Median standard deviation of the training trials (µV), which tells a wrong unit.
    typical_range_uv : tuple of float, or None
        The lowest and the highest of these medians of single training subjects (µV).
    correlations : list of str or None
        Mean correlations between channels in training subjects, one row for each channel, which
        tell exchanged channels.
    account : list of dict
        What became of the cues of the training recordings: the rows of ``EEGTrials.account``.
    adapted_to : list of dict
        The same of the recordings that the model was adapted to; empty before.
    adapted_labels : int
        How many trials of these had a label.
    adapted_by : list of str
        What was done to those recordings because they are not like the training recordings, in
        sentences.
    expectation : AccuracyExpectation or None
        What the training subjects teach about the accuracy of a new one, where `fit` was asked.
    expected : ExpectedAccuracy or None
        The accuracy to expect of the subject that the model was adapted to, from trials without
        labels.
    licence : str or None
        Under which licence the model may be used, as Hugging Face names it, such as ``cc0-1.0``.
    note : str or None
        A sentence on the data, for the model card.
    scores : list of dict
        Results of the pipeline that a table holds, for the model card; see
        :func:`bci_dann.serving.model_cards.card_scores.scores_of_table`.
    versions : dict of str to str
        Versions of the libraries that trained the model.

    See Also
    --------
    ServedModel : A recipe and its estimator.
    load_recipe : Reads one from a model folder.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import DataConfig, Preprocessing, RecordingsLayout
    >>> recipe = serving.ModelRecipe(
    ...     pipeline="ea_csp_lda",
    ...     seed=0,
    ...     classes=["left_hand", "right_hand"],
    ...     sfreq=128.0,
    ...     data=DataConfig(dataset="SimulatedMI"),
    ...     preprocessing=Preprocessing(channels=["C3", "C4"], window=(0.5, 3.5)),
    ...     layout=RecordingsLayout(pattern="{subject}", events={"left_hand": "left_hand"}),
    ... )
    >>> recipe.window
    (0.5, 3.5)
    """

    pipeline: str
    seed: int
    classes: list[str] = Field(min_length=2)
    sfreq: float = Field(gt=0)
    data: RunData
    excluded: list[str] = Field(default_factory=list)
    interpolated: dict[str, list[str]] = Field(default_factory=dict)
    preprocessing: Preprocessing
    layout: RecordingsLayout
    typical_uv: Annotated[float, Field(gt=0)] | None = None
    typical_range_uv: tuple[float, float] | None = None
    correlations: list[str] | None = None
    account: list[dict[str, str | int]] = Field(default_factory=list)
    adapted_to: list[dict[str, str | int]] = Field(default_factory=list)
    adapted_labels: int = Field(default=0, ge=0)
    adapted_by: list[str] = Field(default_factory=list)
    expectation: AccuracyExpectation | None = None
    expected: ExpectedAccuracy | None = None
    licence: str | None = None
    note: str | None = None
    scores: list[dict[str, str | int | float]] = Field(default_factory=list)
    versions: dict[str, str] = Field(default_factory=dict)

    @model_serializer(mode="wrap")
    def _without_unused(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not known: files of models without it stay the same."""
        content: dict[str, Any] = handler(self)
        for name in ("interpolated", "expectation", "expected"):
            if not content.get(name):
                content.pop(name, None)
        return content

    @property
    def window(self) -> tuple[float, float]:
        """Start and end of a trial after the event that starts it, both included.

        The window of ``preprocessing`` counts from the start of the imagery task, which may
        come after the event.

        Returns
        -------
        tuple of (float, float)
            In seconds.
        """
        task_start, task_end = self.layout.interval
        start, end = self.preprocessing.window
        return start + task_start, task_end if end is None else end + task_start


def save_recipe(recipe: ModelRecipe, folder: str | Path) -> None:
    """Write a recipe beside a model.

    Parameters
    ----------
    recipe : ModelRecipe
        The recipe.
    folder : str or pathlib.Path
        The model's folder.

    Raises
    ------
    ResultsError
        When the file cannot be written.

    See Also
    --------
    load_recipe : Reads it.
    ServedModel.save : Writes the estimator, too.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import serving
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> model = serving.fit_model(config)
    >>> with TemporaryDirectory() as folder:
    ...     serving.save_recipe(model.recipe, folder)
    ...     serving.load_recipe(folder) == model.recipe
    True
    """
    from bci_dann._files import write_atomically

    write_atomically(Path(folder) / FILE, (recipe.model_dump_json(indent=2) + "\n").encode())


def load_recipe(folder: str | Path) -> ModelRecipe:
    """Read the recipe of a saved model.

    Parameters
    ----------
    folder : str or pathlib.Path
        The model's folder, or the name of a model of the package or of the Hub.

    Returns
    -------
    ModelRecipe
        As it was saved, by this version or one before.

    Raises
    ------
    ConfigError
        When the folder has none, or it does not fit this version.
    DataError
        When it leads out of the folder, or is far larger than a recipe.
    ResultsError
        When it cannot be read.

    See Also
    --------
    save_recipe : Writes it.
    open_model : The recipe with its estimator.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import serving
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> with TemporaryDirectory() as folder:
    ...     model = serving.fit_model(config, out=folder)
    ...     serving.load_recipe(folder).preprocessing.band
    (8.0, 32.0)
    """
    from bci_dann.persistence.model_files import read_model_json
    from bci_dann.persistence.model_location import find_model

    path = find_model(folder) / FILE
    try:
        content = read_model_json(path.parent, FILE)
    except DataError:
        raise
    except FileNotFoundError:
        raise ConfigError(
            f"{folder} has no {FILE}, so it is not known how to read recordings for this model. "
            "Use a folder that `bci-dann fit` or `bci-dann adapt` wrote, or save the model with "
            "bci_dann.serving.ServedModel(estimator, recipe).save(folder)."
        ) from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} cannot be read: {error}. Run `bci-dann fit` again.") from error
    return validate(ModelRecipe, content, str(path))
