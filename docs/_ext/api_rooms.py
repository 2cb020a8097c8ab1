"""The rooms of the package, in the order in which the API reference shows them."""

from __future__ import annotations

from dataclasses import dataclass

PACKAGE = "bci_dann"


@dataclass(frozen=True)
class Room:
    """One package, and the further modules whose names belong on its page.

    Parameters
    ----------
    module : str
        The package.
    title : str
        The heading of its page.
    sentence : str
        What it is for.
    parts : tuple of str
        Modules inside it whose public names are listed, too.
    """

    module: str
    title: str
    sentence: str
    parts: tuple[str, ...] = ()

    @property
    def page(self) -> str:
        """The name of the page."""
        return self.module.removeprefix(f"{PACKAGE}.") if self.module != PACKAGE else "top_level"


ROOMS = (
    Room(
        "bci_dann",
        "Top level",
        "What most programs need: a dataset as trials, the methods, saved models, the benchmark.",
    ),
    Room(
        "bci_dann.data",
        "Data",
        "Trials in microvolt from MOABB's datasets, from a folder of recordings or from the "
        "simulator, preprocessed, checked and kept in a cache.",
    ),
    Room(
        "bci_dann.estimators",
        "Estimators",
        "The methods, each a scikit-learn classifier that aligns, learns, adapts to a new subject, "
        "and saves itself.",
    ),
    Room(
        "bci_dann.evaluation",
        "Evaluation",
        "Leave-one-subject-out runs under named protocols, their tables and statistics, the choice "
        "of a pipeline without the target's labels, and the diagnosis of shift.",
    ),
    Room(
        "bci_dann.serving",
        "Serving",
        "Use of a saved model: fit it, adapt it to recordings of a new subject, and predict.",
    ),
    Room(
        "bci_dann.exceptions",
        "Errors and warnings",
        "What the package raises; each error also inherits the built-in class that callers of "
        "scikit-learn and MOABB catch.",
    ),
    Room(
        "bci_dann.components",
        "Components",
        "The open parts of a method (alignment, backbone, term, schedule, weighting) by name, by "
        "class path, or as instances.",
    ),
    Room(
        "bci_dann.alignment",
        "Alignment",
        "Removal of what is known to differ between domains, the covariance, before anything is "
        "learned.",
    ),
    Room(
        "bci_dann.features",
        "Features",
        "Tangent vectors of covariances in several views of a trial, and the directions in which "
        "features drift.",
    ),
    Room(
        "bci_dann.reweighting",
        "Reweighting",
        "Weights under which the source trials resemble the target, and measures of how far to "
        "trust them.",
        ("bci_dann.reweighting.builtin_weightings",),
    ),
    Room(
        "bci_dann.objectives",
        "Objectives",
        "The training objective: the label loss, and terms that adapt to the target, with their "
        "weights and schedules.",
        (
            "bci_dann.objectives.conditional_adversary",
            "bci_dann.objectives.class_confusion",
            "bci_dann.objectives.entropy",
            "bci_dann.objectives.coral",
            "bci_dann.objectives.mean_discrepancy",
            "bci_dann.objectives.schedules",
        ),
    ),
    Room(
        "bci_dann.models",
        "Models",
        "Backbones, the motor-imagery head, and the domain head behind a gradient reversal.",
    ),
    Room(
        "bci_dann.training",
        "Training",
        "The engine that trains networks, alone or in stacks, and linear heads.",
    ),
    Room(
        "bci_dann.adaptation",
        "Adaptation",
        "The drift guard, the estimation of label shift, and the adaptation of a linear head.",
        (
            "bci_dann.adaptation.drift_guard",
            "bci_dann.adaptation.label_shift",
            "bci_dann.adaptation.head_adaptation",
        ),
    ),
    Room(
        "bci_dann.estimators.networks",
        "Networks inside an estimator",
        "What the network classifiers are made of: training plans, outputs, and weights as arrays.",
    ),
    Room(
        "bci_dann.persistence",
        "Persistence",
        "Model folders of safetensors and JSON, without pickle.",
    ),
    Room(
        "bci_dann.reporting",
        "Reporting",
        "Tables, figures and pages of results.",
    ),
)
# Headings of the index, each with the first of the rooms that stand under it.
SECTIONS = {
    "For users": "bci_dann",
    "For builders of methods": "bci_dann.components",
    "Inside": "bci_dann.training",
}
