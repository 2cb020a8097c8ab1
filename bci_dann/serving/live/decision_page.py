"""Local web server, without dependencies, for a page that shows live decisions or cues."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Mapping, Sequence
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bci_dann.exceptions import ConfigError
from bci_dann.serving.online.decision import Decision

__all__ = ["DecisionPage"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")

# Interval (s) of messages that keep a connection open while there is nothing new.
KEEP_ALIVE_S = 2.0

# The page loads nothing from other servers, and no other page may embed or read it.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class DecisionPage:
    """Serves a page, and sends each decision to all browsers that show it.

    If the address is not a loopback address, the URL has a random token, without which requests
    are refused. Requests for another host name or from another page are refused as well.

    Parameters
    ----------
    classes : sequence of str
        Class names in the order of the probabilities.
    channels : sequence of str
        The decoded electrodes.
    title : str
        Description of the model on the page.
    host : str
        Address to listen on.
    port : int
        Port; 0 selects a free one.
    document : str
        Name of the HTML file in this folder of the package.

    Raises
    ------
    ConfigError
        When the server cannot listen on this address.
    """

    def __init__(
        self,
        classes: Sequence[str],
        channels: Sequence[str],
        title: str = "",
        host: str = "127.0.0.1",
        port: int = 0,
        document: str = "decision_page.html",
    ) -> None:
        self.document, self.n_listeners = document, 0
        self._classes = list(classes)
        self._setup = {"classes": list(classes), "channels": list(channels), "title": title}
        self._latest: tuple[int, str] = (0, "")
        self._changed, self._closed = threading.Condition(), False
        self._token = "" if host in LOOPBACK else secrets.token_urlsafe(16)
        try:
            self._server = _Server((host, port), self)
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"the page cannot be served on {host}:{port}: {error}. Choose another --port, or 0 "
                "for a free one."
            ) from error
        self._host, self.port = host, int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:  # numpydoc ignore=RT01
        """The URL of the page, with its token."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        token = f"?token={self._token}" if self._token else ""
        return f"http://{host}:{self.port}/{token}"

    def take(self, decision: Decision) -> None:
        """Send a decision to all open pages; slow pages get only the latest decision.

        Parameters
        ----------
        decision : Decision
            The latest decision.
        """
        self.send(decision.as_dict(self._classes))

    def send(self, content: Mapping[str, Any]) -> None:
        """Send content to all open pages; slow pages get only the latest content.

        Parameters
        ----------
        content : mapping
            Content that can be converted to JSON.
        """
        text = json.dumps(content)
        with self._changed:
            self._latest = (self._latest[0] + 1, text)
            self._changed.notify_all()

    def close(self) -> None:
        """Stop the server."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5.0)

    def refusal(self, path: str, headers: Message) -> str:
        """Return the reason why a request is refused, if it is.

        Parameters
        ----------
        path : str
            Path of the request with its query.
        headers : email.message.Message
            Headers of the request.

        Returns
        -------
        str
            Empty if the request is allowed.
        """
        hosts = self._hosts()
        if headers.get("Host", "").lower() not in hosts:
            return "this page can only be opened with the URL that the program printed"
        origin = headers.get("Origin")
        if origin is not None and origin.lower() not in {f"http://{host}" for host in hosts}:
            return "requests from other pages are refused"
        if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return "requests from other pages are refused"
        token = parse_qs(urlsplit(path).query).get("token", [""])[0]
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return "the token in the address is missing or wrong"
        return ""

    def next_event(self, after: int) -> tuple[int, str]:
        """Wait for the next decision.

        Parameters
        ----------
        after : int
            Number of the last decision that was sent.

        Returns
        -------
        tuple of (int, str)
            Number and JSON of the latest decision; the given number if there is none within two
            seconds, and -1 when the server stops.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._latest[0] > after, KEEP_ALIVE_S)
            return (-1, "") if self._closed else self._latest

    @property
    def setup(self) -> str:  # numpydoc ignore=RT01
        """Data that the page needs when it is opened, as JSON."""
        return json.dumps(self._setup)

    def _hosts(self) -> set[str]:
        own = f"[{self._host}]" if ":" in self._host else self._host
        names = {own.lower()}
        if self._host in LOOPBACK:
            names |= {"127.0.0.1", "localhost", "[::1]"}
        if self._host in ("0.0.0.0", "::"):
            names |= _own_addresses()
        return {f"{name}:{self.port}" for name in names}


def _own_addresses() -> set[str]:
    import socket

    name = socket.gethostname()
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(name, None)}
    except OSError:
        addresses = set()
    hosts = {"127.0.0.1", "localhost", name.lower(), *addresses}
    return {f"[{host}]" if ":" in host else host for host in hosts}  # IPv6 in brackets


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], page: DecisionPage) -> None:
        import socket

        self.page = page
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of pages that were closed while something was sent."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "bci-dann", ""
    timeout = 30

    def do_GET(self) -> None:
        """Answer with the page, its setup data, or a stream of decisions."""
        page = self.server.page
        refusal = page.refusal(self.path, self.headers)
        if refusal:
            self._answer(403, "text/plain", refusal)
            return
        path = urlsplit(self.path).path
        if path == "/":
            content = files("bci_dann.serving.live").joinpath(page.document)
            self._answer(200, "text/html", content.read_text(encoding="utf-8"))
        elif path == "/setup":
            self._answer(200, "application/json", page.setup)
        elif path == "/events":
            self._stream(page)
        else:
            self._answer(404, "text/plain", "this address does not exist")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Do not log requests: the terminal shows decisions."""

    def _answer(self, code: int, kind: str, text: str) -> None:
        body = text.encode("utf-8")
        self.send_response(code)
        self._send_headers(f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_headers(self, kind: str) -> None:
        self.send_header("Content-Type", kind)
        for name, value in HEADERS.items():
            self.send_header(name, value)

    def _stream(self, page: DecisionPage) -> None:
        self.send_response(200)
        self._send_headers("text/event-stream")
        self.end_headers()
        sent = 0
        page.n_listeners += 1
        try:
            while True:
                number, text = page.next_event(sent)
                if number < 0:
                    return
                line = f"data: {text}\n\n" if number > sent else ": alive\n\n"
                self.wfile.write(line.encode("utf-8"))
                self.wfile.flush()
                sent = number
        except OSError:  # the page was closed
            self.close_connection = True
