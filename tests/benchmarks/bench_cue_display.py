"""Time from the marker of a cue to the cue on the display of `acquire`, as far as a program sees.

`acquire` takes the time of a cue when it has handed the cue to the display. A script in the page,
which headless Chromium shows, notes on the same clock when the browser has drawn the frame with the
new text. To a terminal the text is written shortly before the marker. What comes after that, the
terminal's own drawing, the graphics card and the screen, no program sees: a photodiode does.

    python tests/benchmarks/bench_cue_display.py --table docs/results/cue_display.csv
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from timing import Row, markdown, say

from bci_dann.reporting import publish_own
from bci_dann.serving.live.cue_display import TerminalCues
from bci_dann.serving.live.cue_page import CuePage

NOTE = (
    "Time from the marker of a cue of bci-dann acquire until headless Chromium on the same machine "
    "has drawn its page, or until the cue is written to a terminal; on a busy machine, no screen"
)
# Notes when the frame that holds a change of the text has been drawn.
WATCH = """
window.drawn = [];
new MutationObserver(() => requestAnimationFrame(() => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => drawn.push(
    [document.getElementById("note").textContent, performance.timeOrigin + performance.now()]);
  channel.port2.postMessage(0);
})).observe(document.getElementById("note"), { childList: true });
true
"""


def opened_browser(profile: str) -> Any:
    """Return the browser that the tests of the pages use."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "serving" / "live"))
    from test_page_in_browser import Browser

    return Browser(profile)


def page_row(repeats: int, rng: np.random.Generator) -> Row:
    """Show cues at random times and return when they were drawn, relative to their markers."""
    marked = {}
    with tempfile.TemporaryDirectory() as profile:
        browser = opened_browser(profile)
        display = CuePage("127.0.0.1", 0, lambda _: None)
        browser.ask("Page.navigate", url=display.url)
        with display:
            browser.wait_for("document.getElementById('note') !== null")
            time.sleep(2.0)
            browser.value(WATCH)
            for index in range(repeats):
                time.sleep(rng.uniform(0.2, 0.5))
                display.show("cue", ["left_hand", "right_hand"][index % 2], f"trial {index}")
                marked[f"trial {index}"] = time.time()
            time.sleep(0.5)
            drawn = dict(json.loads(browser.value("JSON.stringify(drawn)")))
        browser.close()
    missing = set(marked) - set(drawn)
    late = [drawn[name] - 1e3 * when for name, when in marked.items() if name in drawn]
    return _row("page, until it is drawn", late, len(missing))


class Written(io.StringIO):
    """A terminal that notes when something is first written to it."""

    first: float | None = None

    def write(self, text: str) -> int:
        self.first = self.first or time.perf_counter()
        return len(text)


def terminal_row(repeats: int) -> Row:
    """Return by how much the marker is later than what is written to the terminal."""
    from rich.console import Console

    times, terminal = [], Written()
    with TerminalCues(Console(file=terminal, force_terminal=True, width=120, height=40)) as display:
        for index in range(repeats):
            terminal.first = None
            display.show("cue", ["left_hand", "right_hand"][index % 2], f"trial {index}")
            times.append(1e3 * (terminal.first - time.perf_counter()))
    return _row("terminal, until it is written", times, 0)


def _row(what: str, milliseconds: list[float], n_missing: int) -> Row:
    return {
        "display": what,
        "cues": len(milliseconds),
        "not drawn": n_missing,
        "median [ms]": float(np.median(milliseconds)),
        "least [ms]": float(np.min(milliseconds)),
        "p99 [ms]": float(np.percentile(milliseconds, 99)),
        "most [ms]": float(np.max(milliseconds)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--table", type=Path, help="CSV file for docs/results")
    o = parser.parse_args()
    rows = [page_row(o.repeats, np.random.default_rng(0)), terminal_row(o.repeats)]
    if o.table:
        publish_own(pd.DataFrame(rows), NOTE, o.table)
    say(markdown(rows))


if __name__ == "__main__":
    main()
