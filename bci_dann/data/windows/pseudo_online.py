"""The configuration of pseudo-online evaluation: windows over a recording, and their labels."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from bci_dann._config import StrictModel
from bci_dann.data.preprocessing import Positive, Preprocessing
from bci_dann.exceptions import ConfigError

__all__ = ["PseudoOnline", "check_causal_steps"]


class PseudoOnline(StrictModel):  # numpydoc ignore=PR02
    """Sliding windows over the whole recordings of a target, as an online decoder receives them.

    A window has the length of a training trial. Its label is the class of the task that covers the
    largest part of it, or idle [1]_.

    Parameters
    ----------
    step : float
        Time from one window to the next (s).
    idle : str
        The class of time without a task. If it has no cues, it is an additional class of the
        decoder, which is trained on source windows that overlap no task: in each recording about as
        many as there are trials of a class. If it has cues (``rest``), the decoder is trained on
        the trials of these cues.
    task_share : float
        The smallest share of a window that a task must cover for the window to have the class of
        the task. If the task is shorter than the window, it is the share of the task that must lie
        in the window.

    See Also
    --------
    bci_dann.evaluation.RunConfig : Has it under the key ``pseudo_online``.

    References
    ----------
    .. [1] Carrara, I. and Papadopoulo, T. (2024). Pseudo-online framework for BCI evaluation: a
       MOABB perspective using various MI and SSVEP datasets. Journal of Neural Engineering 21(1),
       016003. doi:10.1088/1741-2552/ad171a.

    Examples
    --------
    >>> from bci_dann.data import PseudoOnline
    >>> PseudoOnline(step=0.25, idle="rest")
    PseudoOnline(step=0.25, idle='rest', task_share=0.5)
    """

    step: Positive = 0.5
    idle: str = "idle"
    task_share: Annotated[float, Field(gt=0, le=1)] = 0.5

    @field_validator("idle")
    @classmethod
    def _check_idle(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("give the class of time without a task a name, such as idle")
        return name


def check_causal_steps(preprocessing: Preprocessing) -> None:
    """Raise an error if windows would depend on samples after their end, or on cues.

    Parameters
    ----------
    preprocessing : Preprocessing
        The steps.

    Raises
    ------
    ConfigError
        When the filters are not causal, or there are rest windows.
    """
    filters = preprocessing.band is not None or preprocessing.notch is not None
    if filters and preprocessing.filter_method != "causal":
        raise ConfigError(
            f"pseudo_online needs `filter_method: causal` under `preprocessing`; it is "
            f"{preprocessing.filter_method}, whose filters use samples after the end of a window."
        )
    if preprocessing.rest_window is not None:
        raise ConfigError(
            "pseudo_online cannot be combined with preprocessing.rest_window: the position of rest "
            "windows depends on cues, which an online decoder does not know. Remove one of the two."
        )
