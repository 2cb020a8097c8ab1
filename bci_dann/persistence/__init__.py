"""Saved models: folders of safetensors and JSON."""

from bci_dann.persistence.model_state import ModelState, read_state, write_state

__all__ = ["ModelState", "read_state", "write_state"]
