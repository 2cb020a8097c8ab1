"""Units of the samples in files, for all recordings or by patterns of their paths."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    import mne

__all__ = [
    "UNITS",
    "check_patterns",
    "matches_path",
    "parse_scale",
    "scale_of",
    "scale_samples",
    "unit_name",
]

# Volt per unit. MNE reads the numbers of a file that does not state its unit as volt.
UNITS = {"volt": 1.0, "millivolt": 1e-3, "microvolt": 1e-6, "nanovolt": 1e-9}

# Number of files listed in an error message: enough to see how they differ from a pattern.
MAX_LISTED_FILES = 5


def parse_scale(value: Any) -> float:
    """Return the factor of the samples for a number or the name of a unit.

    Parameters
    ----------
    value : float or str
        A factor, or the actual unit of the numbers that MNE reads as volt, such as ``"microvolt"``.

    Returns
    -------
    float
        The factor (volt per unit of the file).

    Raises
    ------
    ValueError
        When the value is neither, or not positive.

    Examples
    --------
    >>> parse_scale("microvolt"), parse_scale(0.001)
    (1e-06, 0.001)
    """
    if isinstance(value, str) and value in UNITS:
        return UNITS[value]
    try:
        factor = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        factor = float("nan")
    if not 0 < factor < float("inf"):
        raise ValueError(
            f"a unit is a number greater than 0 (volt for each unit of the file), or one of "
            f"{', '.join(UNITS)}; got {value!r}.{did_you_mean(value, UNITS)}"
        )
    return factor


def unit_name(factor: float) -> str | float:
    """Return the name of a unit for messages.

    Parameters
    ----------
    factor : float
        Volt per unit.

    Returns
    -------
    str or float
        The name; if the unit has none, the factor with three significant digits.

    Examples
    --------
    >>> unit_name(1e-6), unit_name(2e-9)
    ('microvolt', 2e-09)
    """
    names = (name for name, one in UNITS.items() if math.isclose(one, factor))
    return next(names, float(f"{factor:.3g}"))


def matches_path(pattern: str, path: str) -> bool:
    """Return whether a pattern matches the path of a file.

    Parameters
    ----------
    pattern : str
        A path, or the last parts of a path, such as ``"S3/*"`` or ``"S3*.edf"``; ``*`` matches
        any text.
    path : str
        The path of the file, with slashes.

    Returns
    -------
    bool
        True if the pattern matches the whole path, or as many of its last parts as the pattern has.
    """
    if path == pattern or path.endswith(f"/{pattern}"):  # also with brackets in a name
        return True
    return fnmatchcase(path, pattern) or PurePosixPath(path).match(pattern)


def scale_of(scales: float | Mapping[str, float], path: str) -> float:
    """Return the factor of the samples of one file.

    Parameters
    ----------
    scales : float or mapping of str to float
        One factor for all files, or factors by patterns of their paths.
    path : str
        The path of the file, with slashes.

    Returns
    -------
    float
        The factor; 1 if no pattern matches.

    Raises
    ------
    ConfigError
        When several patterns match that have different factors.
    """
    if not isinstance(scales, Mapping):
        return scales
    fitting = {pattern: scale for pattern, scale in scales.items() if matches_path(pattern, path)}
    if len(set(fitting.values())) > 1:
        raise ConfigError(
            f"recordings.unit_scale: {path} fits the patterns {list(fitting)}, which have the "
            f"different factors {list(fitting.values())}. Change the patterns so that only one "
            "fits each file."
        )
    return next(iter(fitting.values()), 1.0)


def check_patterns(patterns: Iterable[str], paths: Iterable[str], where: str) -> None:
    """Raise an error if a pattern matches no file.

    Parameters
    ----------
    patterns : iterable of str
        Patterns of paths.
    paths : iterable of str
        The existing files.
    where : str
        The key of the configuration, for the message.

    Raises
    ------
    ConfigError
        When a pattern matches no file; names it and some of the files.
    """
    present = list(paths)
    for pattern in patterns:
        if not any(matches_path(pattern, path) for path in present):
            listed = ", ".join(present[:MAX_LISTED_FILES])
            raise ConfigError(
                f"{where} has the pattern {pattern!r}, which fits no recording."
                f"{did_you_mean(pattern, present)} Among the recordings: {listed}. "
                "`*` stands for any text."
            )


def scale_samples(recording: mne.io.BaseRaw | mne.BaseEpochs, scale: float) -> None:
    """Multiply all samples of a recording in memory, in place.

    Parameters
    ----------
    recording : mne.io.Raw or mne.Epochs
        The recording.
    scale : float
        The factor.
    """
    if scale != 1.0:
        recording.apply_function(
            lambda x: x * scale, picks="all", channel_wise=False, verbose="error"
        )
