"""Online decoder: takes chunks of a stream, and returns decisions at regular steps."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bci_dann._validation import check_between, check_count
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError, UnadaptedWarning
from bci_dann.serving.checks.plausibility import warn_of_few_trials
from bci_dann.serving.online.clean_windows import CleanWindows
from bci_dann.serving.online.decision import Decision, decided, withheld
from bci_dann.serving.online.sample_clock import SampleClock
from bci_dann.serving.online.signal_window import SignalWindow
from bci_dann.serving.online.stream_channels import StreamChannels
from bci_dann.serving.served_model import ServedModel, as_served_model

__all__ = ["OnlineDecoder"]


class OnlineDecoder:
    """Decodes a sliding window of a stream at regular steps.

    The window has the length of a training trial, and ends with the latest sample. Decisions do
    not depend on the sizes of the chunks. Memory and computing time per chunk are constant.

    The filters are causal, and delay the signal by :attr:`delay_s`. With ``filter_method: iir`` or
    ``fir``, the filters of training are zero-phase, so windows of the stream differ somewhat from
    training trials. With ``filter_method: causal``, the model is trained with the same filters. If
    the training window starts later than the cue (``window: [0.5, 3.5]``), the window of the stream
    equals the trial 3.5 s after the cue.

    A window with missing samples or an artefact gets no probabilities; see
    :data:`~bci_dann.serving.online.decision.REASONS`. After a lost sample, there are no
    probabilities until the window is complete again.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder, preferably adapted to the subject; it is not changed.
    sfreq : float
        Sampling frequency of the stream (Hz). If it differs from that of the model, the filtered
        signal is resampled.
    ch_names : sequence of str
        Channel names of the stream, in the order of the rows of chunks. The order and spelling
        may differ from those of the model, and there may be further channels.
    step : float
        Time between decisions (s).
    adapting : bool
        Whether to adapt the model continuously: by ``partial_adapt``, on each artefact-free window
        that does not overlap with the previous one, after its decision.
    abstain_below : float or None
        Leave a window without a class if its largest probability is below this. By default the
        threshold of the model, if it has one. A window for which all classes are equally probable
        never gets a class.
    rename : mapping of str to str, or None
        Electrode names by channel name, in addition to the renaming used in training.
    keep : int
        Number of artefact-free windows that are stored for :meth:`adapt`.
    jitter_s : float
        Tolerance for the time stamps of chunks; larger deviations count as lost samples (s).

    Raises
    ------
    ConfigError
        When the sampling frequency does not fit the model's filters or cannot be resampled, or the
        model decodes feature vectors instead of trials.
    DataError
        When the stream lacks channels of the model.

    See Also
    --------
    bci_dann.serving.replay_recording : Applies an online decoder to a recording.
    bci_dann.serving.predict_recordings : Decodes the trials of a recording.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import SimulatedMI
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> raw = SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]
    >>> model = serving.adapt_model(serving.fit_model(config), raw).model
    >>> decoder = serving.OnlineDecoder(model, sfreq=128.0, ch_names=raw.ch_names, step=1.0)
    >>> decisions = decoder.push(raw.get_data(units="uV")[:, :128 * 10])
    >>> [round(decision.time) for decision in decisions]
    [4, 5, 6, 7, 8, 9]
    >>> decisions[0].ok, decisions[0].probabilities.shape
    (True, (2,))
    """

    def __init__(
        self,
        model: str | Path | ServedModel,
        *,
        sfreq: float,
        ch_names: Sequence[str],
        step: float = 0.2,
        adapting: bool = False,
        abstain_below: float | None = None,
        rename: Mapping[str, str] | None = None,
        keep: int = 200,
        jitter_s: float = 0.025,
    ) -> None:
        self._served = as_served_model(model)
        recipe = self._served.recipe
        _check_numbers(sfreq, step, abstain_below, keep)
        check_between("jitter_s", jitter_s, 0.0, np.inf)
        self.sfreq, self.adapting = float(sfreq), adapting
        self._channels = StreamChannels(recipe, ch_names, rename)
        self._window = SignalWindow(recipe, self._channels, sfreq, _window_length(self._served))
        self._n_window, self._n_step = self._window.n_samples, max(1, round(step * sfreq))
        self._clock = SampleClock(sfreq, jitter_s)
        self._clean = CleanWindows(self._n_window, keep)
        self._estimator: Any = self._served.estimator
        own = self._estimator.abstains_below
        self._abstains_below = own if abstain_below is None else abstain_below
        self._check_adaptation()
        self.reset()

    @property
    def classes(self) -> list[str]:
        """The class names, in the order of the probabilities.

        Returns
        -------
        list of str
            Names of the classes.
        """
        return [str(name) for name in self._estimator.classes_]

    @property
    def channels(self) -> list[str]:
        """The channels of the model, by their names in the model.

        Returns
        -------
        list of str
            In the order of the model.
        """
        return list(self._channels.names)

    @property
    def delay_s(self) -> float:
        """Delay of the filters and of resampling, in the middle of the band.

        Returns
        -------
        float
            In seconds, without the computing time of a prediction.
        """
        return self._window.delay_s

    @property
    def window_s(self) -> float:
        """Length of the window.

        Returns
        -------
        float
            In seconds.
        """
        return self._n_window / self.sfreq

    @property
    def model(self) -> ServedModel:
        """The model in its current state of adaptation, for saving.

        Returns
        -------
        ServedModel
            With the recipe of the given model.
        """
        return ServedModel(self._estimator, self._served.recipe)

    @property
    def n_clean(self) -> int:
        """Number of artefact-free windows that are stored for :meth:`adapt`.

        Returns
        -------
        int
            At most ``keep``.
        """
        return len(self._clean)

    def reset(self) -> None:
        """Clear the signal and the clock, for another recording of the same subject.

        The adaptation of the model and the stored windows are kept.
        """
        self._n_samples = 0
        self._clock.reset()
        self._clean.restart()
        self._window.reset()

    def push(self, chunk_uV: ArrayLike, *, time: float | None = None) -> list[Decision]:
        """Add samples of the stream, and return the decisions that become due.

        Parameters
        ----------
        chunk_uV : array-like, shape (n_chans, n_samples)
            The next samples of all channels of the stream (µV), any number; NaN if missing.
        time : float, optional
            Time of the first sample (s), on any monotonic clock. It is used to detect lost samples,
            and to discard samples that arrive twice or late. By default the chunk directly follows
            the previous one, and time is counted from the first sample.

        Returns
        -------
        list of Decision
            One decision for each step since the first complete window; may be empty.

        Raises
        ------
        DataError
            When the chunk has the wrong shape or type; it is not added then.
        """
        chunk = self._checked(chunk_uV)
        placement = self._clock.place(chunk.shape[1], time)
        if placement.is_gap:
            self._window.interrupt("gap")
        decisions, start = [], placement.n_before
        while start < chunk.shape[1]:
            stop = min(chunk.shape[1], start + self._until_due())
            self._window.take(chunk[:, start:stop])
            self._n_samples += stop - start
            self._clock.advance(stop - start)
            if self._is_due():
                decisions.append(self._decide_and_adapt())
            start = stop
        return decisions

    def gap(self, seconds: float = 0.0) -> None:
        """Report lost samples: the window has to fill again.

        Parameters
        ----------
        seconds : float
            Duration of the gap (s), needed if chunks are pushed without time.

        Raises
        ------
        ConfigError
            When it is negative or not a number.
        """
        check_between("seconds", seconds, 0.0, np.inf, inclusive=True)
        self._clock.skip(seconds)
        self._window.interrupt("gap")

    def decide(self) -> Decision:
        """Return a decision for the current window between steps, such as at the end of a task.

        Returns
        -------
        Decision
            For the latest samples; the model does not adapt to this window.
        """
        return self._decision()

    def no_signal(self, time: float) -> Decision:
        """Return the decision for a time at which no samples arrive.

        Parameters
        ----------
        time : float
            The current time (s), on the clock of the stream.

        Returns
        -------
        Decision
            With the reason ``"no signal"``. Samples in the window are kept; the time of the next
            chunk shows whether samples were lost.
        """
        return withheld(time, len(self.classes), "no signal")

    def adapt(self) -> int:
        """Adapt the model to the stored artefact-free windows, as ``adapt`` does to trials.

        Returns
        -------
        int
            Number of windows.

        Raises
        ------
        DataError
            When there are fewer than two windows.

        Warns
        -----
        BCIDannWarning
            When there are so few windows that adaptation may not help.
        """
        trials = self._clean.trials()
        warn_of_few_trials(len(trials))
        self._estimator = self._estimator.adapt(trials)
        return len(trials)

    def _checked(self, chunk_uV: ArrayLike) -> NDArray[np.float64]:
        n_chans = len(self._channels.stream_names)
        try:
            chunk = np.asarray(chunk_uV)
            if chunk.dtype.kind not in "fiu":
                raise ValueError(f"its dtype is {chunk.dtype}")
        except ValueError as error:  # also for ragged sequences
            raise DataError(f"a chunk must contain real numbers (µV): {error}.") from error
        if chunk.ndim != 2 or len(chunk) != n_chans:
            raise DataError(
                f"a chunk must have the shape (n_chans, n_samples) with the {n_chans} channels of "
                f"the stream; got {chunk.shape}."
            )
        return chunk

    def _until_due(self) -> int:
        """Return the number of samples until the next decision, at least one."""
        missing = self._n_window - self._n_samples
        return missing if missing > 0 else self._n_step - (-missing) % self._n_step

    def _is_due(self) -> bool:
        beyond = self._n_samples - self._n_window
        return beyond >= 0 and beyond % self._n_step == 0

    def _decide_and_adapt(self) -> Decision:
        """Return the decision that is due, then store its window, and adapt to it if asked to."""
        decision = self._decision()
        if decision.ok:
            window = self._window.last().astype(np.float32)
            if self._clean.offer(window, self._n_samples) and self.adapting:
                self._estimator = self._estimator.partial_adapt(window[None])
        return decision

    def _decision(self) -> Decision:
        time = self._clock.last_s
        reason, faults = self._window.judged()
        if reason:
            return withheld(time, len(self.classes), reason, faults)
        window = self._window.last().astype(np.float32)
        probabilities = self._estimator.predict_proba(window[None])[0]
        return decided(time, probabilities, self.classes, self._abstains_below)

    def _check_adaptation(self) -> None:
        if self.adapting and getattr(self._estimator, "takes_rest", False):
            raise ConfigError(
                "the model uses rest windows as references, which a stream does not mark: adapt it "
                "to recordings with `bci-dann adapt`, and leave out `adapting` (--adapting)."
            )
        if not self._estimator.can_adapt:
            if self.adapting:
                warnings.warn(
                    "`adapting` (--adapting) changes nothing in a model without alignment: leave "
                    "it out, or train a pipeline with alignment.",
                    BCIDannWarning,
                    stacklevel=3,
                )
            return
        if self.adapting or self._served.recipe.adapted_to:
            return
        warnings.warn(
            "the model was not adapted to this subject, and predictions may be at chance. Adapt it "
            "to a first recording (`bci-dann adapt`), call adapt() after some minutes of the "
            "stream, or adapt it continuously with adapting=True (--adapting).",
            UnadaptedWarning,
            stacklevel=3,
        )


def _check_numbers(sfreq: float, step: float, abstain_below: float | None, keep: int) -> None:
    check_between("sfreq", sfreq, 0.0, np.inf)
    check_between("step", step, 0.0, np.inf)
    check_count("keep", keep)
    if abstain_below is not None:
        check_between("abstain_below", abstain_below, 0.0, 1.0)


def _window_length(model: ServedModel) -> int:
    if model.n_times is None:
        raise ConfigError(
            "the model decodes feature vectors, not windows of a signal, and cannot decode a "
            "stream: use a model of trials."
        )
    return model.n_times
