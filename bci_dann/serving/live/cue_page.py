"""Cues on a local page, in letters that fill the window of a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bci_dann.serving.live.decision_page import DecisionPage

__all__ = ["CuePage"]


class CuePage:
    """Shows cues on a page, which is served as that of decisions is.

    Parameters
    ----------
    host : str
        Address to listen on; on another than loopback the page has a token in its address.
    port : int
        Its port; 0 takes a free one.
    report : callable
        Takes the address of the page.

    Raises
    ------
    ConfigError
        When the address cannot be listened on.
    """

    def __init__(self, host: str, port: int, report: Callable[[str], None]) -> None:
        self._page = DecisionPage((), (), "", host, port, "cue_page.html")
        self.url, self._report = self._page.url, report

    def __enter__(self) -> CuePage:
        self._report(f"Open {self.url} in a browser; the session begins then")
        try:
            while not self._page.n_listeners:
                time.sleep(0.05)
        except KeyboardInterrupt:
            self.close()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        self.show("end", "end", "the session has ended")
        time.sleep(0.1)  # the page is sent this, too
        self.close()

    def close(self) -> None:
        """Stop serving."""
        self._page.close()

    def show(self, kind: str, text: str, note: str) -> None:
        """Show what the subject does now, on every page that is open.

        Parameters
        ----------
        kind : {"pause", "cue", "task", "lost", "end"}
            The part of the trial.
        text : str
            The class, or a word.
        note : str
            Below it.
        """
        self._page.send({"kind": kind, "text": text, "note": note})
