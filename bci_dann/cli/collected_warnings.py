"""Collection of warnings during a command; each is shown once when the command ends."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bci_dann.cli.console import print_problem
from bci_dann.exceptions import BCIDannWarning

__all__ = ["collected_warnings", "warning_line"]

NUMBER = re.compile(r"\d+(\.\d+)?")


@contextmanager
def collected_warnings() -> Iterator[None]:
    """Collect warnings of this package in a ``with`` block, and print each once at the end.

    Warnings of other libraries are not shown. Warnings of worker processes are raised again in the
    process of the run, and are therefore included.

    Yields
    ------
    None
        Control, while warnings are collected.
    """
    groups: dict[str, Counter[str]] = {}

    def count(message: Warning | str, *_: Any, **__: Any) -> None:
        text = str(message)
        groups.setdefault(NUMBER.sub("#", text), Counter())[text] += 1

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", BCIDannWarning)
        warnings.showwarning = count
        try:
            yield
        finally:
            for texts in groups.values():
                print_problem(warning_line(texts), "yellow")


def warning_line(texts: Mapping[str, int]) -> str:
    """Return a warning in the form in which it is printed.

    Parameters
    ----------
    texts : mapping of str to int
        Messages that differ only in numbers, and how often each was raised.

    Returns
    -------
    str
        The first message, with the number of occurrences if there are several.

    Examples
    --------
    >>> warning_line({"few trials": 3})
    'Warning: 3 times: few trials'
    >>> warning_line({"5 trials are few": 1, "4 trials are few": 2})
    'Warning: 3 times, first: 5 trials are few'
    """
    text, times = next(iter(texts)), sum(texts.values())
    if times == 1:
        return f"Warning: {text}"
    return f"Warning: {times} times{', first' if len(texts) > 1 else ''}: {text}"
