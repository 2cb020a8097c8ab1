"""Networks: backbones from braindecode, heads, and gradient reversal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
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

_MODULES = {
    "Backbone": "backbones",
    "Decoder": "decoder",
    "Inputs": "backbones",
    "backbone_names": "backbones",
    "check_backbone": "backbones",
    "domain_head": "heads",
    "keyed": "fast.keyed_dropout",
    "keyed_layers": "fast.keyed_dropout",
    "make_backbone": "backbones",
    "motor_imagery_head": "heads",
    "reverse_gradient": "gradient_reversal",
}

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

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
