"""The training objective: the label loss and a weighted sum of terms."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from numbers import Real

from torch import Tensor, nn

from bci_dann.exceptions import ConfigError
from bci_dann.objectives.batch_view import OF_TERM, BatchView
from bci_dann.objectives.classification import classification_loss
from bci_dann.objectives.schedules import Constant, Schedule

__all__ = ["Objective"]

# The name of the label loss in the history of training.
CLASSIFICATION = "classification"


class Objective(nn.Module):
    """Label loss plus terms: ``CE(F(G(x)), y) w + sum_k weight_k schedule_k(progress) term_k``.

    The first summand is the mean over the labelled trials of a batch; ``G`` is the backbone, ``F``
    the classification head, and ``w`` the weight of a trial.

    Parameters
    ----------
    terms : mapping of str to nn.Module
        Each maps a :class:`BatchView` to a scalar; its parameters are trained with those of the
        network, and discarded afterwards.
    weights : mapping of str to float
        The weight of each term; 1 by default.
    schedules : mapping of str to callable
        The schedule of each term; constant by default.

    See Also
    --------
    build_objective : Builds an objective from terms with weights.
    classification_loss : The first summand.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.objectives import BatchView, Objective
    >>> from bci_dann.objectives.entropy import ConditionalEntropy
    >>> target = torch.tensor([False, True])
    >>> labels, domains, weights = torch.tensor([0, -1]), torch.tensor([0, 1]), torch.ones(2)
    >>> batch = BatchView(torch.ones(2, 8), torch.zeros(2, 2), labels, domains, weights, target, 1)
    >>> summands = Objective({"entropy": ConditionalEntropy()}, {"entropy": 0.1})(batch)
    >>> {name: round(float(value), 3) for name, value in summands.items()}
    {'classification': 0.693, 'entropy': 0.069}
    """

    def __init__(
        self,
        terms: Mapping[str, nn.Module] | None = None,
        weights: Mapping[str, float] | None = None,
        schedules: Mapping[str, Schedule] | None = None,
    ) -> None:
        super().__init__()
        self.terms = nn.ModuleDict(dict(terms or {}))
        self.weights = dict(weights or {})
        self.schedules = dict(schedules or {})

    @property
    def names(self) -> list[str]:
        """The names of the summands, in their order; see :meth:`forward`."""
        return [CLASSIFICATION, *self.terms]

    @property
    def measure_names(self) -> list[str]:
        """The names of the numbers, ``TERM.NUMBER``, in their order; see :meth:`measures`."""
        return [
            f"{label}{OF_TERM}{name}"
            for label, term in self.terms.items()
            for name in getattr(term, "measured", ())
        ]

    @property
    def signature(self) -> Hashable:
        """What objectives must have in common to be computed in one stack; see :meth:`forward`."""
        return tuple(
            (name, self.weights.get(name, 1.0), repr(self.schedules.get(name)), _settings(term))
            for name, term in self.terms.items()
        )

    def forward(self, batch: BatchView) -> dict[str, Tensor]:
        """Return the weighted summands by name; their sum is the loss.

        Parameters
        ----------
        batch : BatchView
            The trials of a batch.

        Returns
        -------
        dict of str to Tensor, shape ()
            The label loss first, then each term.

        Raises
        ------
        ConfigError
            When a term or a schedule does not return a scalar.
        """
        summands = {CLASSIFICATION: classification_loss(batch)}
        for name, term in self.terms.items():
            value = term(batch)
            if not isinstance(value, Tensor) or value.ndim:
                raise ConfigError(
                    f"term {name!r}: forward must give a scalar tensor; got "
                    f"{_shown(value)}. Sum or average over the trials."
                )
            factor = self.weights.get(name, 1.0)
            summands[name] = factor * self._scheduled(name, batch.progress) * value
        return summands

    def measures(self, batch: BatchView) -> dict[str, Tensor]:
        """Return the measures of the terms for a batch, which are no part of the loss.

        Parameters
        ----------
        batch : BatchView
            The trials of a batch.

        Returns
        -------
        dict of str to Tensor, shape ()
            Without gradient, by :attr:`measure_names`.

        Raises
        ------
        ConfigError
            When a term does not return a scalar for each name in its ``measured``.
        """
        found: dict[str, Tensor] = {}
        for label, term in self.terms.items():
            names = getattr(term, "measured", ())
            numbers = term.measures(batch) if names else {}  # type: ignore[operator]
            for name in names:
                value = numbers.get(name)
                if not isinstance(value, Tensor) or value.ndim:
                    raise ConfigError(
                        f"term {label!r}: measures must give a scalar tensor as {name!r}, which "
                        f"`measured` lists; got {_shown(value)}."
                    )
                found[f"{label}{OF_TERM}{name}"] = value.detach()
        return found

    def _scheduled(self, name: str, progress: float | Tensor) -> float | Tensor:
        factor = self.schedules.get(name, Constant())(progress)
        if not isinstance(factor, Real | Tensor) or (isinstance(factor, Tensor) and factor.ndim):
            raise ConfigError(
                f"the schedule of the term {name!r} must give a number or a scalar tensor; got "
                f"{_shown(factor)}."
            )
        return factor


def _settings(term: nn.Module) -> Hashable:
    """Return the class of a term and its plain parameters."""
    plain = {k: repr(v) for k, v in vars(term).items() if not k.startswith("_")}
    return type(term), tuple(sorted(plain.items()))


def _shown(value: object) -> str:
    return f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else repr(value)
