"""A fitted model together with the recipe of its trials, in memory and on disk."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann._resources import BUILTIN, find_model
from bci_dann.exceptions import ConfigError, ResultsError
from bci_dann.serving.model_cards.model_facts import facts_of
from bci_dann.serving.model_recipe import ModelRecipe, load_recipe, save_recipe

if TYPE_CHECKING:
    from bci_dann.estimators import TransferClassifier

__all__ = ["ServedModel", "as_served_model", "check_writable", "open_model"]


class ServedModel:
    """A fitted estimator, and how recordings become trials for it.

    Parameters
    ----------
    estimator : TransferClassifier
        Fitted on trials, ``(n_trials, n_chans, n_times)``.
    recipe : ModelRecipe
        How its trials are made.

    See Also
    --------
    fit_model : Trains one.
    open_model : Opens a saved one.

    Examples
    --------
    >>> from bci_dann import ShallowClassifier, load_dataset, serving
    >>> from bci_dann.data import DataConfig, Preprocessing, RecordingsLayout
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> recipe = serving.ModelRecipe(
    ...     pipeline="mine",
    ...     seed=0,
    ...     classes=["left_hand", "right_hand"],
    ...     sfreq=trials.sfreq,
    ...     data=DataConfig(dataset="SimulatedMI"),
    ...     preprocessing=Preprocessing(channels=trials.ch_names),
    ...     layout=RecordingsLayout(pattern="{subject}", events={"left_hand": "left_hand"}),
    ... )
    >>> model = serving.ServedModel(ShallowClassifier("csp").fit(trials, trials.y), recipe)
    >>> model.n_times
    513
    """

    def __init__(self, estimator: TransferClassifier, recipe: ModelRecipe) -> None:
        self.recipe = recipe
        self._estimator = estimator

    @property
    def estimator(self) -> TransferClassifier:
        """The fitted estimator.

        Returns
        -------
        TransferClassifier
            Loaded when it is first used, where the model was opened from a folder.
        """
        return self._estimator

    @property
    def n_times(self) -> int | None:
        """Number of samples in a trial, both ends of the window included.

        Returns
        -------
        int or None
            ``None`` for a model of plain vectors.
        """
        return self.estimator.n_times_

    def save(self, folder: str | Path) -> Path:
        """Write the estimator, the recipe and a model card.

        Parameters
        ----------
        folder : str or pathlib.Path
            Made where it is missing; a model already in it is replaced.

        Returns
        -------
        pathlib.Path
            The folder, which :func:`open_model` reads.

        Raises
        ------
        ConfigError
            When the folder has the name of a model that comes with the package.
        ResultsError
            When it cannot be written to.
        """
        from bci_dann.serving.model_cards.card_text import write_card

        check_writable(Path(folder))
        written = self.estimator.save(folder)
        save_recipe(self.recipe, folder)
        write_card(self.facts(), written)
        return written

    def facts(self) -> dict[str, Any]:
        """Say what the model is.

        Returns
        -------
        dict of str to object
            As :func:`describe_model` returns them, but for those of the files.
        """
        method = {
            "class": type(self.estimator).__name__,
            "parameters": self.estimator.plain_parameters(),
        }
        return facts_of(self.recipe, method, self.n_times)


class _SavedModel(ServedModel):
    """A model whose estimator is loaded when it is first used.

    Loading imports the libraries of the method, which takes longer than looking at a recording
    and telling what is wrong with it.
    """

    def __init__(self, folder: Path) -> None:
        from bci_dann.persistence import read_state

        self.recipe = load_recipe(folder)
        self._folder = folder
        self._n_times: int | None = read_state(folder).description.get("n_times")

    @cached_property
    def estimator(self) -> TransferClassifier:
        """The fitted estimator."""
        from bci_dann.estimators import load_model

        return load_model(self._folder)

    @property
    def n_times(self) -> int | None:
        """Number of samples in a trial, both ends of the window included."""
        return self._n_times


def open_model(folder: str | Path) -> ServedModel:
    """Open a model folder.

    Parameters
    ----------
    folder : str or pathlib.Path
        What ``bci-dann fit``, ``bci-dann adapt`` or :meth:`ServedModel.save` wrote; or the name of
        a model that comes with the package, such as ``"builtin:right-hand-rest"``.

    Returns
    -------
    ServedModel
        Its recipe is read at once, its estimator when it is first used.

    Raises
    ------
    ConfigError
        When the folder has no recipe, or no model of the name comes with the package.
    DataError
        When there is no model, or it is damaged.
    ResultsError
        When the recipe cannot be read.

    See Also
    --------
    bci_dann.load_model : The estimator alone, without its recipe.
    ServedModel.save : Writes the folder.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import serving
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> with TemporaryDirectory() as folder:
    ...     saved = serving.fit_model(config, out=folder)
    ...     type(serving.open_model(folder).estimator).__name__
    'ShallowClassifier'
    """
    return _SavedModel(find_model(folder))


def as_served_model(model: str | Path | ServedModel) -> ServedModel:
    """Return a model as it is, or opened where its folder was given.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder.

    Returns
    -------
    ServedModel
        For either.
    """
    return model if isinstance(model, ServedModel) else open_model(model)


def check_writable(folder: Path) -> None:
    """Try to write where a model's folder is or will be, before the work whose result goes there.

    Parameters
    ----------
    folder : pathlib.Path
        The folder; it is not made, so that none is left where the work fails.

    Raises
    ------
    ConfigError
        When it has the name of a model that comes with the package.
    ResultsError
        When it cannot be made or written to.
    """
    if str(folder).startswith(BUILTIN):
        raise ConfigError(
            f"{folder} names a model that comes with bci_dann, and nothing is written there: "
            "choose a folder with --out (or out= in Python)."
        )
    try:
        nearest = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise ResultsError(
            f"the model cannot be written to {folder}: {error.strerror or error}. "
            "Choose another folder with --out (or out= in Python)."
        ) from error
