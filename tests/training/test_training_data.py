from __future__ import annotations

import pytest
import torch

from bci_dann.exceptions import ConfigError
from bci_dann.training import TrainingSettings, resolve_device


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


def test_any_device_that_torch_can_allocate_on_is_accepted():
    assert resolve_device("meta") == "meta"


def test_settings_are_compared_by_their_values():
    """Networks share a stack only where all settings agree."""
    one, other = (TrainingSettings(5, 16, 1e-3, 0.0, "cpu") for _ in range(2))
    assert one == other
    assert len({one, other, TrainingSettings(5, 16, 1e-3, 0.1, "cpu")}) == 2


def test_members_are_not_normalised_by_domain_unless_asked(draw_member):
    assert not draw_member().domain_batch_norm
    assert draw_member().torch_seed.entropy == 0
