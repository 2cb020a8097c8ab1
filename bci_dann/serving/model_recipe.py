"""Recipe of a saved model: its training data, and how recordings become trials for the model."""

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
    """Training data of a model, and the steps that turn a recording into its trials.

    ``fit`` writes it beside the model as ``recipe.json``; ``adapt`` writes an updated copy.

    Parameters
    ----------
    pipeline : str
        Name of the pipeline.
    seed : int
        The ``random_state`` of the pipeline.
    classes : list of str
        Classes that the model decodes.
    sfreq : float
        Sampling frequency of the trials (Hz).
    data : DataConfig or CombinedDataConfig
        Configuration of the training data.
    excluded : list of str
        Subjects left out of training, in addition to those that ``data`` does not select.
    interpolated : dict of str to list of str
        Electrodes that were interpolated in training recordings, by dataset if ``data`` lists
        several.
    preprocessing : Preprocessing
        Steps from a recording to trials, with the channels in the order of the model.
    layout : RecordingsLayout
        Units, channel names and events of recordings.
    typical_uv : float or None
        Median standard deviation of the training trials (µV), used to detect a wrong unit.
    typical_range_uv : tuple of float, or None
        The lowest and the highest median standard deviation of a training subject (µV).
    correlations : list of str or None
        Mean correlations between channels over the training subjects, one row of numbers for each
        channel, used to detect exchanged channels.
    account : list of dict
        Counts of used and unused cues of the training recordings: rows of ``EEGTrials.account``.
    adapted_to : list of dict
        The same for the recordings that the model was adapted to; empty before adaptation.
    adapted_labels : int
        Number of trials of these recordings that had a label.
    adapted_by : list of str
        How these recordings were changed because they differ from the training recordings, in
        sentences.
    expectation : AccuracyExpectation or None
        Relation between confidence and accuracy in the training subjects, if `fit` learned it.
    expected : ExpectedAccuracy or None
        Expected accuracy for the subject that the model was adapted to, estimated without
        labels.
    licence : str or None
        Licence of the model, by its identifier on Hugging Face, such as ``cc0-1.0``.
    note : str or None
        A sentence on the data, for the model card.
    scores : list of dict
        Published results of the pipeline, for the model card; see
        :func:`bci_dann.serving.model_cards.card_scores.scores_of_table`.
    versions : dict of str to str
        Versions of the libraries that trained the model.

    See Also
    --------
    ServedModel : A recipe with its estimator.
    load_recipe : Reads a recipe from a model folder.

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
        """Leave out empty entries, so that files of models without them do not change."""
        content: dict[str, Any] = handler(self)
        for name in ("interpolated", "expectation", "expected"):
            if not content.get(name):
                content.pop(name, None)
        return content

    @property
    def adapted_files(self) -> list[str]:  # numpydoc ignore=RT01
        """The recordings that the model is adapted to, by their names."""
        return list(dict.fromkeys(str(row["file"]) for row in self.adapted_to))

    @property
    def window(self) -> tuple[float, float]:
        """Start and end of a trial relative to the event that starts it, both included.

        The window of ``preprocessing`` counts from the start of the imagery task, which may
        be later than the event.

        Returns
        -------
        tuple of (float, float)
            In seconds.
        """
        task_start, task_end = self.layout.interval
        start, end = self.preprocessing.window
        return start + task_start, task_end if end is None else end + task_start


def save_recipe(recipe: ModelRecipe, folder: str | Path) -> None:
    """Write a recipe into a model folder.

    Parameters
    ----------
    recipe : ModelRecipe
        The recipe.
    folder : str or pathlib.Path
        The folder of the model.

    Raises
    ------
    ResultsError
        When the file cannot be written.

    See Also
    --------
    load_recipe : Reads it.
    ServedModel.save : Writes the estimator as well.

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
        The folder of a model, or the name of a built-in model or a model of the Hub.

    Returns
    -------
    ModelRecipe
        As saved by this version or an earlier one.

    Raises
    ------
    ConfigError
        When the folder has no recipe, or the recipe does not fit this version.
    DataError
        When the file is a link out of the folder, or much larger than a recipe.
    ResultsError
        When it cannot be read.

    See Also
    --------
    save_recipe : Writes it.
    open_model : Reads the recipe with its estimator.

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
    except (FileNotFoundError, NotADirectoryError):
        if not path.parent.is_dir():
            raise ConfigError(
                f"there is no model folder {folder}: check the path. Give a folder that `bci-dann "
                "fit` or `bci-dann adapt` wrote."
            ) from None
        raise ConfigError(
            f"{folder} has no {FILE}, which describes how to read recordings for this model. Use a "
            "folder that `bci-dann fit` or `bci-dann adapt` wrote, or save the model with "
            "bci_dann.serving.ServedModel(estimator, recipe).save(folder)."
        ) from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} cannot be read: {error}. Run `bci-dann fit` again.") from error
    return validate(ModelRecipe, content, str(path))
