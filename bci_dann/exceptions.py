"""Errors that a user can act on.

Each inherits the package's base class and the built-in class that callers of
scikit-learn and MOABB already catch.
"""

__all__ = [
    "BCIDannError",
    "BCIDannWarning",
    "ConfigError",
    "DataError",
    "DeprecatedArgumentWarning",
    "InstallationError",
    "ResultsError",
    "TrainingError",
    "UnadaptedWarning",
]


class BCIDannError(Exception):
    """Base class of every error that this package raises on purpose.

    See Also
    --------
    ConfigError : What a user has written.
    DataError : Recordings and arrays.
    ResultsError : Results folders.
    TrainingError : Training.
    InstallationError : Libraries.

    Examples
    --------
    >>> from bci_dann import load_dataset
    >>> from bci_dann.exceptions import BCIDannError
    >>> try:
    ...     load_dataset("BNCI2014_01")
    ... except BCIDannError as error:
    ...     print(type(error).__name__)
    ConfigError
    """


class ConfigError(BCIDannError, ValueError):
    """A configuration, pipeline file or option that cannot be used as written.

    See Also
    --------
    DataError : What was written is right, and the data are not.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> from bci_dann.exceptions import ConfigError
    >>> try:
    ...     resolve("alignment", "euclid")
    ... except ConfigError as error:
    ...     print(str(error).partition(" Expected")[0])
    there is no alignment 'euclid'. Did you mean 'euclidean'?
    """


class DataError(BCIDannError, ValueError):
    """Recordings or arrays that are not what was promised.

    See Also
    --------
    ConfigError : The data are right, and what was written is not.

    Examples
    --------
    >>> from bci_dann import load_model
    >>> from bci_dann.exceptions import DataError
    >>> try:
    ...     load_model("no_such_folder")
    ... except DataError as error:
    ...     print(type(error).__mro__[2].__name__)
    ValueError
    """


class ResultsError(BCIDannError, RuntimeError):
    """A results folder that cannot be read, or that cannot be written to.

    See Also
    --------
    ConfigError : A configuration that does not fit.

    Examples
    --------
    >>> from bci_dann.evaluation import selection_table
    >>> from bci_dann.exceptions import ResultsError
    >>> try:
    ...     selection_table("no_such_folder")
    ... except ResultsError as error:
    ...     print("no_such_folder" in str(error))
    True
    """


class TrainingError(BCIDannError, RuntimeError):
    """Training that cannot go on, for example because the loss is not finite.

    See Also
    --------
    bci_dann.training.train : Raises it.
    bci_dann.estimators.fit_together : Returns it in the place of the model it has stopped.

    Examples
    --------
    >>> from bci_dann.exceptions import TrainingError
    >>> issubclass(TrainingError, RuntimeError)
    True
    """


class InstallationError(BCIDannError, ImportError):
    """A library that is missing, or that is installed but does not load.

    See Also
    --------
    BCIDannError : The base of all errors.

    Examples
    --------
    >>> from bci_dann.exceptions import InstallationError
    >>> issubclass(InstallationError, ImportError)
    True
    """


class BCIDannWarning(UserWarning):
    """Something worked, but not as well as the user may believe.

    See Also
    --------
    bci_dann.reweighting.warn_without_overlap : One of those that warn.

    Examples
    --------
    A script that stops where the user may be misled:

    >>> import warnings
    >>> from bci_dann.exceptions import BCIDannWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", BCIDannWarning)
    """


class UnadaptedWarning(BCIDannWarning):
    """A model with alignment predicts a subject of whom it has seen nothing.

    See Also
    --------
    bci_dann.TransductiveClassifier : Adapts within scikit-learn's cross-validation.

    Examples
    --------
    Where sources alone are wanted, for comparison:

    >>> import warnings
    >>> from bci_dann.exceptions import UnadaptedWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", UnadaptedWarning)
    """


class DeprecatedArgumentWarning(BCIDannWarning, FutureWarning):
    """A deprecated argument was given; ``new_form`` holds what to give instead.

    See Also
    --------
    BCIDannWarning : All warnings of the package.

    Examples
    --------
    >>> import warnings
    >>> from bci_dann import DANNClassifier
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     model = DANNClassifier(adversary_weight=0.3)
    >>> caught[0].message.new_form
    {'terms': {'domain_adversary': 0.3}}
    """

    new_form: dict[str, object]
