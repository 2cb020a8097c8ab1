"""Upload and download of model folders on the Hugging Face Hub; only files of models are copied."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from bci_dann._files import write_atomically
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError, ResultsError
from bci_dann.persistence.hub_library import (
    HUB,
    TOKEN,
    UnreachableError,
    clear_errors,
    hub_address,
    hub_api,
    load_hub,
)
from bci_dann.persistence.model_files import MOST_ARRAY_BYTES, MOST_TEXT_BYTES

__all__ = ["check_upload", "download_model", "split_address", "upload_model"]

# The files that are copied, and their maximum sizes (bytes); the first three are required.
NEEDED = {
    "model.json": MOST_TEXT_BYTES,
    "recipe.json": MOST_TEXT_BYTES,
    "model.safetensors": MOST_ARRAY_BYTES,
}
CARD = "README.md"
FILES = {**NEEDED, CARD: MOST_TEXT_BYTES}

COMMIT = re.compile(r"[0-9a-f]{40}")
MAIN = "main"


def split_address(address: str) -> tuple[str, str | None]:
    """Split the address of a model on the Hub.

    Parameters
    ----------
    address : str
        ``hub:OWNER/NAME``, or ``hub:OWNER/NAME@REVISION``.

    Returns
    -------
    repo_id : str
        ``OWNER/NAME``.
    revision : str or None
        A branch, tag or commit.

    Raises
    ------
    ConfigError
        When there is nothing after the ``@``.
    """
    repo_id, at, revision = address.removeprefix(HUB).partition("@")
    if at and not revision:
        raise ConfigError(f"{address} names no revision: write hub:OWNER/NAME or add one after @.")
    return repo_id, revision or None


def download_model(
    repo_id: str,
    revision: str | None = None,
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
) -> Path:
    """Download the files of a model, unless this commit has already been downloaded.

    Parameters
    ----------
    repo_id : str
        ``OWNER/NAME``.
    revision : str or None
        A branch, tag or commit; by default the main branch.
    token : str, bool or None
        See :meth:`bci_dann.serving.ServedModel.from_pretrained`.
    cache_dir : str, pathlib.Path or None
        The folder for downloads; by default in the cache of the package.
    local_files_only : bool
        Whether to use an earlier download without a request to the Hub.

    Returns
    -------
    pathlib.Path
        The model's folder.

    Raises
    ------
    ConfigError
        When the address is malformed, or the Hub refuses the token.
    DataError
        When the Hub has no such model or cannot be reached, or a file is missing or too large.
    InstallationError
        When ``huggingface_hub`` is not installed.
    ResultsError
        When files cannot be written, or the Hub fails.
    """
    hub = load_hub()
    address = hub_address(hub, repo_id, revision)
    place = _cache_folder(cache_dir) / repo_id.replace("/", "--")
    reference = place / f"{quote(revision or MAIN, safe='')}.commit"
    if local_files_only:
        return _stored(place, reference, revision, address)
    api = hub_api(hub, token)
    try:
        with clear_errors(hub, address):
            info = api.model_info(repo_id, revision=revision, files_metadata=True)
            names = _files_to_take(info, address)
            folder = place / info.sha
            for name in names:
                api.hf_hub_download(repo_id, name, revision=info.sha, local_dir=folder)
    except UnreachableError as error:
        folder = _stored(place, reference, revision, address, str(error))
        _say_that_it_is_stored(address, folder, str(error))
        return folder
    write_atomically(reference, info.sha.encode())
    return folder


def upload_model(
    folder: Path,
    repo_id: str,
    *,
    private: bool | None,
    token: str | bool | None,
    commit_message: str,
    revision: str | None,
    card_mark: str,
) -> str:
    """Upload the files of a model folder, and no others.

    Parameters
    ----------
    folder : pathlib.Path
        The model's folder.
    repo_id : str
        ``OWNER/NAME``; created if it does not exist.
    private : bool or None
        Whether a new repository is visible only to its owner.
    token : str, bool or None
        See :meth:`bci_dann.serving.ServedModel.push_to_hub`.
    commit_message : str
        Message of the commit.
    revision : str or None
        A branch, created if it does not exist; by default the main branch.
    card_mark : str
        Text by which model cards of the package are recognised; an existing card without it is
        not overwritten.

    Returns
    -------
    str
        The address of the commit.

    Raises
    ------
    ConfigError
        When the Hub refuses the token or the card; see also :func:`check_upload`.
    InstallationError
        When ``huggingface_hub`` is not installed.
    ResultsError
        When the Hub cannot be reached, or fails.
    """
    check_upload(repo_id, token)
    hub = load_hub()
    address = hub_address(hub, repo_id, revision)
    api = hub_api(hub, token)
    try:
        with clear_errors(hub, address):
            api.create_repo(repo_id, private=private, exist_ok=True)
            if revision is not None:
                api.create_branch(repo_id, branch=revision, exist_ok=True)
            has_own = _has_own_card(hub, api, repo_id, revision, card_mark)
            names = [name for name in FILES if not (has_own and name == CARD)]
            commit = api.create_commit(
                repo_id,
                [hub.CommitOperationAdd(name, folder / name) for name in names],
                commit_message=commit_message,
                revision=revision,
            )
    except UnreachableError as error:
        raise ResultsError(
            f"the Hub cannot be reached ({error}), and {address} is not uploaded."
        ) from error
    return str(commit.commit_url)


def check_upload(repo_id: str, token: str | bool | None) -> None:
    """Check name and token for an upload, without a request to the Hub.

    Parameters
    ----------
    repo_id : str
        ``OWNER/NAME``.
    token : str, bool or None
        See :func:`upload_model`.

    Raises
    ------
    ConfigError
        When the name is malformed, or there is no token.
    InstallationError
        When ``huggingface_hub`` is not installed.
    """
    hub = load_hub()
    address = hub_address(hub, repo_id, None)
    if token is False or not (isinstance(token, str) or hub.get_token()):
        raise ConfigError(
            f"{address} cannot be uploaded without a token that may write: make one at "
            f"https://huggingface.co/settings/tokens. {TOKEN}"
        )


def _cache_folder(cache_dir: str | Path | None) -> Path:
    from bci_dann.data.cache import cache_root

    return cache_root() / "hub" if cache_dir is None else Path(cache_dir)


def _files_to_take(info: Any, address: str) -> list[str]:
    """Return the files of a repository that belong to a model, after checking their sizes."""
    if not COMMIT.fullmatch(str(info.sha)):  # used as the name of a folder
        raise DataError(f"{address}: the Hub names no commit, but {info.sha!r}. Try again later.")
    sizes = {one.rfilename: one.size for one in info.siblings or () if one.rfilename in FILES}
    missing = sorted(set(NEEDED) - set(sizes))
    if missing:
        raise DataError(
            f"{address} is no model of bci_dann: it lacks {', '.join(missing)}. Those that "
            "`bci-dann push` or ServedModel.push_to_hub uploaded can be opened."
        )
    for name, size in sizes.items():
        if size is not None and size > FILES[name]:
            raise DataError(
                f"{address} is not downloaded: {name} has {size} bytes, and no such file of a "
                f"model has more than {FILES[name]}."
            )
    return list(sizes)


def _stored(
    place: Path, reference: Path, revision: str | None, address: str, reason: str = ""
) -> Path:
    """Return the folder of the last downloaded commit of a revision."""
    commit = revision or MAIN
    if not COMMIT.fullmatch(commit):
        commit = reference.read_text(encoding="utf-8").strip() if reference.is_file() else ""
    folder = place / commit
    if COMMIT.fullmatch(commit) and all((folder / name).is_file() for name in NEEDED):
        return folder
    begin = f"the Hub cannot be reached ({reason}), and " if reason else ""
    raise DataError(
        f"{begin}{address} is not in {place.parent}: it has to be downloaded once, with a network."
    )


def _say_that_it_is_stored(address: str, folder: Path, reason: str) -> None:
    warnings.warn(
        f"the Hub cannot be reached ({reason}): {address} is taken as it was downloaded last, of "
        f"the commit {folder.name[:12]}.",
        BCIDannWarning,
        stacklevel=4,
    )


def _has_own_card(hub: Any, api: Any, repo_id: str, revision: str | None, mark: str) -> bool:
    """Return whether the repository has a model card written by a user, which must be kept."""
    with TemporaryDirectory() as copy:
        try:
            path = api.hf_hub_download(repo_id, CARD, revision=revision, local_dir=copy)
        except hub.errors.EntryNotFoundError:
            return False
        card = Path(path).read_text(encoding="utf-8", errors="replace")
    if mark in card:
        return False
    warnings.warn(
        f"{repo_id} has a {CARD} that was not written by bci_dann, and stays as it is.",
        BCIDannWarning,
        stacklevel=4,
    )
    return True
