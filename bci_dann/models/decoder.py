"""The network that is kept for use: backbone G and motor-imagery head F."""

from __future__ import annotations

from torch import Tensor, nn

from bci_dann.models.backbones import Backbone, Inputs
from bci_dann.models.heads import motor_imagery_head

__all__ = ["Decoder"]


class Decoder(nn.Module):
    """Feature extractor and label predictor.

    The domain classifier D is no part of it: it belongs to the training objective and is
    thrown away with it.

    Parameters
    ----------
    backbone : Backbone
        G, ``(batch, n_chans, n_times) -> (batch, n_features)``.
    n_classes : int
        Number of imagined movements.
    """

    def __init__(self, backbone: Backbone, n_classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = motor_imagery_head(backbone.n_features, n_classes)

    def prepare(self, X: Tensor) -> Inputs:
        """Compute what stays the same in every epoch, see :meth:`Backbone.prepare`."""
        return self.backbone.prepare(X)

    def forward(self, X: Inputs) -> tuple[Tensor, Tensor]:
        """Return features ``(batch, n_features)`` and logits ``(batch, n_classes)``."""
        features = self.backbone(X)
        return features, self.head(features)
