"""A decoder of a stream: chunks of samples go in, decisions come out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bci_dann._validation import check_between, check_count
from bci_dann.exceptions import ConfigError, DataError, UnadaptedWarning
from bci_dann.serving.checks.plausibility import warn_of_few_trials
from bci_dann.serving.online.clean_windows import CleanWindows
from bci_dann.serving.online.decision import Decision, decided, withheld
from bci_dann.serving.online.sample_clock import SampleClock
from bci_dann.serving.online.signal_window import SignalWindow
from bci_dann.serving.online.stream_channels import StreamChannels
from bci_dann.serving.served_model import ServedModel, as_served_model

__all__ = ["OnlineDecoder"]


class OnlineDecoder:
    """Decodes the last seconds of a stream again and again.

    The window is as long as a trial of training, and ends with the latest sample. What is decided
    does not depend on the sizes of the chunks. Memory and time for a chunk stay the same however
    long the stream lasts.

    Filters are causal, and delay the signal by :attr:`delay_s`. Those of training are zero-phase
    with ``filter_method: iir`` or ``fir``, so that windows are somewhat different from trials; a
    model trained with ``filter_method: causal`` meets in a stream exactly what it was trained on.
    Where a cue is, training may have left out the time after it (``window: [0.5, 3.5]``): the
    window of the stream equals this trial 3.5 s after the cue.

    A window in which samples are missing or an artefact is gets no probabilities; see
    :data:`~bci_dann.serving.online.decision.REASONS`. A lost sample costs as long as the window is.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder, best one that was adapted to the subject; it is left as it is.
    sfreq : float
        Sampling frequency of the stream (Hz). Where it is not the model's, the filtered signal is
        resampled.
    ch_names : sequence of str
        Its channels, in the order of the rows of chunks; in any order and spelling, and more than
        the model needs.
    step : float
        Time between decisions (s).
    adapting : bool
        Whether the model follows the subject, by ``partial_adapt`` on each clean window that
        shares no sample with the one before, after it was decided on.
    abstain_below : float or None
        A window gets no class where its largest probability is below this. By default what the
        model itself says.
    rename : mapping of str to str, or None
        New names of channels, beside those of training.
    keep : int
        Number of clean windows that are kept for :meth:`adapt`.
    jitter_s : float
        By how much the times of chunks may be wrong before samples count as lost (s).

    Raises
    ------
    ConfigError
        When the sampling frequency does not fit the model's filters or cannot be resampled, or the
        model has no windows.
    DataError
        When channels are missing.

    See Also
    --------
    bci_dann.serving.replay_recording : Runs it on a recording.
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
        """The classes, in the order of the probabilities.

        Returns
        -------
        list of str
            Their names.
        """
        return [str(name) for name in self._estimator.classes_]

    @property
    def channels(self) -> list[str]:
        """The channels that are decoded.

        Returns
        -------
        list of str
            In the order of the model.
        """
        return list(self._channels.names)

    @property
    def delay_s(self) -> float:
        """By how much filters and resampling delay the middle of the band.

        Returns
        -------
        float
            In seconds; the time that a prediction takes comes on top.
        """
        return self._window.delay_s

    @property
    def window_s(self) -> float:
        """How long the window is.

        Returns
        -------
        float
            In seconds.
        """
        return self._n_window / self.sfreq

    @property
    def model(self) -> ServedModel:
        """The model as it has adapted to the stream, to be saved.

        Returns
        -------
        ServedModel
            With the recipe that it was given.
        """
        return ServedModel(self._estimator, self._served.recipe)

    @property
    def n_clean(self) -> int:
        """How many clean windows are kept for :meth:`adapt`.

        Returns
        -------
        int
            At most ``keep``.
        """
        return len(self._clean)

    def reset(self) -> None:
        """Forget the signal and the clock, as before another recording of the subject.

        The model stays as it has adapted, and clean windows are kept.
        """
        self._n_samples = 0
        self._clock.reset()
        self._clean.restart()
        self._window.reset()

    def push(self, chunk_uV: ArrayLike, *, time: float | None = None) -> list[Decision]:
        """Take the next samples, and return the decisions that fall due within them.

        Parameters
        ----------
        chunk_uV : array-like, shape (n_chans, n_samples)
            Samples of all channels of the stream (µV); NaN where one is missing. Any number.
        time : float, optional
            Time of the first sample (s), on any clock that runs on. By it lost samples are noticed,
            and samples that come twice or too late are left out. By default the chunk follows the
            one before, and time counts from the first sample.

        Returns
        -------
        list of Decision
            One for every step from the first whole window on; perhaps none.

        Raises
        ------
        DataError
            When the chunk has another shape or holds no numbers; it is then not taken.
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
                decisions.append(self._decide_and_follow())
            start = stop
        return decisions

    def gap(self, seconds: float = 0.0) -> None:
        """Tell that samples were lost: the window has to fill again.

        Parameters
        ----------
        seconds : float
            How long they lasted, where chunks bring no time.

        Raises
        ------
        ConfigError
            When it is negative or no number.
        """
        check_between("seconds", seconds, 0.0, np.inf, inclusive=True)
        self._clock.skip(seconds)
        self._window.interrupt("gap")

    def decide(self) -> Decision:
        """Decide on the window as it is now, besides the steps: at the end of a cued task.

        Returns
        -------
        Decision
            Of the last samples; the model does not adapt to it.
        """
        return self._decision()

    def no_signal(self, time: float) -> Decision:
        """Return the decision at a time when nothing arrives from the stream.

        Parameters
        ----------
        time : float
            Now (s), on the clock of the stream.

        Returns
        -------
        Decision
            With the reason ``"no signal"``. What has arrived before stays in the window, and the
            next chunk tells by its time whether samples were lost.
        """
        return withheld(time, len(self.classes), "no signal")

    def adapt(self) -> int:
        """Adapt the model to the clean windows that were kept, as ``adapt`` does to trials.

        Returns
        -------
        int
            How many there were.

        Raises
        ------
        DataError
            When there are fewer than two.

        Warns
        -----
        BCIDannWarning
            When there are too few to be of use.
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
                raise ValueError(f"its numbers are of the kind {chunk.dtype}")
        except ValueError as error:  # ragged, too
            raise DataError(f"a chunk has to hold real numbers (µV): {error}.") from error
        if chunk.ndim != 2 or len(chunk) != n_chans:
            raise DataError(
                f"a chunk has the shape (n_chans, n_samples) with the {n_chans} channels of the "
                f"stream; got {chunk.shape}."
            )
        return chunk

    def _until_due(self) -> int:
        """Return how many samples come up to the next decision, at least one."""
        missing = self._n_window - self._n_samples
        return missing if missing > 0 else self._n_step - (-missing) % self._n_step

    def _is_due(self) -> bool:
        beyond = self._n_samples - self._n_window
        return beyond >= 0 and beyond % self._n_step == 0

    def _decide_and_follow(self) -> Decision:
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
                "the model takes its references from rest windows, which a stream does not mark: "
                "adapt it to recordings with `bci-dann adapt`, and leave `adapting` out."
            )
        if self.adapting or self._served.recipe.adapted_to or not self._estimator.can_adapt:
            return
        warnings.warn(
            "the model was not adapted to this subject, and predictions may be at chance. Adapt it "
            "to a first recording (`bci-dann adapt`), call adapt() after some minutes of the "
            "stream, or let it follow the subject with adapting=True (--adapting).",
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
        raise ConfigError("the model decodes vectors, not windows of a signal: it has no stream.")
    return model.n_times
