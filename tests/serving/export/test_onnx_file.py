"""ONNX files give in onnxruntime what the model gives, and can be served to another subject."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from bci_dann import DANNClassifier, RiemannianClassifier
from bci_dann.estimators import NetworkClassifier
from bci_dann.exceptions import ConfigError, DataError, ResultsError
from bci_dann.serving import check_onnx, export_onnx, exported_program

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

NETWORK = {"max_epochs": 1, "random_state": 0}


@pytest.fixture
def model(served):
    return served(DANNClassifier("EEGNet", alignment="euclidean", **NETWORK))


def test_a_network_agrees_on_a_thousand_trials_in_batches_of_any_size(model, tmp_path):
    path = export_onnx(model, tmp_path / "m.onnx")
    assert check_onnx(model, path, n_trials=1000) < 1e-5


def test_the_riemannian_decoder_agrees(served, tmp_path):
    """Without the steps against artefacts, which take the exporter half a minute."""
    model = served(RiemannianClassifier(n_windows=1, n_delays=2, robust=False))
    path = export_onnx(model, tmp_path / "m.onnx")
    assert check_onnx(model, path, n_trials=200) < 1e-5


@pytest.mark.slow
def test_the_riemannian_decoder_as_it_is_by_default_agrees(served, tmp_path):
    model = served(RiemannianClassifier())
    path = export_onnx(model, tmp_path / "m.onnx")
    assert check_onnx(model, path, n_trials=1000) < 1e-5


def test_the_metadata_say_what_goes_in_and_comes_out(model, tmp_path):
    read = onnx.load(export_onnx(model, tmp_path / "m.onnx"))
    metadata = {one.key: one.value for one in read.metadata_props}
    assert json.loads(metadata["classes"]) == ["a", "b"]
    assert json.loads(metadata["channels"]) == [f"C{i}" for i in range(6)]
    assert json.loads(metadata["references"]) == ["whitening"]
    assert (metadata["sfreq"], metadata["unit"]) == ("128", "microvolt")
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    assert session.get_inputs()[0].shape == ["batch", 6, 128]
    assert session.get_outputs()[0].name == "probabilities"


@pytest.mark.parametrize("kind", ["network", "covariances"])
def test_references_can_be_replaced_by_those_of_another_subject(served, tmp_path, toy_eeg, kind):
    methods = {
        "network": DANNClassifier("EEGNet", alignment="euclidean", batch_norm="pooled", **NETWORK),
        "covariances": RiemannianClassifier(n_windows=1, n_delays=1, robust=False),
    }
    model = served(methods[kind], adapt=False)
    other = served(methods[kind])
    target, source = (
        onnx.load(export_onnx(one, tmp_path / f"{name}.onnx"))
        for name, one in (("target", other), ("source", model))
    )
    names = json.loads(next(m.value for m in source.metadata_props if m.key == "references"))
    new = {one.name: one for one in target.graph.initializer if one.name in names}
    assert len(new) == len(names) > 0
    for one in source.graph.initializer:
        if one.name in new:
            one.CopyFrom(new[one.name])
    onnx.save(source, tmp_path / "replaced.onnx")
    trials = toy_eeg.of(4)[0] + np.float32(0.5)
    results = [
        onnxruntime.InferenceSession(str(tmp_path / name)).run(None, {"trials": trials})[0]
        for name in ("replaced.onnx", "target.onnx", "source.onnx")
    ]
    if kind == "covariances":  # adaptation changed nothing else
        np.testing.assert_allclose(results[0], results[1], atol=1e-5)
    assert not np.allclose(results[0], results[2], atol=1e-3)


def test_a_torch_program_gives_the_same(model, tmp_path, toy_eeg):
    torch.export.save(exported_program(model), tmp_path / "m.pt2")
    trials = toy_eeg.of(4)[0] + np.float32(0.5)
    found = torch.export.load(tmp_path / "m.pt2").module()(torch.from_numpy(trials))
    expected = model.estimator.predict_proba(trials)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_the_file_of_another_model_is_told(served, model, tmp_path):
    path = export_onnx(model, tmp_path / "m.onnx")
    other = served(DANNClassifier("EEGNet", alignment=None, max_epochs=1, random_state=1))
    with pytest.raises(DataError, match=r"differ by .*: export the model again"):
        check_onnx(other, path, n_trials=20)
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(DataError, match=r"onnxruntime cannot use .*broken.onnx"):
        check_onnx(model, tmp_path / "broken.onnx", n_trials=2)


class LooksAtValues(torch.nn.Module):
    """Does something else for loud trials."""

    def __init__(self, n_chans, n_times, sfreq):
        super().__init__()

    def forward(self, X):
        return X.mean(dim=2) if X.std().item() > 1e6 else X.std(dim=2)


def test_a_network_that_cannot_be_traced_is_refused(served, tmp_path):
    model = served(NetworkClassifier(LooksAtValues, **NETWORK), adapt=False)
    with pytest.raises(ConfigError, match=r"torch.export reports .* do not depend on the values"):
        export_onnx(model, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def test_errors_are_reported_before_the_export(model, tmp_path, monkeypatch):
    with pytest.raises((ConfigError, ResultsError), match="none"):
        export_onnx(model, tmp_path / "none" / "m.onnx")
    monkeypatch.setattr("bci_dann.serving.export.onnx_file.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"onnxruntime, which cannot be found.*bci_dann\[onnx\]"):
        export_onnx(model, tmp_path / "m.onnx")
