"""Errors that a user can act on.

Each inherits the package's base class and the built-in class that callers of
scikit-learn and MOABB already catch.
"""

__all__ = [
    "BCIDannError",
    "BCIDannWarning",
    "ConfigError",
    "DataError",
    "FormerArgumentWarning",
    "InstallationError",
    "ResultsError",
    "TrainingError",
]


class BCIDannError(Exception):
    """Base class of every error that this package raises on purpose."""


class ConfigError(BCIDannError, ValueError):
    """A configuration, pipeline file or option that cannot be used as written."""


class DataError(BCIDannError, ValueError):
    """Recordings or arrays that are not what was promised."""


class ResultsError(BCIDannError, RuntimeError):
    """A results folder that cannot be read, or that cannot be written to."""


class TrainingError(BCIDannError, RuntimeError):
    """Training that cannot go on, for example because the loss is not finite."""


class InstallationError(BCIDannError, ImportError):
    """A library that is missing, or that is installed but does not load."""


class BCIDannWarning(UserWarning):
    """Something worked, but not as well as the user may believe."""


class FormerArgumentWarning(BCIDannWarning, FutureWarning):
    """An argument of the version before was given; ``new_form`` holds what to give instead."""

    new_form: dict[str, object]
