"""Network architectures: backbones, classification and domain heads, gradient reversal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.models.backbone_contract import Backbone, BackboneSpec, NetworkInput
    from bci_dann.models.backbones import (
        backbone_names,
        build_backbone,
        check_backbone,
        check_input_kind,
        make_backbone,
        reads_covariances,
    )
    from bci_dann.models.decoder import Decoder, motor_imagery_head
    from bci_dann.models.fast.keyed_dropout import keyed, keyed_layers
    from bci_dann.models.gradient_reversal import domain_head, reverse_gradient
    from bci_dann.models.spd_network import SPDNet

_MODULES = {
    "Backbone": "backbone_contract",
    "BackboneSpec": "backbone_contract",
    "Decoder": "decoder",
    "NetworkInput": "backbone_contract",
    "SPDNet": "spd_network",
    "backbone_names": "backbones",
    "build_backbone": "backbones",
    "check_backbone": "backbones",
    "check_input_kind": "backbones",
    "domain_head": "gradient_reversal",
    "keyed": "fast.keyed_dropout",
    "keyed_layers": "fast.keyed_dropout",
    "make_backbone": "backbones",
    "motor_imagery_head": "decoder",
    "reads_covariances": "backbones",
    "reverse_gradient": "gradient_reversal",
}

__all__ = [
    "Backbone",
    "BackboneSpec",
    "Decoder",
    "NetworkInput",
    "SPDNet",
    "backbone_names",
    "build_backbone",
    "check_backbone",
    "check_input_kind",
    "domain_head",
    "keyed",
    "keyed_layers",
    "make_backbone",
    "motor_imagery_head",
    "reads_covariances",
    "reverse_gradient",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
