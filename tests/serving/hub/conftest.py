"""A stand-in of the Hugging Face Hub on loopback, with the routes that its library uses."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest
import yaml

TOKEN = "hf_of_the_owner"
LICENCES = {"cc0-1.0", "mit", "unknown"}


class RefusedError(Exception):
    """A status other than 200, the header that says why, and perhaps a body."""


@dataclass
class Repository:
    """Files by commit, and the commit of each branch."""

    private: bool
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, branch: str = "main", **files: bytes) -> str:
        content = {**self.commits.get(self.branches.get(branch), {}), **files}
        text = repr((sorted(content.items()), len(self.commits))).encode()
        sha = hashlib.sha1(text).hexdigest()
        self.commits[sha], self.branches[branch] = content, sha
        return sha

    def at(self, revision: str) -> str:
        sha = self.branches.get(revision, revision)
        if sha not in self.commits:
            raise RefusedError(404, "RevisionNotFound")
        return sha


class Hub:
    """Its repositories, what was asked of it, and a server for them."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.requests: list[tuple[str, str]] = []
        self.large: dict[str, bytes] = {}  # by their SHA-256
        self.sizes: dict[str, int] = {}  # other sizes than those of the files
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                hub.serve(self)

            do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def downloads(self) -> set[str]:
        """Names of the files that were asked for, with or without their content."""
        return {path.rpartition("/")[2] for _, path in self.requests if "/resolve/" in path}

    def files(self, name: str, revision: str = "main") -> dict[str, bytes]:
        repository = self.repositories[name]
        return repository.commits[repository.at(revision)]

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        body = _body(request)
        path = urlsplit(request.path).path
        self.requests.append((request.command, path))
        headers = {}
        try:
            status, content, headers = 200, *self.reply(path, body, self.who(request))
        except RefusedError as error:
            status, code, *more = error.args
            headers = {"X-Error-Message" if " " in code else "X-Error-Code": code}
            content = json.dumps(dict(*more)).encode()
        request.send_response(status)
        for name, value in {"Content-Length": len(content), **headers}.items():
            request.send_header(name, str(value))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(content)

    def who(self, request: BaseHTTPRequestHandler) -> bool:
        """Whether the owner asks; anybody may, without a token."""
        token = request.headers.get("Authorization")
        if token not in (None, f"Bearer {TOKEN}"):
            raise RefusedError(401, "Invalid credentials in Authorization header")
        return token is not None

    def reply(self, path: str, body: bytes, is_owner: bool) -> tuple[bytes, dict[str, str]]:
        first, *rest = path.strip("/").split("/")
        if path.endswith(".git/info/lfs/objects/batch"):
            return _json(
                {"objects": [self.large_place(one) for one in json.loads(body)["objects"]]}
            )
        if first == "large":
            self.large[hashlib.sha256(body).hexdigest()] = body
            return _json({})
        if first != "api":  # OWNER/NAME/resolve/REVISION/FILE
            name, _, revision, file = rest
            return self.file(f"{first}/{name}", unquote(revision), file, is_owner)
        kind, *rest = rest
        if (kind, *rest) == ("repos", "create"):
            return _json(self.create(json.loads(body), is_owner))
        if kind == "validate-yaml":
            front = yaml.safe_load(json.loads(body)["content"].split("---\n")[1])
            if front["license"] not in LICENCES:
                raise RefusedError(400, "BadRequest", {"errors": [{"message": "no such licence"}]})
            return _json({"errors": [], "warnings": []})
        if kind != "models":
            raise RefusedError(404, "EntryNotFound")
        name, rest = "/".join(rest[:2]), rest[2:]
        repository = self.visible(name, is_owner)
        if not rest or rest[0] == "revision":
            return _json(self.information(name, unquote(rest[1]) if rest else "main", repository))
        if not is_owner:
            raise RefusedError(403, "You have no right to write")
        action, branch = rest[0], unquote(rest[1])
        if action == "branch":
            repository.branches[branch] = repository.branches["main"]
            return _json({})
        if action == "preupload":
            paths = [one["path"] for one in json.loads(body)["files"]]
            modes = {True: "lfs", False: "regular"}
            files = [{"path": p, "uploadMode": modes[p.endswith(".safetensors")]} for p in paths]
            return _json({"files": [{**one, "shouldIgnore": False} for one in files]})
        lines = [json.loads(line) for line in body.splitlines()]
        added = {
            kind: [x["value"] for x in lines if x["key"] == kind] for kind in ("file", "lfsFile")
        }
        content = {one["path"]: base64.b64decode(one["content"]) for one in added["file"]}
        content |= {one["path"]: self.large[one["oid"]] for one in added["lfsFile"]}
        sha = repository.commit(branch, **content)
        return _json({"commitUrl": f"{self.endpoint}/{name}/commit/{sha}", "commitOid": sha})

    def large_place(self, asked: dict[str, object]) -> dict[str, object]:
        return {**asked, "actions": {"upload": {"href": f"{self.endpoint}/large/{asked['oid']}"}}}

    def create(self, asked: dict[str, str], is_owner: bool) -> dict[str, str]:
        name = f"{asked['organization']}/{asked['name']}"
        made = {"url": f"{self.endpoint}/{name}", "name": name}
        if not is_owner:
            raise RefusedError(401, "You are not signed in")
        if name in self.repositories:
            raise RefusedError(409, "Conflict", made)
        self.repositories[name] = Repository(asked.get("visibility") == "private")
        self.repositories[name].commit(**{".gitattributes": b""})
        return made

    def visible(self, name: str, is_owner: bool) -> Repository:
        repository = self.repositories.get(name)
        if repository is None or (repository.private and not is_owner):
            raise RefusedError(404 if is_owner else 401, "RepoNotFound")
        return repository

    def information(self, name: str, revision: str, repository: Repository) -> dict[str, object]:
        sha = repository.at(revision)
        siblings = [
            {"rfilename": path, "size": self.sizes.get(path, len(content))}
            for path, content in repository.commits[sha].items()
        ]
        return {"id": name, "modelId": name, "sha": sha, "tags": [], "siblings": siblings}

    def file(
        self, name: str, revision: str, path: str, is_owner: bool
    ) -> tuple[bytes, dict[str, str]]:
        repository = self.visible(name, is_owner)
        sha = repository.at(revision)
        if path not in repository.commits[sha]:
            raise RefusedError(404, "EntryNotFound")
        content = repository.commits[sha][path]
        etag = f'"{hashlib.sha1(content).hexdigest()}"'
        return content, {"X-Repo-Commit": sha, "ETag": etag}


