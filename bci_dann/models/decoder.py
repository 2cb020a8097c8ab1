"""The decoding network: a backbone and the classification head on its features."""

from __future__ import annotations

from torch import Tensor, nn

from bci_dann.models.backbone_contract import Backbone, NetworkInput

__all__ = ["Decoder", "motor_imagery_head"]


class Decoder(nn.Module):
    """Feature extractor G and label predictor F.

    The domain classifier D is not part of it: D belongs to the training objective, and is discarded
    after training.

    Parameters
    ----------
    backbone : Backbone
        G, ``(batch, n_chans, n_times) -> (batch, n_features)``.
    n_classes : int
        Number of classes.

    See Also
    --------
    make_backbone : Builds G.
    motor_imagery_head : Builds F.
    domain_head : Builds D.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.models import Decoder, make_backbone
    >>> network = Decoder(make_backbone("EEGNet", 3, 256, 128.0), n_classes=2)
    >>> features, logits = network(torch.zeros(4, 3, 256))
    >>> features.shape, logits.shape
    (torch.Size([4, 128]), torch.Size([4, 2]))
    """

    def __init__(self, backbone: Backbone, n_classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = motor_imagery_head(backbone.n_features, n_classes)

    def prepare(self, X: Tensor) -> NetworkInput:
        """Compute the part of the forward pass that does not depend on weights.

        Parameters
        ----------
        X : Tensor, shape (n_trials, n_chans, n_times)
            Standardised trials.

        Returns
        -------
        Tensor or TrialSpectra
            Input of :meth:`forward`; see :meth:`Backbone.prepare`.
        """
        return self.backbone.prepare(X)

    def forward(self, X: NetworkInput) -> tuple[Tensor, Tensor]:
        """Map trials to features and logits.

        Parameters
        ----------
        X : Tensor, shape (batch, n_chans, n_times), or TrialSpectra
            Standardised trials, or the result of :meth:`prepare`.

        Returns
        -------
        features : Tensor, shape (batch, n_features)
            Output of the backbone.
        logits : Tensor, shape (batch, n_classes)
            Output of the head.
        """
        features = self.backbone(X)
        return features, self.head(features)


def motor_imagery_head(n_features: int, n_classes: int) -> nn.Module:
    """Return the label predictor F: one linear layer.

    Parameters
    ----------
    n_features : int
        Width of the backbone's output.
    n_classes : int
        Number of classes.

    Returns
    -------
    nn.Module
        ``(batch, n_features) -> (batch, n_classes)`` logits.

    See Also
    --------
    Decoder : A backbone with this head.

    Examples
    --------
    >>> from bci_dann.models import motor_imagery_head
    >>> motor_imagery_head(16, 2)
    Linear(in_features=16, out_features=2, bias=True)
    """
    return nn.Linear(n_features, n_classes)
