"""Checks of options, with one form of message: what is accepted, what came, what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral, Real

from bci_dann.exceptions import BCIDannError, ConfigError

__all__ = ["check_between", "check_count", "check_option", "did_you_mean"]


def did_you_mean(value: object, allowed: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?``, or an empty string when nothing is similar.

    Parameters
    ----------
    value : object
        What the user wrote.
    allowed : iterable of str
        The accepted values.

    Returns
    -------
    str
        A sentence that starts with a space, to be appended to a message.
    """
    by_lower = {str(name).lower(): name for name in allowed}
    similar = difflib.get_close_matches(str(value).lower(), list(by_lower), n=1)
    return f" Did you mean {by_lower[similar[0]]!r}?" if similar else ""


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


def check_count(name: str, value: object) -> None:
    """Raise unless ``value`` is a whole number above zero.

    Parameters
    ----------
    name : str
        The option's name, as the user knows it.
    value : object
        The value given.

    Raises
    ------
    ConfigError
        When ``value`` is anything else.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ConfigError(f"{name} must be a whole number above 0; got {value!r}.")


def check_between(
    name: str, value: object, low: float, high: float, inclusive: bool = False
) -> None:
    """Raise unless ``value`` is a number between two others.

    Parameters
    ----------
    name : str
        The option's name, as the user knows it.
    value : object
        The value given.
    low, high : float
        The limits.
    inclusive : bool
        Whether the lower limit itself is accepted.

    Raises
    ------
    ConfigError
        When ``value`` is no number, or outside the limits.
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not (low < value < high or (inclusive and value == low)):  # type: ignore[operator]
        above = "at least" if inclusive else "above"
        below = "" if high == float("inf") else f" and below {high:g}"
        raise ConfigError(f"{name} must be a number {above} {low:g}{below}; got {value!r}.")
