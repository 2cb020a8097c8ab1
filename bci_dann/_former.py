"""Arguments of the version before, which are accepted with a warning that shows the new form."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import FormerArgumentWarning

__all__ = ["check_former", "warn_former"]


def check_former(owner: str, given: Mapping[str, Any], former: Iterable[str]) -> None:
    """Raise on a keyword that neither this version nor the one before knows.

    Parameters
    ----------
    owner : str
        The class.
    given : mapping of str to object
        Keywords that are no parameters of this version.
    former : iterable of str
        Parameters of the version before.

    Raises
    ------
    TypeError
        As Python does for an unexpected keyword.
    """
    known = list(former)
    for name in given:
        if name not in known:
            raise TypeError(
                f"{owner} got an unexpected keyword argument {name!r}.{did_you_mean(name, known)}"
            )


def warn_former(owner: str, given: Iterable[str], new_form: Mapping[str, Any]) -> None:
    """Warn that arguments have moved, and show how they are given now.

    Parameters
    ----------
    owner : str
        The class.
    given : iterable of str
        The arguments of the version before.
    new_form : mapping of str to object
        The parameters that stand for them.
    """
    shown = ", ".join(f"{name}={_shown(value)}" for name, value in new_form.items())
    warning = FormerArgumentWarning(
        f"{owner}: {', '.join(sorted(given))} will not be accepted by the next version; "
        f"give {shown}."
    )
    warning.new_form = dict(new_form)
    warnings.warn(warning, stacklevel=4)


def _shown(value: Any) -> str:
    try:
        return json.dumps(value)
    except TypeError:
        return repr(value)
