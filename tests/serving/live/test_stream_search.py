"""Search for a stream: what is opened, what is left as it is, and what is looked for again."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from bci_dann.exceptions import DataError
from bci_dann.serving.live.stream_search import StreamMissingError, StreamSearch


def stream(uid, source_id="amp", name="eeg"):
    return SimpleNamespace(
        name=name, uid=uid, source_id=source_id, hostname="lab", n_channels=2, sfreq=128.0
    )


class Library:
    """Lists what a script says, the last of it for ever; a stream in `gone` cannot be opened."""

    def __init__(self, *listed, gone=()):
        self.listed, self.gone, self.tried, self.closed = list(listed), set(gone), [], []

    def resolve_streams(self, timeout):
        time.sleep(0.005)
        return self.listed.pop(0) if len(self.listed) > 1 else self.listed[0]

    def StreamInlet(self, info, **options):
        def open_stream(timeout):
            self.tried.append(info.uid)
            if info.uid in self.gone:
                raise RuntimeError("The stream connection has been lost.")

        return SimpleNamespace(
            open_stream=open_stream,
            time_correction=lambda timeout: 0.0,
            get_sinfo=lambda timeout: info,
            close_stream=lambda: self.closed.append(info.uid),
        )


def found(library, wait_s=2.0, **options):
    """Search, and return the uid of what was opened."""
    search = StreamSearch(library, "eeg", options.pop("source_id", None), **options)
    try:
        return search.wait(wait_s)[1].uid
    finally:
        library.search = search


def test_it_is_taken_when_two_searches_find_it_and_none_beside():
    library = Library([stream("a")], [], [stream("b")], [stream("c")], [stream("c")])
    assert found(library) == "c"
    assert (library.tried, library.closed) == (["a", "b", "c"], ["a", "b"])
    with pytest.raises(DataError, match=r"2 LSL streams.*source 'x'.*source 'y'.*--source-id"):
        found(Library([stream("a", "x")], [stream("a", "x"), stream("b", "y")]))
    both = [stream("a", "x"), stream("b", "y")]
    assert found(Library(both), source_id="y") == "b"


def test_the_source_that_was_open_is_taken_at_once_and_before_others():
    library = Library([stream("b", "other"), stream("c")], [])
    assert found(library, preferred="amp") == "c"
    assert found(Library([stream("b", "other")]), preferred="amp") == "b"


def test_a_silent_stream_is_not_opened_again(monkeypatch):
    library = Library([stream("a")])
    with pytest.raises(StreamMissingError):
        found(library, 0.1, preferred="amp", opened="a")
    assert library.tried == []
    monkeypatch.setattr("bci_dann.serving.live.stream_search.REOPENED_S", 0.2)
    assert found(library, opened="a") == "a"  # after some time it is


def test_a_stream_that_cannot_be_opened_is_looked_for_again():
    library = Library([stream("a")], [stream("a")], [stream("b")], gone="a")
    assert found(library) == "b"
    assert library.tried == ["a", "a", "b"]
    library.search.stop()
    assert library.closed == ["b"]


def test_a_missing_stream_is_reported_with_the_existing_ones():
    with pytest.raises(
        StreamMissingError,
        match=r"'eeg' from the source 's'; searched for 0 s.*Existing streams: eeg2",
    ):
        found(Library([stream("a", name="eeg2")]), 0.0, source_id="s")
