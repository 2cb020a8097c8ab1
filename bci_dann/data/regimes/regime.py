"""The description of a regime: how few the trials and channels are, and what disturbs them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from bci_dann._config import StrictModel

__all__ = ["Regime"]

Count = Annotated[int, Field(ge=1)]
Names = Annotated[list[str], Field(min_length=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0)]

# Peaks of artefacts (µV). Empirical: muscles of the jaw, a pulled cable or a moved electrode; ten
# to a hundred times the EEG of a band from 8 to 30 Hz.
ARTEFACT_UV = (1000.0, 3000.0)


class Regime(StrictModel):  # numpydoc ignore=PR02
    """A situation in which users are, as changes to the prepared trials of a data set.

    The first group of keys selects trials, the second disturbs signals, the third changes the
    order of trials. They take effect in the order of this list, but for ``shuffled``, which is
    last. Signals are disturbed after filtering, so that nothing but the trials changes.

    Parameters
    ----------
    channels : list of str, or None
        The channels to keep, in this order.
    classes : list of str, or None
        The classes to keep.
    n_subjects : int or None
        So many subjects, drawn at random; those of a smaller number are among them.
    n_sessions : int or None
        The first sessions of each subject.
    n_trials : int or None
        The first trials of each subject, over its sessions.
    session_shares : tuple of (float, float), or None
        Sessions of unequal length: of each session the first trials, a share drawn between these
        two; eight trials or more where the session has them.
    merge_sessions : bool
        Whether all trials of a subject count as one session, hence as one domain.
    duration : float or None
        Length of a trial (s), from its start.
    cues_in_blocks : int or None
        So many trials of one class follow each other, in each session, instead of cues in random
        order. It is the one key by which labels decide the order of trials.
    change_half_way : float
        How much the electrodes change half way through each session: its second half is
        multiplied by ``expm(change_half_way * (N / sqrt(n_chans) + diag(n)))``, where ``N`` and
        ``n`` are standard normal and of the subject. 0.3 is a cap that is put on again.
    artefact_share : float
        The share of trials with a burst of 9 to 25 Hz, 0.2 to 1 s long, strongest at one
        electrode drawn at random.
    artefact_amplitude : tuple of (float, float)
        Lowest and highest peak of a burst (µV).
    dead_channels, noisy_channels : int
        In every second subject, so many channels hold noise of a twentieth of their standard
        deviation (a loose contact), or of ten times it (a bad one), and nothing else.
    gain : float
        Factor on all signals of some subjects, as of an amplifier that was set otherwise.
    n_loud_subjects : int
        How many subjects that concerns, drawn at random.
    shuffled : bool
        Whether the trials of each session come in random order, as in data sets whose order was
        lost.
    random_state : int
        The seed. What is drawn for a subject does not depend on which others there are.
    held_out : bool
        Whether the regime is kept for a last look: runs leave it out unless they are asked for it.

    See Also
    --------
    derive_trials : Applies it.
    DataConfig : Its key ``regime`` applies one to the data of a run.
    bci_dann.evaluation.run_regimes : Compares pipelines in many.

    Examples
    --------
    >>> from bci_dann.data import DataConfig, Regime, load_dataset
    >>> regime = Regime(channels=["C3", "Cz", "C4"], n_subjects=2, artefact_share=0.1)
    >>> params = {"n_subjects": 4, "n_trials": 10}
    >>> load_dataset(DataConfig(dataset="SimulatedMI", params=params, regime=regime)).X.shape
    (40, 3, 513)
    """

    channels: Names | None = None
    classes: Annotated[list[str], Field(min_length=2)] | None = None
    n_subjects: Annotated[int, Field(ge=2)] | None = None
    n_sessions: Count | None = None
    n_trials: Annotated[int, Field(ge=2)] | None = None
    session_shares: tuple[Share, Share] | None = None
    merge_sessions: bool = False
    duration: Positive | None = None
    cues_in_blocks: Count | None = None
    change_half_way: Annotated[float, Field(ge=0)] = 0.0
    artefact_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    artefact_amplitude: tuple[Positive, Positive] = ARTEFACT_UV
    dead_channels: Annotated[int, Field(ge=0)] = 0
    noisy_channels: Annotated[int, Field(ge=0)] = 0
    gain: Positive = 1.0
    n_loud_subjects: Count = 1
    shuffled: bool = False
    random_state: Annotated[int, Field(ge=0)] = 0
    held_out: bool = False

    @model_validator(mode="after")
    def _check_ranges(self) -> Regime:
        for name in ("session_shares", "artefact_amplitude"):
            limits = getattr(self, name)
            if limits is not None and limits[0] > limits[1]:
                raise ValueError(f"{name} must be (low, high) with low <= high; got {limits}")
        for name in ("channels", "classes"):
            names = getattr(self, name)
            if names is not None and len(set(names)) < len(names):
                raise ValueError(f"{name} must name each of them once only; got {names}")
        return self

    @model_validator(mode="after")
    def _check_effects(self) -> Regime:
        """Refuse what would have no effect, which is hardly meant."""
        if self.artefact_amplitude != ARTEFACT_UV and not self.artefact_share:
            raise ValueError("artefact_amplitude has no effect without artefact_share; give both")
        if self.n_loud_subjects > 1 and self.gain == 1:
            raise ValueError("n_loud_subjects has no effect without gain; give both")
        if self.cues_in_blocks is not None and self.shuffled:
            raise ValueError("cues_in_blocks and shuffled both set the order of trials; give one")
        return self

    @model_serializer(mode="wrap")
    def _only_what_is_set(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave defaults out, so that a key which is added later changes no stored regime."""
        fields = type(self).model_fields
        content: dict[str, Any] = handler(self)
        return {
            name: value
            for name, value in content.items()
            if getattr(self, name) != fields[name].default
        }

    @property
    def changes_trials(self) -> bool:
        """Whether there is anything to change.

        Returns
        -------
        bool
            False if nothing is set but ``random_state`` and ``held_out``.
        """
        return bool(self.model_dump(exclude={"random_state", "held_out"}))
