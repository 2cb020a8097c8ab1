"""Creation of the recipe of a newly trained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bci_dann.data import EEGTrials
    from bci_dann.data.recordings.layout import RecordingsLayout
    from bci_dann.evaluation import PipelineSpec, RunConfig
    from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["recipe_of_training"]


def recipe_of_training(
    run: RunConfig,
    spec: PipelineSpec,
    seed: int,
    trials: EEGTrials,
    data_dir: str | Path | None,
) -> ModelRecipe:
    """Return the recipe of a model that is trained with a run configuration.

    Parameters
    ----------
    run : RunConfig
        Configuration of the data and their preprocessing.
    spec : PipelineSpec
        The pipeline.
    seed : int
        The ``random_state`` of the pipeline.
    trials : EEGTrials
        The training trials (µV), with labels.
    data_dir : str, pathlib.Path or None
        Folder of the recordings.

    Returns
    -------
    ModelRecipe
        Without the entries that the user provides for the model card.
    """
    from bci_dann.data.combined.combined_config import without_folders
    from bci_dann.data.signal_checks import typical_amplitude
    from bci_dann.evaluation.runs.records import versions
    from bci_dann.serving.checks.channel_exchange import mean_correlations
    from bci_dann.serving.model_recipe import ModelRecipe

    subjects = trials.subjects
    amplitudes = [typical_amplitude(trials.X[subjects == name]) for name in np.unique(subjects)]
    return ModelRecipe(
        pipeline=spec.name,
        seed=seed,
        classes=np.unique(np.asarray(trials.y)).tolist(),
        sfreq=trials.sfreq,
        data=without_folders(run.data),
        preprocessing=run.preprocessing.model_copy(update={"channels": trials.ch_names}),
        layout=_layout(run, data_dir),
        typical_uv=typical_amplitude(trials.X),
        typical_range_uv=(min(amplitudes), max(amplitudes)),
        correlations=mean_correlations(trials.X, subjects),
        account=[] if trials.account is None else trials.account.to_dict("records"),
        versions=versions(),
    )


def _layout(run: RunConfig, data_dir: str | Path | None) -> RecordingsLayout:
    """Return the layout of the recordings; for a MOABB dataset, a layout for similar files.

    If the run has several datasets, the layout is that of the first.
    """
    from bci_dann.data import RecordingsLayout, make_dataset
    from bci_dann.data.combined.combined_config import each_dataset

    first, folder = each_dataset(run.data, data_dir)[0]
    if first.recordings is not None:
        return first.recordings
    dataset = make_dataset(first, folder)
    return RecordingsLayout(
        events={name: name for name in dataset.event_id},
        pattern="{subject}",
        interval=(float(dataset.interval[0]), float(dataset.interval[1])),
        montage=None,
    )
