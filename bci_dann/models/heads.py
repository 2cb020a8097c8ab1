"""What stands on the feature extractor: the motor-imagery head and the domain head."""

from __future__ import annotations

from torch import nn

__all__ = ["domain_head", "motor_imagery_head"]


def motor_imagery_head(n_features: int, n_classes: int) -> nn.Module:
    """Return the label predictor F: one linear layer.

    Parameters
    ----------
    n_features : int
        Width of the backbone's output.
    n_classes : int
        Number of imagined movements.

    Returns
    -------
    nn.Module
        ``(batch, n_features) -> (batch, n_classes)`` logits.
    """
    return nn.Linear(n_features, n_classes)


def domain_head(n_features: int, n_domains: int, hidden: int = 64) -> nn.Module:
    """Return the domain classifier D: one hidden layer.

    Parameters
    ----------
    n_features : int
        Width of the backbone's output.
    n_domains : int
        Number of subjects, of domains, or 2 for source against target.
    hidden : int
        Width of the hidden layer.

    Returns
    -------
    nn.Module
        ``(batch, n_features) -> (batch, n_domains)`` logits.
    """
    return nn.Sequential(nn.Linear(n_features, hidden), nn.ReLU(), nn.Linear(hidden, n_domains))