def _body(request: BaseHTTPRequestHandler) -> bytes:
    if request.headers.get("Transfer-Encoding") != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length") or 0))
    parts = []
    while size := int(request.rfile.readline(), 16):
        parts.append(request.rfile.read(size))
        request.rfile.readline()
    request.rfile.readline()
    return b"".join(parts)


def _json(content: object) -> tuple[bytes, dict[str, str]]:
    return json.dumps(content).encode(), {"Content-Type": "application/json"}


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The stand-in, which is all that the library can reach, and a folder for what it keeps."""
    reason = "huggingface_hub is not installed"
    constants = pytest.importorskip("huggingface_hub.constants", reason=reason)
    hub = Hub()
    template = hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    for name, value in {
        "ENDPOINT": hub.endpoint,
        "HUGGINGFACE_CO_URL_TEMPLATE": template,
        "HF_TOKEN_PATH": str(tmp_path / "token"),
        "HF_HUB_CACHE": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_TELEMETRY": True,
        "HF_HUB_DISABLE_XET": True,  # large files by Git LFS, which the Hub takes as well
    }.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("BCI_DANN_CACHE", str(tmp_path / "cache"))
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


@pytest.fixture
def token(monkeypatch):
    """The token of the owner, where the library looks for one."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return TOKEN
