"""Networks: backbones from braindecode, heads, and gradient reversal."""

from bci_dann.models.backbones import (
    Backbone,
    Inputs,
    backbone_names,
    check_backbone,
    make_backbone,
)
from bci_dann.models.decoder import Decoder
from bci_dann.models.fast.keyed_dropout import keyed, keyed_layers
from bci_dann.models.gradient_reversal import reverse_gradient
from bci_dann.models.heads import domain_head, motor_imagery_head

__all__ = [
    "Backbone",
    "Decoder",
    "Inputs",
    "backbone_names",
    "check_backbone",
    "domain_head",
    "keyed",
    "keyed_layers",
    "make_backbone",
    "motor_imagery_head",
    "reverse_gradient",
]
