"""The page of live decisions: what it sends, and what it refuses."""

from __future__ import annotations

import http.client
import json
import threading
import time

import numpy as np
import pytest

from bci_dann.exceptions import ConfigError
from bci_dann.serving.live.decision_page import DecisionPage
from bci_dann.serving.online.decision import Decision, withheld

CLASSES = ["left_hand", "<script>"]


@pytest.fixture
def page():
    made = DecisionPage(CLASSES, ["C3", "C4"], "A model")
    yield made
    made.close()


def request(page, path="/", host=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=5)
    host = f"127.0.0.1:{page.port}" if host is None else host
    connection.request("GET", path, headers={"Host": host, **headers})
    return connection, connection.getresponse()


def decision(time, p=0.25):
    return Decision(time, np.array([p, 1 - p]), CLASSES[1], True)


def data_line(answer):
    while True:
        line = answer.readline().decode()
        if line.startswith("data: "):
            return json.loads(line[6:])


def test_decisions_arrive_at_every_page_that_is_open(page):
    opened = [request(page, "/events") for _ in range(3)]
    for k in range(3):
        page.take(decision(float(k)))
        for _, answer in opened:
            event = data_line(answer)
            assert event["time"] == k
            assert event["probabilities"] == {"left_hand": 0.25, "<script>": 0.75}
    page.take(withheld(9.0, 2, "artefact", {"C3": "flat"}))
    event = data_line(opened[0][1])
    assert (event["ok"], event["probabilities"], event["faults"]) == (False, None, {"C3": "flat"})


def test_a_page_that_is_slow_gets_the_latest_and_one_that_closes_hurts_nobody(page):
    slow, closing = request(page, "/events"), request(page, "/events")
    page.take(decision(0.0))
    assert data_line(slow[1])["time"] == 0
    closing[0].close()
    for k in range(1, 2000):
        page.take(decision(float(k)))
    times = [data_line(slow[1])["time"]]
    while times[-1] < 1999:
        times.append(data_line(slow[1])["time"])
    assert len(times) < 1999
    assert times == sorted(times)


def test_the_page_loads_nothing_from_elsewhere(page):
    _, answer = request(page)
    text = answer.read().decode()
    assert answer.status == 200
    assert "http" not in text.replace("http-equiv", "")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script>" not in json.loads(request(page, "/setup")[1].read())["title"]


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("evil.example", {}),
        ("evil.example:80", {}),
        ("", {}),
        (None, {"Origin": "http://evil.example"}),
        (None, {"Origin": "null"}),
        (None, {"Sec-Fetch-Site": "cross-site"}),
    ],
)
@pytest.mark.parametrize("path", ["/", "/setup", "/events"])
def test_other_hosts_and_pages_are_refused(page, path, host, headers):
    _, answer = request(page, path, host=host, **headers)
    assert answer.status == 403
    assert "left_hand" not in answer.read().decode()


def test_the_own_page_is_answered(page):
    for name in ("127.0.0.1", "localhost"):
        own = {"Origin": f"http://{name}:{page.port}", "Sec-Fetch-Site": "same-origin"}
        assert request(page, "/setup", host=f"{name}:{page.port}", **own)[1].status == 200


@pytest.mark.parametrize("path", ["/../recipe.json", "/decision_page.py", "/etc/passwd", "//x"])
def test_no_file_is_served(page, path):
    assert request(page, path)[1].status == 404


def test_beyond_this_machine_there_is_a_token():
    page = DecisionPage(CLASSES, ["C3"], host="0.0.0.0")
    try:
        token = page.url.partition("token=")[2]
        assert len(token) > 20
        for wrong in ("", "?token=", "?token=x", f"?token={token}x"):
            assert request(page, f"/setup{wrong}")[1].status == 403
        assert request(page, f"/setup?token={token}")[1].status == 200
    finally:
        page.close()


def test_a_port_that_is_taken_is_told(page):
    with pytest.raises(ConfigError, match=f"cannot be served on 127.0.0.1:{page.port}"):
        DecisionPage(CLASSES, [], port=page.port)
    with pytest.raises(ConfigError, match="cannot be served"):
        DecisionPage(CLASSES, [], port=99999)


def test_closing_ends_open_pages_and_threads():
    before = threading.active_count()
    page = DecisionPage(CLASSES, [])
    _, answer = request(page, "/events")
    page.take(decision(1.0))
    data_line(answer)
    page.close()
    assert answer.read().strip() == b""
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() == before
