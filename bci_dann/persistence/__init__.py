"""Saved models: folders of safetensors and JSON."""

from bci_dann.persistence.state import ModelState, read_state, write_state

__all__ = ["ModelState", "read_state", "write_state"]
