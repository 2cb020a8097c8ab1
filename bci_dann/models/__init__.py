"""Network architectures: backbones, classification and domain heads, gradient reversal."""

from bci_dann.models.backbone_contract import Backbone, BackboneSpec, NetworkInput
from bci_dann.models.backbones import (
    backbone_names,
    build_backbone,
    check_backbone,
    make_backbone,
)
from bci_dann.models.decoder import Decoder, motor_imagery_head
from bci_dann.models.fast.keyed_dropout import keyed, keyed_layers
from bci_dann.models.gradient_reversal import domain_head, reverse_gradient

__all__ = [
    "Backbone",
    "BackboneSpec",
    "Decoder",
    "NetworkInput",
    "backbone_names",
    "build_backbone",
    "check_backbone",
    "domain_head",
    "keyed",
    "keyed_layers",
    "make_backbone",
    "motor_imagery_head",
    "reverse_gradient",
]
