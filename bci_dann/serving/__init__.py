"""Use of saved models: fit a model, adapt it to a new subject, predict, decode a stream.

A model folder that :func:`fit_model` or ``bci-dann fit`` wrote contains the estimator and a
:class:`ModelRecipe`, which describes how a recording becomes trials for this estimator.
Recordings are given as file paths, ``mne.io.Raw`` or ``mne.Epochs``. Names are imported when they
are first used.

Examples
--------
Adapt a model to a new subject without labels, and predict a second recording::

    import mne
    from bci_dann import serving

    model = serving.open_model("model/")
    first = mne.io.read_raw("first_run.fif")
    adapted = serving.adapt_model(model, first).model
    table = serving.predict_recordings(adapted, "second_run.fif")
    trials = serving.prepare("second_run.fif", adapted)  # or by hand
    probabilities = adapted.estimator.predict_proba(trials)
    adapted.save("adapted/")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.serving.export.onnx_file import check_onnx, export_onnx, exported_program
    from bci_dann.serving.live.acquisition import acquire
    from bci_dann.serving.live.decode_stream import PageAddress, StreamSummary, decode_stream
    from bci_dann.serving.live.session_recording import Acquisition
    from bci_dann.serving.model_adaptation import Adaptation, adapt_model
    from bci_dann.serving.model_cards.model_description import describe_model
    from bci_dann.serving.model_evaluation import ModelEvaluation, evaluate_model
    from bci_dann.serving.model_recipe import ModelRecipe, load_recipe, save_recipe
    from bci_dann.serving.model_training import fit_model
    from bci_dann.serving.online.decision import Decision
    from bci_dann.serving.online.online_decoder import OnlineDecoder
    from bci_dann.serving.online.replay import Replay, replay_recording
    from bci_dann.serving.predictions import predict_recordings, write_predictions
    from bci_dann.serving.reading.recording_trials import prepare
    from bci_dann.serving.served_model import ServedModel, open_model

_MODULES = {
    "Acquisition": "live.session_recording",
    "Adaptation": "model_adaptation",
    "Decision": "online.decision",
    "ModelEvaluation": "model_evaluation",
    "ModelRecipe": "model_recipe",
    "OnlineDecoder": "online.online_decoder",
    "PageAddress": "live.decode_stream",
    "Replay": "online.replay",
    "ServedModel": "served_model",
    "StreamSummary": "live.decode_stream",
    "acquire": "live.acquisition",
    "adapt_model": "model_adaptation",
    "check_onnx": "export.onnx_file",
    "decode_stream": "live.decode_stream",
    "describe_model": "model_cards.model_description",
    "evaluate_model": "model_evaluation",
    "export_onnx": "export.onnx_file",
    "exported_program": "export.onnx_file",
    "fit_model": "model_training",
    "load_recipe": "model_recipe",
    "open_model": "served_model",
    "predict_recordings": "predictions",
    "prepare": "reading.recording_trials",
    "replay_recording": "online.replay",
    "save_recipe": "model_recipe",
    "write_predictions": "predictions",
}

__all__ = [
    "Acquisition",
    "Adaptation",
    "Decision",
    "ModelEvaluation",
    "ModelRecipe",
    "OnlineDecoder",
    "PageAddress",
    "Replay",
    "ServedModel",
    "StreamSummary",
    "acquire",
    "adapt_model",
    "check_onnx",
    "decode_stream",
    "describe_model",
    "evaluate_model",
    "export_onnx",
    "exported_program",
    "fit_model",
    "load_recipe",
    "open_model",
    "predict_recordings",
    "prepare",
    "replay_recording",
    "save_recipe",
    "write_predictions",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
