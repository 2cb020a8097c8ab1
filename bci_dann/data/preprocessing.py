"""Configuration of preprocessing: channels, reference, filters, window and rejection."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from bci_dann._config import StrictModel

__all__ = ["Preprocessing"]

Positive = Annotated[float, Field(gt=0)]


class Preprocessing(StrictModel):  # numpydoc ignore=PR02
    """The steps from a recording to trials.

    The order is: pick channels, re-reference, notch filter, band-pass filter, cut
    and reject trials, resample. With the default values the trials are equal to those of MOABB's
    ``MotorImagery(fmin=8, fmax=32)``.

    Parameters
    ----------
    channels : list of str, or None
        The channels to keep, in this order, in any spelling of the electrode names. ``None``
        keeps all EEG channels that are not marked bad.
    bads : {"leave_out", "use"}
        Treatment of channels that are marked bad. ``"leave_out"`` leaves them out, and raises an
        error if ``channels`` lists them; ``"use"`` uses them like other channels.
    reference : None, "average" or list of str
        ``None`` keeps the reference of the recording; ``"average"`` subtracts the mean of
        the kept channels; a list subtracts the mean of these channels, which need not be
        among ``channels``.
    notch : float or None
        Line frequency to remove (Hz).
    band : tuple of float, or None
        Pass band (Hz); ``None`` leaves the signals unfiltered.
    filter_method : {"iir", "fir", "causal"}
        ``"iir"`` is MOABB's zero-phase Butterworth filter; ``"fir"`` is MNE's zero-phase default.
        ``"causal"`` is the Butterworth filter of ``"iir"`` applied forward only, and a second-order
        notch: trials are delayed by the group delay of these filters, and equal to the windows of
        :class:`bci_dann.serving.OnlineDecoder`.
    resample : float or None
        New sampling frequency (Hz).
    window : tuple of (float, float or None)
        Start and end of a trial (s), relative to the start of the imagery task, which is
        ``dataset.interval[0]``. An end of ``None`` is the end of the task. Both ends are
        included, as in MNE: 0 to 4 s at 128 Hz are 513 samples.
    reject_uv : float or None
        Drop trials whose peak-to-peak amplitude in any channel is larger (µV), after
        filtering.
    rest_window : tuple of (float, float), or None
        Start and end of a rest window between the trials (s), in which the subject has no task,
        relative to the start of the imagery task; negative before it: ``(-2.5, -0.5)``. Rest
        windows are processed like trials and stored with them as ``EEGTrials.rest``, for
        methods with ``reference="rest"``. ``None`` cuts no rest windows.

    See Also
    --------
    load_dataset : Has this, or a mapping with these keys, as an argument.

    Examples
    --------
    Motor rhythms from 0.5 to 3.5 s, at 128 Hz:

    >>> from bci_dann import load_dataset
    >>> from bci_dann.data import Preprocessing
    >>> steps = Preprocessing(band=(8, 30), window=(0.5, 3.5), resample=128, channels=["C3", "C4"])
    >>> load_dataset("SimulatedMI", preprocessing=steps, n_subjects=1, n_trials=5).X.shape
    (10, 2, 385)
    """

    channels: list[str] | None = None
    bads: Literal["leave_out", "use"] = "leave_out"
    reference: Literal["average"] | list[str] | None = None
    notch: Positive | None = None
    band: tuple[Positive, Positive] | None = (8.0, 32.0)
    filter_method: Literal["iir", "fir", "causal"] = "iir"
    resample: Positive | None = None
    window: tuple[float, float | None] = (0.0, None)
    reject_uv: Positive | None = None
    rest_window: tuple[float, float] | None = None

    @model_serializer(mode="wrap")
    def _without_unused(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out an unset rest window, so that existing cache keys do not change."""
        content: dict[str, Any] = handler(self)
        if self.rest_window is None:
            content.pop("rest_window", None)
        return content

    @field_validator("channels", "reference")
    @classmethod
    def _check_names(cls, names: Any) -> Any:
        if isinstance(names, list) and not names:
            raise ValueError("the list must not be empty; leave the key out instead")
        if isinstance(names, list) and len(set(names)) < len(names):
            raise ValueError("each channel may be named once only")
        return names

    @model_validator(mode="after")
    def _check_ranges(self) -> Preprocessing:
        if self.band is not None and self.band[0] >= self.band[1]:
            raise ValueError(f"band must be (low, high) with low < high; got {self.band}")
        if self.band is not None and self.resample and self.band[1] > self.resample / 2:
            raise ValueError(
                f"band goes up to {self.band[1]:g} Hz, and resampling removes all above half of "
                f"resample, {self.resample / 2:g} Hz: raise resample, or lower band"
            )
        start, end = self.window
        if end is not None and start >= end:
            raise ValueError(f"window must be (start, end) with start < end; got {self.window}")
        if self.rest_window is not None and self.rest_window[0] >= self.rest_window[1]:
            raise ValueError(
                f"rest_window must be (start, end) with start < end; got {self.rest_window}"
            )
        return self
