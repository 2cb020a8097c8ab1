"""Random folders: what was written is found and watched, or the folder is refused with a reason."""

from __future__ import annotations

import os
import shutil
import unicodedata
import warnings
from pathlib import Path

import numpy as np
import pytest

from bci_dann.data import Recordings, RecordingsLayout
from bci_dann.data.recordings.discovery import find_recordings
from bci_dann.exceptions import BCIDannError, BCIDannWarning

EVENTS = {"left": "left_hand", "right": "right_hand"}
PATTERNS = [
    "{subject}", "S{subject}", "s{subject}/{session}", "sub-{subject}/x/{session}_{run}",
    "{subject}/{subject}_{run}", "{subject}/*", "*/{subject}~{session}",
    "Übung[{session}]/{subject}(1)",
]  # fmt: skip
SUBJECTS = ["1", "02", "A", "Müller", "Ёж", "a b", "x[1]", "q?*", "-", "n.v2", "a" * 60]
EXTENSIONS = [".edf", ".EDF", ".bdf", ".vhdr", ".set", ".Fif", ".gdf"]
JUNK = ["._x.edf", ".DS_Store", "Thumbs.db", ".git/x.edf", "__MACOSX/a.edf", "notes.txt", "README"]
DEFECTS = ["broken", "twice", "table", "pointer", "bytes", "empty"]


class Tree:
    """A folder of small files, and what is to be found in it."""

    def __init__(self, root, rng):
        self.rng, self.folder, self.store = rng, root / "data", root / "store"
        for folder in (self.folder, self.store):
            folder.mkdir()
        self.stem = str(rng.choice(PATTERNS))
        self.extension = str(rng.choice(EXTENSIONS))
        self.pattern = self._form(self.stem + self.extension)
        self.expected, self.read = {}, []
        for subject in rng.choice(SUBJECTS, size=rng.integers(2, 5), replace=False):
            for session in ("a", "1")[: 1 + ("{session}" in self.stem)]:
                self._add(str(subject), session, "7")
        for name in rng.choice(JUNK, size=3, replace=False):
            self._write(self.folder / str(name), b"junk")
        if rng.random() < 0.3:
            (self.folder / "loop").symlink_to(self.folder, target_is_directory=True)
        self.defect = str(rng.choice(DEFECTS)) if rng.random() < 0.4 else None
        if self.defect:
            getattr(self, f"_make_{self.defect}")()

    def _form(self, text):
        return unicodedata.normalize(str(self.rng.choice(["NFC", "NFD"])), text)

    def _add(self, subject, session, run):
        name = self.stem.replace("*", "any").format(subject=subject, session=session, run=run)
        extension = str(self.rng.choice([str.lower, str.upper])(self.extension))
        path = self.folder / self._form(name + extension)
        self._write(path, self.rng.bytes(50))
        if self.extension == ".vhdr":
            companions = [f"old {len(self.read)}.eeg", f"{len(self.read)}ü.vmrk"]
            lines = "DataFile={}\nMarkerFile={}\n".format(*companions)
            path.write_text(lines, encoding=str(self.rng.choice(["utf-8", "latin-1"])))
            self.read += [path.parent / companion for companion in companions]
            for companion in companions:
                self._write(path.parent / companion, self.rng.bytes(50))
        self.read.append(path)
        given = {"session": session if "{session}" in self.stem else "0"}
        given["run"] = run if "{run}" in self.stem else "0"
        self.expected[subject, given["session"], given["run"]] = path
        if path.parent != self.folder and self.rng.random() < 0.3:
            self._move_behind_link(path.parent)
        elif self.rng.random() < 0.3:
            self._move_behind_link(path)

    def _move_behind_link(self, path):
        if not path.is_symlink():
            target = self.store / str(len(list(self.store.iterdir())))
            shutil.move(path, target)
            path.symlink_to(target)

    def _write(self, path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def _one(self):
        return list(self.expected.values())[int(self.rng.integers(len(self.expected)))]

    def _make_broken(self):
        path = self._one()
        path.unlink()
        path.symlink_to(str(self.rng.choice([".git/annex/objects/x", path.name, "/none/at/all"])))

    def _make_twice(self):
        path = self._one()
        self._write(path.with_name(path.stem + path.suffix.swapcase()), b"another")

    def _make_table(self):
        self.pattern = self._form(self.stem + ".*")
        self._write(self._one().with_suffix(".csv"), b"1, 2")

    def _make_pointer(self):
        self._one().write_bytes(b"version https://git-lfs.github.com/spec/v1\n")

    def _make_bytes(self):
        name = self.stem.replace("*", "any").format(subject="\udcff", session="a", run="7")
        self._write(self.folder / self._form(name + self.extension), b"")

    def _make_empty(self):
        shutil.rmtree(self.folder)
        self.folder.mkdir()


def found(tree):
    layout = RecordingsLayout(pattern=tree.pattern, events=EVENTS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BCIDannWarning)
        recordings = find_recordings(tree.folder, layout)
        return Recordings(tree.folder, layout), {
            (one.subject, one.session, one.run): one.path for one in recordings
        }


def check_folder(root, seed):
    rng = np.random.default_rng(seed)
    tree = Tree(root, rng)
    if tree.defect:
        with pytest.raises(BCIDannError) as error:
            found(tree)
        assert str(error.value).isprintable(), f"seed {seed}"
        return
    dataset, files = found(tree)
    assert files == tree.expected, f"seed {seed}"
    check_fingerprint(dataset, tree, seed)


def check_fingerprint(dataset, tree, seed):
    before = dataset.fingerprint()
    (tree.folder / "._new.edf").write_bytes(b"junk")
    assert dataset.fingerprint() == before, f"seed {seed}"
    path = tree.read[int(tree.rng.integers(len(tree.read)))]
    stat, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert dataset.fingerprint() != before, f"seed {seed}: {path}"


@pytest.mark.parametrize(
    "seeds", [range(100), pytest.param(range(100, 2100), marks=pytest.mark.slow)], ids=len
)
def test_folders_are_read_as_written_or_refused(tmp_path, seeds):
    for seed in seeds:
        root = tmp_path / str(seed)
        root.mkdir()
        check_folder(Path(root), seed)
        shutil.rmtree(root)
