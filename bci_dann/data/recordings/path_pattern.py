"""Search of a folder for the paths that match a pattern with fields."""

from __future__ import annotations

import difflib
import os
import re
import string
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bci_dann.exceptions import DataError

__all__ = ["FoundPath", "PathPattern", "is_hidden", "near_misses", "plain_text"]

# Files and folders of operating systems and storage devices, which are ignored. Names that
# start with a dot are ignored as well: `._*`, `.DS_Store`, `.git`, `.datalad`.
JUNK = {"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
JUNK |= {"Thumbs.db", "desktop.ini"}

# Number of names in a message about a pattern that no file matches: enough to see the differences.
MAX_LISTED = 5

# Maximum number of files that are compared with such a pattern; this takes a tenth of a second.
MAX_COMPARED = 2000


@dataclass(frozen=True)
class FoundPath:  # numpydoc ignore=PR02
    """A path that matches a pattern.

    Parameters
    ----------
    name : str
        The path inside the folder, in Unicode normal form NFC and with slashes.
    path : pathlib.Path
        The file.
    fields : dict of str to str
        The text of the fields; for a broken link to a folder, only the fields up to it.
    is_exact : bool
        Whether the path matches with case considered, except in the extension.
    is_broken : bool
        Whether it is a broken link.
    """

    name: str
    path: Path
    fields: dict[str, str] = field(default_factory=dict)
    is_exact: bool = True
    is_broken: bool = False


class PathPattern:
    """Regular expressions for the folders and the file name of a path.

    Parameters
    ----------
    parts : sequence of str
        One expression for each folder, and the last one for the file name.
    """

    def __init__(self, parts: Sequence[str]) -> None:
        joined = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
        self._exact = [re.compile(one) for one in joined]
        self._any_case = [re.compile(one, re.IGNORECASE) for one in joined]
        self._takes_hidden = [part.startswith(re.escape(".")) for part in parts]

    @classmethod
    def of_fields(cls, pattern: str) -> PathPattern:
        """Return the expressions of a pattern such as ``"sub-{subject}/*_{run}.edf"``.

        Parameters
        ----------
        pattern : str
            The pattern of a `RecordingsLayout`.

        Returns
        -------
        PathPattern
            Expressions with a group for each field.
        """
        parts = plain_text(pattern).split("/")
        named: set[str] = set()
        expressions = [_expression(part, named) for part in parts if part not in ("", ".")]
        return cls([*expressions[:-1], _with_any_case_of_extension(expressions[-1])])

    def find(self, folder: Path) -> list[FoundPath]:
        """Return the matching files of a folder, including broken links.

        Parameters
        ----------
        folder : pathlib.Path
            The folder. Linked folders are followed, except into themselves.

        Returns
        -------
        list of FoundPath
            Paths sorted by name.

        Raises
        ------
        DataError
            When a folder cannot be listed, or a name is not valid text.
        """
        try:
            return sorted(self._descend(folder, "", (_identity(folder),)), key=lambda f: f.name)
        except OSError as error:
            raise DataError(
                f"{error.filename} cannot be listed: {error.strerror or error}. "
                "Change its permissions, or move it out of the folder."
            ) from error

    def fits(self, name: str) -> bool:
        """Return whether a path inside the folder matches.

        Parameters
        ----------
        name : str
            The path, with slashes.

        Returns
        -------
        bool
            Whether it matches, with case considered.
        """
        return self._exact[-1].fullmatch(plain_text(name)) is not None

    def fields_at_end(self, path: str) -> dict[str, str]:
        """Return the fields of a path whose last parts match.

        Parameters
        ----------
        path : str
            A path in any folder, with slashes.

        Returns
        -------
        dict of str to str
            The text of each field; empty if the path does not match.
        """
        match = re.fullmatch(f"(?:.*/)?{self._exact[-1].pattern}", plain_text(path))
        return match.groupdict() if match else {}

    def _descend(
        self, folder: Path, prefix: str, ancestors: tuple[tuple[int, int], ...]
    ) -> Iterator[FoundPath]:
        """Yield the matches in a folder; ``ancestors`` identifies it and the folders above it."""
        depth = len(ancestors) - 1
        for path in folder.iterdir():
            name = prefix + plain_text(path.name)
            match = self._any_case[depth].fullmatch(name)
            if not match or is_hidden(path.name, self._takes_hidden[depth]):
                continue
            _check_is_text(path)
            if path.is_symlink() and not path.exists():
                yield self._found(name, path, match, depth, is_broken=True)
            elif depth == len(self._exact) - 1:
                if path.is_file():
                    yield self._found(name, path, match, depth)
            elif path.is_dir() and _identity(path) not in ancestors:
                yield from self._descend(path, f"{name}/", (*ancestors, _identity(path)))

    def _found(
        self, name: str, path: Path, match: re.Match[str], depth: int, is_broken: bool = False
    ) -> FoundPath:
        exact = self._exact[depth].fullmatch(name)
        fields = {key: text for key, text in (exact or match).groupdict().items() if text}
        return FoundPath(name, path, fields, exact is not None, is_broken)


def plain_text(name: str) -> str:
    """Return a name in Unicode normal form NFC, since macOS may use another form.

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    str
        The normalised name.
    """
    return unicodedata.normalize("NFC", name)


def is_hidden(name: str, may_start_with_dot: bool = False) -> bool:
    """Return whether a file or folder is a hidden or system file.

    Parameters
    ----------
    name : str
        Its name.
    may_start_with_dot : bool
        Whether names such as ``.data`` are allowed.

    Returns
    -------
    bool
        Whether it should be ignored.
    """
    is_dotted = name.startswith(".") and not may_start_with_dot
    return is_dotted or name.startswith("._") or name in JUNK


def near_misses(folder: Path, pattern: str) -> str:
    """Return sentences on the files of a folder that are most similar to a pattern.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.
    pattern : str
        A pattern that matches no file.

    Returns
    -------
    str
        Some names, and the differences if they are known.
    """
    names = [name for name, _ in zip(_all_files(folder), range(MAX_COMPARED), strict=False)]
    # a field stands for short text, so only its first letter is compared
    example = re.sub(r"\{(\w)\w*\}", r"\1", pattern)
    matcher = difflib.SequenceMatcher(b=example, autojunk=False)

    def dissimilarity(name: str) -> tuple[float, str]:
        matcher.set_seq1(name)
        return -matcher.ratio(), name

    listed = ", ".join(sorted(names, key=dissimilarity)[:MAX_LISTED]) or "none"
    return f"Among the files there: {listed}.{_difference(sorted(names), pattern)}"


def _difference(names: list[str], pattern: str) -> str:
    """Return a sentence on a file that would match with another folder or extension."""
    whole = PathPattern.of_fields(pattern)
    any_extension = PathPattern.of_fields(_without_extension(pattern))
    for name in names:
        folders = name.split("/")
        if any(whole.fits("/".join(folders[depth:])) for depth in range(1, len(folders))):
            return (
                f" {name} would fit in another folder: write its folders into the pattern, or give "
                "the folder in which the pattern begins (--data-dir)."
            )
        if any_extension.fits(_without_extension(name)):
            return f" {name} differs in the extension only."
    if "\\" in pattern:
        return " Write folders with a slash (/)."
    return ""


def _without_extension(name: str) -> str:
    return re.sub(r"\.[^./{}]*$", "", name)


def _all_files(folder: Path) -> Iterator[str]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        for name in sorted(files):
            if not is_hidden(name):
                yield Path(root, name).relative_to(folder).as_posix()


def _expression(part: str, named: set[str]) -> str:
    """Convert a part of a pattern to a regular expression; new fields become groups."""
    texts: list[str] = []
    for text, name, width, _ in string.Formatter().parse(part):
        texts.append(re.escape(text).replace(r"\*", "[^/]*"))
        if name:
            any_text = f"[^/]{{{width}}}" if width else "[^/]+?"
            texts.append(f"(?P={name})" if name in named else f"(?P<{name}>{any_text})")
            named.add(name)
    return "".join(texts)


def _with_any_case_of_extension(expression: str) -> str:
    return re.sub(r"((?:\\\.[A-Za-z0-9]+)+)$", r"(?i:\1)", expression)


def _identity(folder: Path) -> tuple[int, int]:
    """Return device and inode, which are the same for a folder and a link to it."""
    stat = folder.stat()
    return stat.st_dev, stat.st_ino


def _check_is_text(path: Path) -> None:
    try:
        path.name.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"the name {path.name!a} in {str(path.parent)!a} is not valid UTF-8. Rename it."
        ) from None
