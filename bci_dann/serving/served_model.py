"""A fitted model together with the recipe of its trials, in memory and on disk."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.exceptions import ConfigError, ResultsError
from bci_dann.persistence.model_location import NAMED, find_model
from bci_dann.serving.model_cards.model_facts import facts_of
from bci_dann.serving.model_recipe import ModelRecipe, load_recipe, save_recipe
from bci_dann.serving.published_model import published_model

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

    Notes
    -----
    :meth:`push_to_hub` and :meth:`from_pretrained` exchange models with the Hugging Face Hub. They
    need the extra ``hub`` of the package. Nothing else asks the Hub, but the name
    ``hub:OWNER/NAME`` in the place of a model's folder.

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
            When the folder is the name of a model of the package or of the Hub.
        ResultsError
            When it cannot be written to.
        """
        from bci_dann.serving.model_cards.card_text import write_card

        check_writable(Path(folder))
        written = self.estimator.save(folder)
        save_recipe(self.recipe, folder)
        write_card(self.facts(), written)
        return written

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool | None = True,
        token: str | bool | None = None,
        commit_message: str = "Model of bci_dann",
        revision: str | None = None,
    ) -> str:
        """Upload the model to the Hugging Face Hub, without names of subjects and recordings.

        The repository gets the four files of a model folder in one commit: arrays, description,
        recipe, and the model card, unless somebody has written another one there.

        Parameters
        ----------
        repo_id : str
            ``OWNER/NAME`` of the repository, which is made where it is missing.
        private : bool or None
            Whether nobody else sees a new repository; ``None`` leaves that to the Hub. A
            repository that exists stays as visible as it is.
        token : str, bool or None
            A token that may write. By default that of ``HF_TOKEN`` or ``hf auth login``.
        commit_message : str
            What the history of the repository says.
        revision : str or None
            A branch, made where it is missing. By default the main branch.

        Returns
        -------
        str
            The address of the commit.

        Raises
        ------
        ConfigError
            When the name is malformed, the Hub refuses the token or the card, or the model holds
            EEG of a subject.
        InstallationError
            When ``huggingface_hub`` is not installed.
        ResultsError
            When the Hub cannot be reached, or fails.
        """
        from bci_dann.persistence.hub_library import HUB
        from bci_dann.persistence.hub_repository import check_upload, upload_model
        from bci_dann.serving.model_cards.card_text import MARK, write_card

        check_upload(repo_id, token)
        published = ServedModel(*published_model(self.estimator, self.recipe))
        with tempfile.TemporaryDirectory() as folder:
            published.save(folder)
            write_card(published.facts(), Path(folder), name=f"{HUB}{repo_id}")
            return upload_model(
                Path(folder),
                repo_id,
                private=private,
                token=token,
                commit_message=commit_message,
                revision=revision,
                card_mark=MARK,
            )

    @classmethod
    def from_pretrained(
        cls,
        repo_id: str,
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        local_files_only: bool = False,
    ) -> ServedModel:
        """Open a model of the Hugging Face Hub; only the files of a model are downloaded.

        Where the Hub cannot be reached, the commit that was downloaded last is taken, with a
        warning.

        Parameters
        ----------
        repo_id : str
            ``OWNER/NAME`` of the repository.
        revision : str or None
            A branch, tag or commit. By default the main branch, which may change: a commit is
            always the same model.
        token : str, bool or None
            For a private model. By default that of ``HF_TOKEN`` or ``hf auth login``; ``False``
            sends none.
        cache_dir : str, pathlib.Path or None
            Where models are kept. By default ``hub`` in the cache of the package.
        local_files_only : bool
            Whether to take what was downloaded earlier, without asking the Hub.

        Returns
        -------
        ServedModel
            As :func:`open_model` returns it.

        Raises
        ------
        ConfigError
            When the name is malformed, or the Hub refuses the token.
        DataError
            When there is no such model, it cannot be reached, or it is damaged.
        InstallationError
            When ``huggingface_hub`` is not installed.
        ResultsError
            When files cannot be written, or the Hub fails.
        """
        from bci_dann.persistence.hub_repository import download_model

        return open_model(download_model(repo_id, revision, token, cache_dir, local_files_only))

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
        What ``bci-dann fit``, ``bci-dann adapt`` or :meth:`ServedModel.save` wrote; the name of
        a model that comes with the package, such as ``"builtin:right-hand-rest"``; or
        ``"hub:OWNER/NAME"`` of the Hugging Face Hub, perhaps with ``@REVISION``.

    Returns
    -------
    ServedModel
        Its recipe is read at once, its estimator when it is first used.

    Raises
    ------
    ConfigError
        When the folder has no recipe, no model of the name comes with the package, or the Hub
        refuses the token.
    DataError
        When there is no model, or it is damaged.
    InstallationError
        When a model of the Hub is named, and ``huggingface_hub`` is not installed.
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
        When it is the name of a model of the package or of the Hub.
    ResultsError
        When it cannot be made or written to.
    """
    if str(folder).startswith(NAMED):
        raise ConfigError(
            f"{folder} names a model that is no folder of yours, and nothing is written there: "
            "choose a folder with --out (or out= in Python). `bci-dann push` uploads a model."
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
