"""Adaptation of a saved model to recordings of a new subject."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.serving.checks.plausibility import warn_of_few_trials, warn_of_one_class
from bci_dann.serving.checks.subject_identity import warn_of_several_subjects
from bci_dann.serving.few_labels import known_labels, read_labels
from bci_dann.serving.reading.prepared_recording import PreparedRecording
from bci_dann.serving.reading.reading_options import Cues, reading_options
from bci_dann.serving.reading.recording_names import Recording, as_list
from bci_dann.serving.reading.recording_trials import prepare_with_cues, serving_account
from bci_dann.serving.served_model import ServedModel, as_served_model, check_writable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from bci_dann.data import EEGTrials
    from bci_dann.estimators import TransferClassifier
    from bci_dann.serving.expected_accuracy import ExpectedAccuracy
    from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["Adaptation", "adapt_model"]


@dataclass(frozen=True)
class Adaptation:  # numpydoc ignore=PR02
    """An adapted model, and the trials it was adapted to.

    Parameters
    ----------
    model : ServedModel
        The adapted model.
    n_trials : int
        Number of trials of the new subject.
    changed : bool
        False if the method cannot adapt without labels, because it has no alignment.
    account : pandas.DataFrame
        Counts of used and unused cues by recording and event: the columns ``file``, ``event``,
        ``found``, ``used``, and one column for each reason why cues were not used.
    n_labels : int
        Number of trials with a label.
    differences : list of str
        How each recording was changed because it differs from the training recordings, such as
        interpolated electrodes, another sampling frequency or another reference. The recipe of
        the model has the same sentences as ``adapted_by``.

    See Also
    --------
    adapt_model : Returns it.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import SimulatedMI
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["csp_lda"], "protocols": ["train"]}
    >>> raw = SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]
    >>> serving.adapt_model(serving.fit_model(config), raw).changed
    False
    """

    model: ServedModel
    n_trials: int
    changed: bool
    account: pd.DataFrame
    n_labels: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def expected(self) -> ExpectedAccuracy | None:
        """Expected accuracy for the subject, estimated from the trials without labels.

        Returns
        -------
        ExpectedAccuracy or None
            ``None`` if `fit` did not learn it (``expect_accuracy``), or if there are fewer than 20
            trials.
        """
        return self.model.recipe.expected


def adapt_model(
    model: str | Path | ServedModel,
    recordings: Recording | Sequence[Recording],
    *,
    cues: Cues = (),
    unit_scale: float | str | None = None,
    rename: Mapping[str, str] | None = None,
    bads: Sequence[str] = (),
    reference: Sequence[str] = (),
    labels: str | Path | pd.DataFrame | None = None,
    out: str | Path | None = None,
) -> Adaptation:
    """Adapt a model to a new subject from recordings without labels, or with few labels.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder; it is not changed.
    recordings : str, pathlib.Path, mne.io.Raw, mne.Epochs, or list of these
        Recordings of one subject, in the order of recording; see :func:`prepare`. Only the times
        of their events are used, not the classes.
    cues : sequence of str, or mapping of str to str or None
        Events that start a trial, optionally with their classes. Default: the events of training.
    unit_scale : float, str or None
        Unit of the samples in the file, such as ``"microvolt"``, or the factor that converts them
        to volt, such as 1e-6. By default, as for the training recordings.
    rename : mapping of str to str, or None
        Electrode names by channel name, in addition to the renaming used in training.
    bads : sequence of str
        Bad channels, in addition to those marked in the recordings; see :func:`prepare`.
    reference : sequence of str
        Electrodes whose mean is subtracted; see :func:`prepare`.
    labels : str, pathlib.Path, pandas.DataFrame or None
        Known labels: a CSV file or a table with the columns ``label``, and ``trial`` (number of the
        cue from 0, as in the predictions) or ``onset`` (s); for several recordings also ``file``.
        Trials without a row have no label.
    out : str, pathlib.Path or None
        Folder to save the adapted model in; a model in it is replaced.

    Returns
    -------
    Adaptation
        The adapted model, and a description of the trials.

    Raises
    ------
    ConfigError
        When ``out`` is the folder of the model, there is no recording, a label is not a class, the
        method cannot learn from labels, or for the reasons of :func:`prepare`.
    DataError
        When a label matches no cue, a recording is given twice, or for the reasons of
        :func:`prepare`.
    ResultsError
        When the folder cannot be written to; this is checked before adaptation.

    See Also
    --------
    predict_recordings : The next step: predict trials of the subject.
    bci_dann.TransferClassifier.adapt : Adapts an estimator to arrays of trials.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import SimulatedMI
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> raw = SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]
    >>> adaptation = serving.adapt_model(serving.fit_model(config), raw)
    >>> adaptation.n_trials, adaptation.changed
    (20, True)
    """
    from bci_dann.data import EEGTrials

    served = as_served_model(model)
    table = None if labels is None else read_labels(labels)
    if out is not None:
        _check_not_the_model(Path(out), model)
        check_writable(Path(out))
    options = reading_options(served.recipe, cues, unit_scale, rename, bads, reference)
    prepared = prepare_with_cues(as_list(recordings), served, options)
    warn_of_several_subjects(prepared)
    trials = EEGTrials.concatenate([one.require_trials() for one in prepared])
    account = serving_account(prepared)
    y = None if table is None else known_labels(table, prepared, served.recipe.classes)
    _warn_of_earlier_adaptation(served.recipe)
    warn_of_few_trials(len(trials))
    expected = _expected_accuracy(served, trials)
    adapted = ServedModel(
        _adapted_estimator(served.estimator, trials, y),
        _adapted_recipe(served.recipe, prepared, account, y, expected),
    )
    decided = adapted.estimator.predict_proba(trials).argmax(axis=1)  # even where it would abstain
    warn_of_one_class(adapted.estimator.classes_[decided])
    if expected is not None:
        expected.warn_if_low()
    if out is not None:
        adapted.save(out)
    return Adaptation(
        model=adapted,
        n_trials=len(trials),
        changed=served.estimator.can_adapt,
        account=account,
        n_labels=adapted.recipe.adapted_labels,
        differences=adapted.recipe.adapted_by,
    )


def _check_not_the_model(out: Path, model: object) -> None:
    if isinstance(model, str | Path) and Path(model).expanduser().resolve() == out.resolve():
        raise ConfigError(
            f"the adapted model would replace the one in {out}, which other subjects may need: "
            "give another folder."
        )


def _warn_of_earlier_adaptation(recipe: ModelRecipe) -> None:
    """Warn if the model was already adapted, because this adaptation is replaced."""
    files = recipe.adapted_files
    if files:
        warnings.warn(
            f"the model was already adapted to {', '.join(files)}. This adaptation is replaced: "
            "give all recordings of one subject in one call.",
            BCIDannWarning,
            stacklevel=3,
        )


def _expected_accuracy(model: ServedModel, trials: EEGTrials) -> ExpectedAccuracy | None:
    """Return the expected accuracy for a subject, if the model has learned to estimate it."""
    expectation = model.recipe.expectation
    return None if expectation is None else expectation.of_trials(model.estimator, trials)


def _adapted_estimator(
    estimator: TransferClassifier, trials: EEGTrials, y: NDArray[np.object_] | None
) -> TransferClassifier:
    """Return an adapted copy; `Adaptation.changed` replaces the warning that nothing changes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"adapt\(\) changes nothing", BCIDannWarning)
        return estimator.adapt(trials, y)


def _adapted_recipe(
    recipe: ModelRecipe,
    prepared: Sequence[PreparedRecording],
    account: pd.DataFrame,
    y: NDArray[np.object_] | None,
    expected: ExpectedAccuracy | None,
) -> ModelRecipe:
    """Return the recipe of the adapted model, which describes the recordings of the subject."""
    return recipe.model_copy(
        update={
            "adapted_to": account.to_dict("records"),
            "adapted_labels": 0 if y is None else int((y != "").sum()),
            "adapted_by": [one.differences for one in prepared if one.differences],
            "expected": expected,
        }
    )
