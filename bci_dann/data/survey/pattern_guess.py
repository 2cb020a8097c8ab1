"""Heuristics for the path pattern of recordings, from the varying parts of their paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bci_dann.data.recordings.layout import FIELDS

__all__ = ["PatternGuess", "guess_pattern"]

SEPARATOR = re.compile(r"[/_\-. ]+")
DATE = re.compile(r"(?<![0-9])([0-9]{4})([-_.])([0-9]{2})\2([0-9]{2})(?![0-9])")
TOKEN = re.compile(r"[0-9]+|[^0-9]+")
EXTENSION = re.compile(r"(\.fif\.gz|\.[^./]*)$", re.IGNORECASE)

# Words, and single letters, before a number that indicate its field.
WORDS = {
    "subject": ("subject", "subj", "sub", "participant", "patient", "proband", "volunteer", "vp"),
    "session": ("session", "sess", "ses", "day", "visit"),
    "run": ("run", "block", "record", "rec", "part", "file"),
}
LETTERS = {"subject": ("s", "p", "pp", "id"), "session": ("s", "d"), "run": ("r",)}

# A number such as 0203 is subject 02 and session 03 if most combinations of the two halves occur.
# Empirical: consecutive numbers fill at most half of the combinations, or have more than 20
# second halves.
MIN_GRID_SHARE = 0.7
MAX_SECOND_HALVES = 20


@dataclass(frozen=True)
class PatternGuess:
    """A pattern, and information on how it was found.

    Attributes
    ----------
    pattern : str or None
        Pattern of a `RecordingsLayout`; ``None`` if the paths do not distinguish the subjects.
    fields : dict of str to dict of str to str
        Text of each field, by path.
    by_place : tuple of str
        The fields that are not indicated by a word in the paths, but guessed from their position.
    left_out : tuple of str
        Paths of another form, which the pattern does not match.
    """

    pattern: str | None
    fields: dict[str, dict[str, str]]
    by_place: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass
class _Column:
    """A part of the paths: its text in each path, and its field."""

    texts: tuple[str, ...]
    depth: int
    is_separator: bool = False
    field: str = ""

    @property
    def varies(self) -> bool:
        return len(set(self.texts)) > 1

    @property
    def width(self) -> int | None:
        """The number of characters, if it is the same in all paths."""
        widths = {len(text) for text in self.texts}
        return widths.pop() if len(widths) == 1 else None


def guess_pattern(paths: Iterable[str]) -> PatternGuess:
    """Guess which parts of paths are subject, session and run.

    Parameters
    ----------
    paths : iterable of str
        The recordings inside their folder, with slashes.

    Returns
    -------
    PatternGuess
        Pattern of the largest group of paths with the same extension and the same separators.

    Examples
    --------
    >>> guess_pattern(["S001/S001R03.edf", "S001/S001R04.edf", "S002/S002R03.edf"]).pattern
    'S{subject}/S{subject}R{run}.edf'
    >>> guess_pattern(["Anna_run1.gdf", "Anna_run2.gdf", "Ben_run1.gdf"]).pattern
    '{subject}_run{run}.gdf'
    """
    every = sorted(paths)
    if not every:
        return PatternGuess(None, {})
    of_form: dict[tuple[str, ...], list[str]] = {}
    for path in every:
        of_form.setdefault(_form(path), []).append(path)
    group = max(of_form.values(), key=len)
    left_out = tuple(path for path in every if path not in set(group))
    columns = _columns(group)
    by_place = _assign(columns)
    if by_place is None:
        return PatternGuess(None, {path: {} for path in group}, (), left_out)
    return PatternGuess(_pattern(columns, group[0]), _fields(columns, group), by_place, left_out)


def _form(path: str) -> tuple[str, ...]:
    """Return what the paths of one pattern have in common: extension and separators."""
    extension = _extension(path)
    return (extension.lower(), *_split(path)[1::2])


def _split(path: str) -> list[str]:
    """Split a path into parts and separators, which alternate; a date is one part."""
    stem = path.removesuffix(_extension(path))
    in_dates = {i for date in DATE.finditer(stem) for i in (date.end(1), date.end(3))}
    parts, end = [], 0
    for match in SEPARATOR.finditer(stem):
        if match.start() not in in_dates:
            parts += [stem[end : match.start()], match[0]]
            end = match.end()
    return [*parts, stem[end:]]


def _extension(path: str) -> str:
    match = EXTENSION.search(path)
    return match[0] if match else ""


def _columns(paths: Sequence[str]) -> list[_Column]:
    """Split paths at separators, and between letters and numbers if possible for all paths."""
    columns: list[_Column] = []
    depth = 0
    for place, texts in enumerate(zip(*map(_split, paths), strict=True)):
        if place % 2:
            columns.append(_Column(texts, depth, is_separator=True))
            depth += texts[0].count("/")
        else:
            columns += [_Column(part, depth) for part in _parts(texts)]
    return columns


def _parts(texts: tuple[str, ...]) -> list[tuple[str, ...]]:
    if all(DATE.fullmatch(text) for text in texts):
        return [texts]
    tokens = [TOKEN.findall(text) for text in texts]
    if len({tuple(token.isdecimal() for token in one) for one in tokens}) == 1:
        parts = [part for token in zip(*tokens, strict=True) for part in _halves(token)]
        return parts or [texts]
    for word in (word for words in WORDS.values() for word in words):
        if all(text.lower().startswith(word) and len(text) > len(word) for text in texts):
            cut = len(word)
            starts, rest = (tuple(t[:cut] for t in texts), tuple(t[cut:] for t in texts))
            return [starts, rest] if len(set(starts)) == 1 else [texts]
    return [texts]


def _halves(texts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Split numbers of two parts, such as 0203 for subject 02 and session 03."""
    width = len(texts[0])
    if not texts[0].isdecimal() or width not in (4, 6) or len({len(text) for text in texts}) > 1:
        return [texts]
    first, second = (tuple(text[part] for text in texts) for part in _cuts(width))
    n_first, n_second = len(set(first)), len(set(second))
    is_grid = len(set(texts)) >= MIN_GRID_SHARE * n_first * n_second
    if is_grid and n_first > 1 and 1 < n_second <= MAX_SECOND_HALVES:
        return [first, second]
    return [texts]


