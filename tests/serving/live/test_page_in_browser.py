"""The page of live decisions in headless Chromium: no error, no outside request, what it shows."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import time
from urllib.parse import urlsplit

import numpy as np
import pytest

from bci_dann.serving.live.cue_page import CuePage
from bci_dann.serving.live.decision_page import DecisionPage
from bci_dann.serving.online.decision import Decision, withheld

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
CLASSES, CHANNELS = ["left_hand", "right_hand"], ["C3", "C4"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


class Browser:
    """Chromium that is told what to do through a pipe, by the DevTools protocol."""

    def __init__(self, profile):
        ours, theirs = os.pipe(), os.pipe()  # commands and events

        def as_3_and_4():
            # through high numbers, as either pipe may itself have got 3 or 4
            high = os.dup2(ours[0], 103), os.dup2(theirs[1], 104)
            os.dup2(high[0], 3), os.dup2(high[1], 4)

        options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
        quiet = ["--disable-background-networking", "--no-first-run", f"--user-data-dir={profile}"]
        self.process = subprocess.Popen(
            [CHROMIUM, *options, *quiet, "about:blank"],
            preexec_fn=as_3_and_4,
            close_fds=False,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0]), os.close(theirs[1])
        self.commands, self.answers = os.fdopen(ours[1], "wb"), os.fdopen(theirs[0], "rb")
        self.numbers, self.events, self.rest, self.session = itertools.count(1), [], b"", None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        number = next(self.numbers)
        command = {"id": number, "method": method, "params": parameters}
        command |= {"sessionId": self.session} if self.session else {}
        self.commands.write(json.dumps(command).encode() + b"\0")
        self.commands.flush()
        while (message := self.received()).get("id") != number:
            self.events.append(message)
        assert "error" not in message, message
        return message["result"]

    def received(self):
        while b"\0" not in self.rest:
            self.rest += os.read(self.answers.fileno(), 65536) or pytest.fail("Chromium ended")
        text, _, self.rest = self.rest.partition(b"\0")
        return json.loads(text)

    def value(self, expression):
        return self.ask("Runtime.evaluate", expression=expression)["result"].get("value")

    def wait_for(self, expression, seconds=15.0):
        end = time.monotonic() + seconds
        while not self.value(expression) and time.monotonic() < end:
            time.sleep(0.05)
        assert self.value(expression), self.value("document.body.innerText")

    def of(self, *methods):
        return [one["params"] for one in self.events if one["method"] in methods]

    def close(self):
        self.commands.close()  # the browser ends
        self.process.wait(timeout=20)
        self.answers.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    made = Browser(tmp_path_factory.mktemp("chromium"))
    yield made
    made.close()


def test_decisions_are_shown_without_errors_or_outside_requests(browser):
    page = DecisionPage(CLASSES, CHANNELS, "A model")
    try:
        browser.ask("Page.navigate", url=page.url)
        browser.wait_for("document.querySelectorAll('#channels li').length == 2")
        page.take(Decision(3.2, np.array([0.25, 0.75]), "right_hand", True))
        browser.wait_for("document.getElementById('answer').textContent == 'right hand'")
        text = browser.value("document.body.innerText")
        assert "75%" in text
        assert "decoding" in text
        page.take(withheld(3.4, 2, "artefact", {"C3": "flat"}))
        browser.wait_for("document.querySelector('#channels .bad')?.textContent == 'C3 flat'")
        assert "75%" not in browser.value("document.body.innerText")
    finally:
        page.close()
    requests = [one["request"]["url"] for one in browser.of("Network.requestWillBeSent")]
    addresses = {urlsplit(url).netloc for url in requests if not url.startswith("data:")}
    assert addresses == {urlsplit(page.url).netloc}
    assert browser.of("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled") == []
    browser.wait_for("document.getElementById('state').textContent.includes('no connection')")


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(browser, width):
    names = ["imagined movement of the right hand", "rest"]
    page = DecisionPage(names, [f"EEG{k}" for k in range(64)], "A model with a long name")
    size = {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": width < 500}
    try:
        browser.ask("Emulation.setDeviceMetricsOverride", **size)
        browser.ask("Page.navigate", url=page.url)
        browser.wait_for("document.querySelectorAll('#channels li').length == 64")
        page.take(Decision(3.2, np.array([0.9, 0.1]), names[0], True))
        browser.wait_for("document.getElementById('answer').textContent.startsWith('imagined')")
        assert browser.value("document.documentElement.scrollWidth") <= width
    finally:
        page.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_cues_fill_the_window_and_no_more(browser, width):
    told = []
    display = CuePage("127.0.0.1", 0, told.append)
    size = {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.ask("Emulation.setDeviceMetricsOverride", **size)
    browser.ask("Page.navigate", url=display.url)
    with display:  # waits until the page is open
        assert display.url in told[0]
        display.show("cue", "right_hand", "trial 3 of 40")
        browser.wait_for("document.getElementById('text').textContent == 'right hand'")
        assert (
            browser.value("document.getElementById('arrow').textContent") == "\N{RIGHTWARDS ARROW}"
        )
        assert "trial 3 of 40" in browser.value("document.body.innerText")
        shown = browser.value("document.querySelector('main').scrollHeight")
        assert browser.value("document.documentElement.scrollWidth") <= width
        assert 300 < shown <= 700
        display.show("task", "+", "trial 3 of 40")
        browser.wait_for("document.body.className == 'task'")
    browser.wait_for("document.getElementById('note').textContent == 'the session has ended'")
