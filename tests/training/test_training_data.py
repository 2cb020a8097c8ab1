from __future__ import annotations

import pytest
import torch

from bci_dann.exceptions import ConfigError
from bci_dann.training import resolve_device


@pytest.mark.parametrize(("gpu", "expected"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_a_gpu_where_there_is_one(gpu, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert resolve_device("auto") == expected


def test_a_device_by_its_name():
    assert resolve_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["gpuu", "cpu:x"])
def test_a_missing_device_is_an_error_with_torchs_reason(name):
    with pytest.raises(ConfigError, match=f"device '{name}' cannot be used: .+"):
        resolve_device(name)