def _cuts(width: int) -> tuple[slice, slice]:
    return slice(None, width // 2), slice(width // 2, None)


def _assign(columns: list[_Column]) -> tuple[str, ...] | None:
    """Assign fields to columns in place; return the fields that were guessed from positions."""
    for vocabulary, exact in ((WORDS, False), (LETTERS, True)):
        for varying in (True, False):
            for column in columns:
                _name_by_word(column, columns, vocabulary, exact, varying)
    by_place = []
    if not _has(columns, "subject"):
        of_subject = _subject_column(columns)
        if of_subject is None:
            return None
        _name(columns, of_subject, "subject")
        by_place.append("subject")
    for column in columns:
        if _fields_are_unique(columns):
            break
        if column.varies and not column.field:
            free = [field for field in FIELDS if not _has(columns, field)]
            in_folder = column.depth < columns[-1].depth
            if not free:
                break
            field = free[0] if in_folder else free[-1]
            _name(columns, column, field)
            by_place.append(field)
    if not _fields_are_unique(columns) and not _widen(columns):
        return None
    return tuple(by_place)


def _name_by_word(
    column: _Column,
    columns: list[_Column],
    vocabulary: dict[str, tuple[str, ...]],
    exact: bool,
    varying: bool,
) -> None:
    """Assign a field to a column if the word before it is in the vocabulary."""
    if column.is_separator or column.field or column.varies is not varying:
        return
    word = _word_before(column, columns)
    is_number = all(text.isdecimal() for text in column.texts)
    if not word or not (column.varies or is_number):
        return
    for field, words in vocabulary.items():
        fits = word in words if exact else any(_ends_with(word, ending) for ending in words)
        if fits and not _has(columns, field):
            _name(columns, column, field)
            return


def _ends_with(word: str, ending: str) -> bool:
    """Return whether a word has an ending; one of two letters must be the whole word."""
    return word == ending or (len(ending) > 2 and word.endswith(ending))


def _word_before(column: _Column, columns: list[_Column]) -> str:
    """Return the word before a column, possibly with a separator in between."""
    index = next(i for i, one in enumerate(columns) if one is column)
    before = columns[max(0, index - 2) : index]
    if before and before[-1].is_separator:
        before = before[:-1] if "." not in before[-1].texts[0] else []
    if not before or before[-1].varies or before[-1].is_separator:
        return ""
    return before[-1].texts[0].lower() if before[-1].texts[0].isalpha() else ""


def _subject_column(columns: list[_Column]) -> _Column | None:
    """Return the first varying part; if there is only one subject, the innermost folder."""
    varying = [one for one in columns if one.varies and not one.field]
    if varying:
        return varying[0]
    constant = [one for one in columns if not (one.is_separator or one.field or one.varies)]
    in_folders = [one for one in constant if one.depth < columns[-1].depth]
    if in_folders:
        return in_folders[-1]
    is_single = len(columns[0].texts) == 1
    return constant[0] if is_single and constant and not _has(columns, "run") else None


def _has(columns: list[_Column], field: str) -> bool:
    return any(one.field == field for one in columns)


def _name(columns: list[_Column], named: _Column, field: str) -> None:
    """Assign a field to a column and to all columns with the same texts."""
    for one in columns:
        is_same = one.texts == named.texts and not one.is_separator
        if one is named or (is_same and not one.field and _is_repeated(one)):
            one.field = field


def _is_repeated(column: _Column) -> bool:
    """Return whether equal texts in another column are unlikely to be a coincidence."""
    return column.varies or column.texts[0].isdecimal()


def _fields_are_unique(columns: list[_Column]) -> bool:
    """Return whether no two paths have the same text in all fields."""
    texts = [one.texts for one in columns if one.field]
    return len(set(zip(*texts, strict=True))) == len(columns[0].texts) if texts else False


def _widen(columns: list[_Column]) -> bool:
    """Extend the run, or otherwise the session, over the remaining varying parts around it."""
    for field in ("run", "session"):
        own = [i for i, one in enumerate(columns) if one.field == field]
        left = [i for i, one in enumerate(columns) if one.varies and not one.field]
        near = [i for i in left if own and columns[i].depth == columns[own[0]].depth]
        if not near:
            continue
        first, last = min(own[0], *near), max(own[0], *near)
        between = columns[first : last + 1]
        if {one.field for one in between} <= {"", field}:
            joined = tuple(
                "".join(texts) for texts in zip(*(one.texts for one in between), strict=True)
            )
            columns[first : last + 1] = [_Column(joined, between[0].depth, field=field)]
            if _fields_are_unique(columns):
                return True
    return False


def _pattern(columns: list[_Column], path: str) -> str:
    pieces = [
        _piece(column, [*columns[max(0, i - 1) : i], *columns[i + 1 : i + 2]])
        for i, column in enumerate(columns)
    ]
    return re.sub(r"\*+", "*", "".join(pieces)) + _extension(path)


def _piece(column: _Column, beside: list[_Column]) -> str:
    if column.field:
        # fields without a literal between them are separated by their widths
        is_open = any(one.field or one.varies for one in beside)
        width = f":{column.width}" if is_open and column.width else ""
        return f"{{{column.field}{width}}}"
    if column.varies:
        return "*"
    return column.texts[0].replace("{", "{{").replace("}", "}}")


def _fields(columns: list[_Column], paths: Sequence[str]) -> dict[str, dict[str, str]]:
    named = {one.field: one.texts for one in columns if one.field}
    return {path: {f: texts[i] for f, texts in named.items()} for i, path in enumerate(paths)}
