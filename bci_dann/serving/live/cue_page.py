"""Display of cues on a local web page, in letters of the size of the browser window."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bci_dann.serving.live.decision_page import DecisionPage

__all__ = ["CuePage"]


class CuePage:
    """Shows cues on a web page, served in the same way as the page of decisions.

    Parameters
    ----------
    host : str
        Address to listen on; if it is not a loopback address, the URL has a token.
    port : int
        Port; 0 selects a free one.
    report : callable
        Called with a message that contains the URL of the page.

    Raises
    ------
    ConfigError
        When the server cannot listen on this address.
    """

    def __init__(self, host: str, port: int, report: Callable[[str], None]) -> None:
        self._page = DecisionPage((), (), "", host, port, "cue_page.html")
        self.url, self._report = self._page.url, report

    def __enter__(self) -> CuePage:
        self._report(f"Open {self.url} in a browser to begin the session")
        try:
            while not self._page.n_listeners:
                time.sleep(0.05)
        except KeyboardInterrupt:
            self.close()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        self.show("end", "end", "the session has ended")
        time.sleep(0.1)  # time to send the last text to the page
        self.close()

    def close(self) -> None:
        """Stop the server."""
        self._page.close()

    def show(self, kind: str, text: str, note: str) -> None:
        """Show the current part of a trial on every open page.

        Parameters
        ----------
        kind : {"pause", "cue", "task", "lost", "end"}
            The part of the trial.
        text : str
            The class, or another word.
        note : str
            Text below it.
        """
        self._page.send({"kind": kind, "text": text, "note": note})
