"""Access to the library ``huggingface_hub``: import, addresses, and conversion of its errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bci_dann._version import __version__
from bci_dann.exceptions import (
    BCIDannError,
    ConfigError,
    DataError,
    InstallationError,
    ResultsError,
)

__all__ = ["HUB", "TOKEN", "UnreachableError", "clear_errors", "hub_address", "hub_api", "load_hub"]

# Prefix of the address of a model on the Hub, which may be given instead of a folder.
HUB = "hub:"
# Advice in messages on how to provide a token.
TOKEN = "Sign in with `hf auth login`, set HF_TOKEN, or give token= in Python."


class UnreachableError(Exception):
    """The Hub does not answer, or offline mode is set."""


def load_hub() -> Any:
    """Import ``huggingface_hub``.

    Returns
    -------
    module
        ``huggingface_hub``.

    Raises
    ------
    InstallationError
        When it is not installed.
    """
    try:
        import huggingface_hub
        import huggingface_hub.errors
        import huggingface_hub.utils
    except ImportError as error:
        raise InstallationError(
            f"models of the Hugging Face Hub need huggingface_hub, which cannot be imported: "
            f"{error}. Install it with: pip install 'bci_dann[hub]'"
        ) from error
    return huggingface_hub


def hub_api(hub: Any, token: str | bool | None) -> Any:
    """Return the client for requests to the Hub.

    Parameters
    ----------
    hub : module
        ``huggingface_hub``.
    token : str, bool or None
        The token, as in the library; by default that of ``HF_TOKEN`` or ``hf auth login``.

    Returns
    -------
    huggingface_hub.HfApi
        The client, before any request.
    """
    return hub.HfApi(token=token, library_name="bci_dann", library_version=__version__)


def hub_address(hub: Any, repo_id: str, revision: str | None) -> str:
    """Return the address of a model, after checking its name.

    Parameters
    ----------
    hub : module
        ``huggingface_hub``.
    repo_id : str
        ``OWNER/NAME``.
    revision : str or None
        A branch, tag or commit.

    Returns
    -------
    str
        ``hub:OWNER/NAME@REVISION``.

    Raises
    ------
    ConfigError
        When the name is malformed.
    """
    try:
        hub.utils.validate_repo_id(repo_id)
        malformed = repo_id.count("/") != 1
    except hub.errors.HFValidationError:
        malformed = True
    if malformed:
        raise ConfigError(
            f"a model of the Hub is named OWNER/NAME, in letters, digits, '-', '_' and '.'; got "
            f"{repo_id!r}."
        )
    return f"{HUB}{repo_id}" if revision is None else f"{HUB}{repo_id}@{revision}"


@contextmanager
def clear_errors(hub: Any, address: str) -> Iterator[None]:
    """Convert errors of the library, and of its dependencies, to those of this package.

    Parameters
    ----------
    hub : module
        ``huggingface_hub``.
    address : str
        The requested model.

    Yields
    ------
    None
        In which the Hub is asked.

    Raises
    ------
    UnreachableError
        When the Hub does not answer.
    ConfigError
        When the Hub refuses the token or the arguments.
    DataError
        When there is no such model.
    ResultsError
        For all other errors.
    """
    try:
        yield
    except BCIDannError:
        raise
    except Exception as error:  # also errors of its dependencies, and malformed responses
        lines = str(error).strip().splitlines() or [type(error).__name__]
        if _is_unreachable(hub.errors, error):
            raise UnreachableError(lines[0].rstrip(".")) from error
        raise _clear_error(hub.errors, error, address, " ".join(lines)) from error


def _is_unreachable(errors: Any, error: BaseException) -> bool:
    """Return whether the Hub does not answer, has a server error, or offline mode is set."""
    if isinstance(error, errors.HfHubHTTPError):
        return bool(error.response.status_code >= 500)
    without_answer = (errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError)
    return isinstance(error, (*without_answer, errors.HfHubHTTPError.__bases__[0]))


def _clear_error(errors: Any, error: BaseException, address: str, text: str) -> BCIDannError:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.GatedRepoError):
        page = address.removeprefix(HUB).partition("@")[0]
        return ConfigError(
            f"{address} is given on request: ask on its page, https://huggingface.co/{page}, and "
            f"give a token of that account. {TOKEN}"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return DataError(
            f"the Hub has no model {address}, or it is private: check the name, and for a private "
            f"one give a token. {TOKEN}"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return DataError(f"{address}: the model has no such branch, tag or commit.")
    if status in (401, 403):
        return ConfigError(
            f"the Hub refuses the token for {address}: it is wrong, has expired, or may not do "
            f"this. {TOKEN}"
        )
    if isinstance(error, ValueError):
        return ConfigError(f"the Hub does not accept {address}: {text}")
    return ResultsError(
        f"{address} could not be exchanged with the Hub: {text} ({type(error).__name__})"
    )
