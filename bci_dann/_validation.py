"""Checks that give every wrong option the same kind of sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from bci_dann.exceptions import BCIDannError, ConfigError

__all__ = ["check_option", "check_positive", "did_you_mean"]


def did_you_mean(value: object, allowed: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?``, or an empty string when nothing is near.

    Parameters
    ----------
    value : object
        What the user wrote.
    allowed : iterable of str
        What would have been accepted.

    Returns
    -------
    str
        A sentence that starts with a space, to be appended to a message.
    """
    by_lower = {str(name).lower(): name for name in allowed}
    near = difflib.get_close_matches(str(value).lower(), list(by_lower), n=1, cutoff=0.6)
    return f" Did you mean {by_lower[near[0]]!r}?" if near else ""


def check_option(
    name: str,
    value: object,
    allowed: Iterable[str],
    error: type[BCIDannError] = ConfigError,
) -> None:
    """Raise unless ``value`` is one of ``allowed``.

    Parameters
    ----------
    name : str
        The option's name, as the user knows it.
    value : object
        The value given.
    allowed : iterable of str
        The accepted values.
    error : type of BCIDannError
        The error to raise.

    Raises
    ------
    ConfigError
        Or ``error``, when ``value`` is not accepted; the message lists the accepted values.
    """
    options = list(allowed)
    if value not in options:
        listed = ", ".join(repr(option) for option in options)
        raise error(f"{name} must be one of {listed}; got {value!r}.{did_you_mean(value, options)}")


def check_positive(name: str, value: float) -> None:
    """Raise unless ``value`` is a number above zero.

    Parameters
    ----------
    name : str
        The option's name, as the user knows it.
    value : float
        The value given.

    Raises
    ------
    ConfigError
        When ``value`` is not a number or not above zero.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ConfigError(f"{name} must be a number above 0; got {value!r}.")
