"""Scores of a saved model on labelled recordings of one subject, with their uncertainty."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.statistics.proportions import (
    Estimate,
    accuracy_estimate,
    auc_estimate,
    balanced_accuracy_estimate,
    trials_for_half_width,
)
from bci_dann.exceptions import BCIDannWarning, DataError
from bci_dann.serving.checks.plausibility import warn_of_one_class
from bci_dann.serving.few_labels import known_labels, read_labels
from bci_dann.serving.predictions import predictions_of
from bci_dann.serving.reading.prepared_recording import PreparedRecording
from bci_dann.serving.reading.reading_options import Cues, reading_options
from bci_dann.serving.reading.recording_names import Recording, as_list
from bci_dann.serving.reading.recording_trials import prepare_with_cues
from bci_dann.serving.served_model import ServedModel, as_served_model

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ModelEvaluation", "evaluate_model"]

# Half the width of the interval that `more_trials` aims at: five points of accuracy.
HALF_WIDTH = 0.05


@dataclass(frozen=True)
class ModelEvaluation:  # numpydoc ignore=PR02
    """Scores of a model for one subject, computed from the trials with known classes.

    Accuracies are between 0 and 1. Every trial counts with its most probable class, even where
    the model would abstain. The 95 % intervals assume independent trials. Accuracies in other
    sessions of the subject vary more than these intervals suggest.

    Parameters
    ----------
    n_trials : dict of str to int
        Number of labelled trials of each class.
    accuracy : Estimate
        With the interval of Clopper and Pearson; see
        :func:`~bci_dann.evaluation.statistics.proportions.accuracy_estimate`.
    balanced_accuracy : Estimate
        The mean over the classes that occur in the labels.
    roc_auc : Estimate
        As in the results tables; the interval is computed for two classes only.
    chance : float
        The share of the most frequent class: the accuracy of always predicting this class.
    more_trials : int
        How many more labelled trials, at the same accuracy, would narrow the interval of the
        accuracy to 5 points on either side on average; 0 if it is already that narrow.
    confusion : pandas.DataFrame
        Number of trials, with true classes as rows and predicted classes as columns.
    by_recording : pandas.DataFrame
        ``file``, ``n_trials`` and ``accuracy`` of each recording with labelled trials.
    trials : pandas.DataFrame
        The predictions for these trials, as :func:`predict_recordings` returns them, with the
        additional column ``truth``.

    See Also
    --------
    evaluate_model : Returns it.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import SimulatedMI
    >>> params = {"n_subjects": 3, "n_trials": 20, "erd": 0.9}
    >>> data = {"dataset": "SimulatedMI", "params": params}
    >>> model = serving.fit_model({"name": "my", "data": data, "pipelines": ["ea_csp_lda"]})
    >>> raw = SimulatedMI(n_subjects=4, n_trials=20, erd=0.9).get_data([4])[4]["0"]["0"]
    >>> evaluation = serving.evaluate_model(serving.adapt_model(model, raw).model, raw)
    >>> int(evaluation.confusion.loc["left_hand"].sum()), evaluation.is_above_chance
    (20, True)
    """

    n_trials: dict[str, int]
    accuracy: Estimate
    balanced_accuracy: Estimate
    roc_auc: Estimate
    chance: float
    more_trials: int
    confusion: pd.DataFrame
    by_recording: pd.DataFrame
    trials: pd.DataFrame

    @property
    def is_above_chance(self) -> bool:
        """Whether the whole interval of the accuracy lies above chance.

        Returns
        -------
        bool
            False also if there are too few trials for a conclusion.
        """
        return self.accuracy.low > self.chance

    def to_dict(self) -> dict[str, Any]:
        """Return everything except the trials, in types that JSON supports.

        Returns
        -------
        dict of str to object
            By attribute name; values that are not known are ``None``.
        """
        estimates = ("accuracy", "balanced_accuracy", "roc_auc")
        return {
            "n_trials": self.n_trials,
            **{name: _finite(getattr(self, name)._asdict()) for name in estimates},
            "chance": self.chance,
            "is_above_chance": self.is_above_chance,
            "more_trials": self.more_trials,
            "confusion": {
                truth: {name: int(count) for name, count in row.items()}
                for truth, row in self.confusion.T.to_dict().items()
            },
            "by_recording": self.by_recording.to_dict("records"),
        }


def evaluate_model(
    model: str | Path | ServedModel,
    recordings: Recording | Sequence[Recording],
    *,
    cues: Cues = (),
    unit_scale: float | str | None = None,
    rename: Mapping[str, str] | None = None,
    bads: Sequence[str] = (),
    reference: Sequence[str] = (),
    labels: str | Path | pd.DataFrame | None = None,
) -> ModelEvaluation:
    """Score a model on recordings of one subject whose classes are known.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder, in the state in which it would be used, normally adapted.
    recordings : str, pathlib.Path, mne.io.Raw, mne.Epochs, or list of these
        Recordings of one subject that the model was not trained on; see :func:`prepare`.
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
        Labels of trials, as for :func:`adapt_model`; trials without a label are not scored. By
        default, the classes that the events stand for.

    Returns
    -------
    ModelEvaluation
        Scores with their intervals, and the data they were computed from.

    Raises
    ------
    ConfigError
        When a label is not a class of the model, or for the reasons of :func:`prepare`.
    DataError
        When no trial has a label, all have the same label, a recording is given twice, or for the
        reasons of :func:`prepare`.

    Warns
    -----
    BCIDannWarning
        When the accuracy could be at chance, labels contradict the events, or the model was trained
        on or adapted with labels of one of the recordings.

    See Also
    --------
    adapt_model : The previous step.
    bci_dann.run_benchmark : Accuracy of a method on subjects that are left out of training.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import SimulatedMI
    >>> params = {"n_subjects": 3, "n_trials": 20, "erd": 0.9}
    >>> data = {"dataset": "SimulatedMI", "params": params}
    >>> model = serving.fit_model({"name": "my", "data": data, "pipelines": ["ea_csp_lda"]})
    >>> raw = SimulatedMI(n_subjects=4, n_trials=20, erd=0.9).get_data([4])[4]["0"]["0"]
    >>> evaluation = serving.evaluate_model(serving.adapt_model(model, raw).model, raw)
    >>> evaluation.n_trials, evaluation.chance
    ({'left_hand': 20, 'right_hand': 20}, 0.5)
    """
    served = as_served_model(model)
    known = None if labels is None else read_labels(labels)
    options = reading_options(served.recipe, cues, unit_scale, rename, bads, reference)
    prepared = prepare_with_cues(as_list(recordings), served, options)
    truth = _truth(served, prepared, known)  # raises before the estimator is loaded
    table = predictions_of(served, prepared)
    table["truth"] = truth
    table = table[(table["truth"] != "") & (table["left_out"] == "")].reset_index(drop=True)
    _warn_of_known_recordings(served, prepared)
    warn_of_one_class(table["prediction"], served.recipe.adapted_files)
    evaluation = _evaluation(table, np.asarray(served.estimator.classes_))
    _warn_of_chance(evaluation)
    return evaluation


def _truth(
    model: ServedModel, prepared: Sequence[PreparedRecording], labels: pd.DataFrame | None
) -> NDArray[np.object_]:
    """Return the class of every cue of the recordings; ``""`` where it is not known."""
    classes = model.recipe.classes
    listed = [one.cues["label"] for one in prepared]
    of_events = np.concatenate([one.where(one.isin(classes), "") for one in listed])
    used = np.concatenate([one.cues["left_out"] == "" for one in prepared])
    truth = np.where(used, of_events, "").astype(object)
    if labels is not None:
        truth[:] = ""
        truth[used] = known_labels(labels, prepared, classes)
        differ = (truth != "") & (of_events != "") & (truth != of_events)
        if differ.any():
            _warn(
                f"{differ.sum()} labels contradict the class that the event of the trial stands "
                "for. The labels are used; check that they count cues from 0."
            )
    found = np.unique(truth[truth != ""].astype(str))
    if len(found) < 2:
        _raise_for_missing_classes(prepared, found.tolist(), classes)
    return truth


def _raise_for_missing_classes(
    prepared: Sequence[PreparedRecording], found: Sequence[str], classes: Sequence[str]
) -> None:
    """Raise an error about labels with fewer than two classes."""
    names = ", ".join(one.label for one in prepared)
    remedy = (
        f"Say which class an event stands for, as in --cue EVENT={classes[0]} (or cues= in "
        "Python), or give a table with --labels (labels=)."
    )
    if not found:
        raise DataError(
            f"{names}: the class of no trial is known, so nothing can be scored. {remedy}"
        )
    raise DataError(
        f"{names}: all labelled trials belong to the class {found[0]!r}. Two classes are needed, "
        f"because a model that always predicts this class would reach 100 %. {remedy}"
    )


def _evaluation(table: pd.DataFrame, classes: NDArray[Any]) -> ModelEvaluation:
    import pandas as pd

    from bci_dann.evaluation.metrics import score

    truth, predicted = table["truth"].to_numpy(str), table["prediction"].to_numpy(str)
    confusion = pd.crosstab(truth, predicted).reindex(index=classes, columns=classes, fill_value=0)
    confusion = confusion.rename_axis(index="true", columns="predicted")
    n_trials = confusion.sum(axis=1)
    present = n_trials > 0
    right = pd.Series(np.diag(confusion), classes)[present]
    accuracy = accuracy_estimate(int(right.sum()), len(table))
    probabilities = table[[f"p_{name}" for name in classes]].to_numpy()
    hits = table.assign(hit=truth == predicted).groupby("file", sort=False)["hit"]
    return ModelEvaluation(
        n_trials={str(name): int(count) for name, count in n_trials.items()},
        accuracy=accuracy,
        balanced_accuracy=balanced_accuracy_estimate(right.tolist(), n_trials[present].tolist()),
        roc_auc=_auc(score(probabilities, truth, classes.tolist())["roc_auc"], n_trials.tolist()),
        chance=float(n_trials.max() / len(table)),
        more_trials=max(0, trials_for_half_width(accuracy.value, HALF_WIDTH) - len(table)),
        confusion=confusion,
        by_recording=hits.agg(n_trials="size", accuracy="mean").reset_index(),
        trials=table,
    )


def _auc(auc: float, n_trials: Sequence[int]) -> Estimate:
    if len(n_trials) != 2:
        return Estimate(auc, np.nan, np.nan)
    return auc_estimate(auc, n_trials[1], n_trials[0])


def _warn_of_chance(evaluation: ModelEvaluation) -> None:
    accuracy = evaluation.accuracy
    if not evaluation.is_above_chance:
        _warn(
            f"the accuracy could be at chance: its interval, {accuracy.low:.0%} to "
            f"{accuracy.high:.0%}, does not lie above {evaluation.chance:.0%}, the share of the "
            "most frequent class. Record more labelled trials, or do not use this model for this "
            "subject."
        )


def _warn_of_known_recordings(model: ServedModel, prepared: Sequence[PreparedRecording]) -> None:
    """Warn of recordings that the model was trained on, or adapted to with labels."""
    recipe, paths = model.recipe, [Path(one.label).as_posix() for one in prepared]
    training = {str(row["file"]) for row in recipe.account if row.get("file")}
    of_training = [p for p in paths if any(f"/{p}".endswith(f"/{file}") for file in training)]
    if of_training:
        _warn(
            f"{', '.join(of_training)}: the model seems to be trained on this recording, so the "
            "scores are too high. Leave the subject out of training with --exclude."
        )
    adapted = {Path(str(row["file"])).resolve() for row in recipe.adapted_to}
    again = [path for path in paths if Path(path).resolve() in adapted]
    if again and recipe.adapted_labels:
        _warn(
            f"{', '.join(again)}: the model was adapted to this recording with labels, so the "
            "scores are too high. Evaluate it on other recordings."
        )


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in values.items()}


def _warn(text: str) -> None:
    warnings.warn(text, BCIDannWarning, stacklevel=4)
