"""Configuration of a regime: selection of trials and channels, and disturbances."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from bci_dann._config import StrictModel

__all__ = ["Regime"]

Count = Annotated[int, Field(ge=1)]
Names = Annotated[list[str], Field(min_length=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0)]

# Lowest and highest peak of artefacts (µV). Empirical: jaw muscles, a pulled cable or a moved
# electrode give ten to a hundred times the amplitude of EEG from 8 to 30 Hz.
ARTEFACT_UV = (1000.0, 3000.0)


class Regime(StrictModel):  # numpydoc ignore=PR02
    """A situation in practice, simulated by changes to the prepared trials of a dataset.

    The keys select trials, disturb signals, or change the order of trials. They are applied in the
    order of this list, except ``shuffled``, which is last. Signals are disturbed after filtering,
    so that only the trials change.

    Parameters
    ----------
    channels : list of str, or None
        The channels to keep, in this order.
    classes : list of str, or None
        The classes to keep.
    n_subjects : int or None
        Number of subjects, drawn at random; a smaller number selects a subset of a larger one.
    n_sessions : int or None
        Number of sessions of each subject; the first ones are kept.
    n_trials : int or None
        Number of trials of each subject, over its sessions; the first ones are kept.
    session_shares : tuple of (float, float), or None
        Sessions of unequal length: the first trials of each session are kept, a random share
        between these two, but at least eight trials if the session has them.
    merge_sessions : bool
        Whether all trials of a subject are one session, and thus one domain.
    duration : float or None
        Length of a trial (s), from its start.
    cues_in_blocks : int or None
        Number of consecutive trials of one class in each session, instead of random order. This is
        the only key for which the order of trials depends on labels.
    change_half_way : float
        Strength of a change of the electrodes in the middle of each session: its second half is
        multiplied by ``expm(change_half_way * (N / sqrt(n_chans) + diag(n)))``, where ``N`` and
        ``n`` are standard normal, drawn for each subject. 0.3 corresponds to a cap that is taken
        off and put on again.
    artefact_share : float
        The share of trials with a burst of 9 to 25 Hz and 0.2 to 1 s, strongest at one
        randomly drawn electrode.
    artefact_amplitude : tuple of (float, float)
        Lowest and highest peak of a burst (µV).
    dead_channels, noisy_channels : int
        Numbers of channels in every second subject that contain only noise, of a twentieth of
        their standard deviation (loose contact), or of ten times it (bad contact).
    loose_share : float
        The share of trials in which one randomly drawn channel of each subject contains only noise,
        of ten times its standard deviation, as from an electrode that loses contact now and then.
    dropout_share : float
        The share of trials in which all channels are zero for 10 to 70 % of the trial, as where a
        wireless link loses data.
    gain : float
        Factor of all signals of some subjects, as from an amplifier with another setting.
    n_loud_subjects : int
        Number of subjects with this ``gain``, drawn at random.
    shuffled : bool
        Whether the trials of each session are in random order, as in datasets whose original
        order is lost.
    random_state : int
        The seed. The random numbers of a subject do not depend on the other subjects.
    held_out : bool
        Whether the regime is reserved for a final test: runs skip it unless it is requested.

    See Also
    --------
    derive_trials : Applies a regime.
    DataConfig : Has a key ``regime``, which applies it to the data of a run.
    bci_dann.evaluation.run_regimes : Compares pipelines in several regimes.

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
    loose_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    dropout_share: Annotated[float, Field(ge=0, le=1)] = 0.0
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
        """Refuse keys that have no effect, which are probably mistakes."""
        if self.artefact_amplitude != ARTEFACT_UV and not self.artefact_share:
            raise ValueError("artefact_amplitude has no effect without artefact_share; give both")
        if self.n_loud_subjects > 1 and self.gain == 1:
            raise ValueError("n_loud_subjects has no effect without gain; give both")
        if self.cues_in_blocks is not None and self.shuffled:
            raise ValueError("cues_in_blocks and shuffled both set the order of trials; give one")
        return self

    @model_serializer(mode="wrap")
    def _only_what_is_set(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out defaults, so that keys added in later versions do not change stored regimes."""
        fields = type(self).model_fields
        content: dict[str, Any] = handler(self)
        return {
            name: value
            for name, value in content.items()
            if getattr(self, name) != fields[name].default
        }

    @property
    def changes_trials(self) -> bool:
        """Whether the regime changes any trials.

        Returns
        -------
        bool
            False if only ``random_state`` and ``held_out`` are set.
        """
        return bool(self.model_dump(exclude={"random_state", "held_out"}))
