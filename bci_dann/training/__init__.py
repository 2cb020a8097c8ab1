"""Training: balanced batches and the epoch loop."""

from bci_dann.training.loop import TrainingData, TrainingSettings, train

__all__ = ["TrainingData", "TrainingSettings", "train"]
