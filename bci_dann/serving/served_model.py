"""A fitted estimator with the recipe of its trials, in memory and in a model folder."""

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
    """A fitted estimator, and the steps that turn recordings into its trials.

    Parameters
    ----------
    estimator : TransferClassifier
        Fitted on trials, ``(n_trials, n_chans, n_times)``.
    recipe : ModelRecipe
        The steps from a recording to trials.

    See Also
    --------
    fit_model : Trains a model.
    open_model : Opens a saved model.

    Notes
    -----
    :meth:`push_to_hub` and :meth:`from_pretrained` upload and download models of the Hugging Face
    Hub. They need the extra ``hub`` of the package. The Hub is not contacted otherwise, except for
    the name ``hub:OWNER/NAME`` instead of a model folder.

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
            For a model that was opened from a folder, it is loaded when first used.
        """
        return self._estimator

    @property
    def n_times(self) -> int | None:
        """Number of samples of a trial, with both ends of the window.

        Returns
        -------
        int or None
            ``None`` for a model of plain feature vectors.
        """
        return self.estimator.n_times_

    def save(self, folder: str | Path) -> Path:
        """Write the estimator, the recipe and a model card to a folder.

        Parameters
        ----------
        folder : str or pathlib.Path
            The folder, created if necessary; a model in it is replaced.

        Returns
        -------
        pathlib.Path
            The folder, to be opened with :func:`open_model`.

        Raises
        ------
        ConfigError
            When the folder is the name of a built-in model or of a model of the Hub.
        ResultsError
            When the folder cannot be written to.
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

        The four files of a model folder are uploaded in one commit: arrays, description, recipe
        and model card. A model card in the repository that a user wrote is not replaced.

        Parameters
        ----------
        repo_id : str
            ``OWNER/NAME`` of the repository, which is created if it does not exist.
        private : bool or None
            Whether a new repository is visible to its owner only; ``None`` uses the default of
            the Hub. The visibility of an existing repository is not changed.
        token : str, bool or None
            A token with write permission. By default that of ``HF_TOKEN`` or ``hf auth login``.
        commit_message : str
            Message of the commit.
        revision : str or None
            A branch, created if it does not exist. By default the main branch.

        Returns
        -------
        str
            The URL of the commit.

        Raises
        ------
        ConfigError
            When the name is malformed, the Hub rejects the token or the card, or the model contains
            EEG of a subject.
        InstallationError
            When ``huggingface_hub`` is not installed.
        ResultsError
            When the Hub cannot be reached, or returns an error.
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
        """Download and open a model of the Hugging Face Hub.

        Only the files of a model are downloaded. If the Hub cannot be reached, the last downloaded
        commit is used, with a warning.

        Parameters
        ----------
        repo_id : str
            ``OWNER/NAME`` of the repository.
        revision : str or None
            A branch, tag or commit. By default the main branch, whose model may change; a commit
            always has the same model.
        token : str, bool or None
            For a private model. By default that of ``HF_TOKEN`` or ``hf auth login``; ``False``
            sends none.
        cache_dir : str, pathlib.Path or None
            Folder for downloads. By default ``hub`` in the cache of the package.
        local_files_only : bool
            Whether to use an earlier download without contacting the Hub.

        Returns
        -------
        ServedModel
            See :func:`open_model`.

        Raises
        ------
        ConfigError
            When the name is malformed, or the Hub rejects the token.
        DataError
            When the model does not exist, cannot be downloaded, or is damaged.
        InstallationError
            When ``huggingface_hub`` is not installed.
        ResultsError
            When files cannot be written, or the Hub returns an error.
        """
        from bci_dann.persistence.hub_repository import download_model

        return open_model(download_model(repo_id, revision, token, cache_dir, local_files_only))

    def facts(self) -> dict[str, Any]:
        """Return the facts of the model that its card shows.

        Returns
        -------
        dict of str to object
            As :func:`describe_model` returns them, without those about the files.
        """
        method = {
            "class": type(self.estimator).__name__,
            "parameters": self.estimator.plain_parameters(),
        }
        return facts_of(self.recipe, method, self.n_times)


class _SavedModel(ServedModel):
    """A model whose estimator is loaded when it is first used.

    Loading imports the libraries of the method, which takes longer than checking a recording, so
    that errors in recordings are reported earlier.
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
        """Number of samples of a trial, with both ends of the window."""
        return self._n_times


def open_model(folder: str | Path) -> ServedModel:
    """Open a saved model.

    Parameters
    ----------
    folder : str or pathlib.Path
        A folder that ``bci-dann fit``, ``bci-dann adapt`` or :meth:`ServedModel.save` wrote; the
        name of a built-in model, such as ``"builtin:right-hand-rest"``; or ``"hub:OWNER/NAME"``
        for a model of the Hugging Face Hub, optionally with ``@REVISION``.

    Returns
    -------
    ServedModel
        The recipe is read immediately, the estimator when it is first used.

    Raises
    ------
    ConfigError
        When the folder has no recipe, there is no built-in model of this name, or the Hub rejects
        the token.
    DataError
        When there is no model, or the model is damaged.
    InstallationError
        When a model of the Hub is named and ``huggingface_hub`` is not installed.
    ResultsError
        When the recipe cannot be read.

    See Also
    --------
    bci_dann.load_model : Reads the estimator without its recipe.
    ServedModel.save : Writes a model folder.

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
    """Return a model, opened from its folder if a folder is given.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder.

    Returns
    -------
    ServedModel
        The model.
    """
    return model if isinstance(model, ServedModel) else open_model(model)


def check_writable(folder: Path) -> None:
    """Check that a model folder can be written to, before the work that leads to the model.

    Parameters
    ----------
    folder : pathlib.Path
        The folder; it is not created, so that no empty folder remains if the work fails.

    Raises
    ------
    ConfigError
        When it is the name of a built-in model or of a model of the Hub.
    ResultsError
        When the folder cannot be created or written to.
    """
    if str(folder).startswith(NAMED):
        raise ConfigError(
            f"{folder} is the name of a model, not a folder, and cannot be written to: choose a "
            "folder with --out (or out= in Python). `bci-dann push` uploads a model."
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
