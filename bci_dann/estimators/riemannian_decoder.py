"""A linear decoder of re-centred covariances that adapts to the unlabelled target."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bci_dann._class_paths import is_class_path
from bci_dann._validation import check_between, check_count
from bci_dann.adaptation.label_shift import check_target_prior
from bci_dann.alignment import Alignment
from bci_dann.alignment.filter_bank import BANDS
from bci_dann.components import resolve
from bci_dann.estimators.adaptive_head import AdaptiveHead
from bci_dann.estimators.inputs.source_weights import read_weighting
from bci_dann.exceptions import ConfigError
from bci_dann.features import AlignedViews, TangentViews
from bci_dann.features.rest_reference import rest_weight
from bci_dann.features.rest_views import RestViews
from bci_dann.objectives import Terms, check_terms

__all__ = ["RiemannianClassifier"]


class RiemannianClassifier(AdaptiveHead):
    """A linear head on re-centred tangent vectors of several views of a trial.

    Covariances of the trial, of windows and of delayed copies of the channels [2]_ are re-centred
    in each domain and mapped to the tangent space [1]_. Without terms the head is regularised
    logistic regression on the sources. With terms it also fits the structure of the unlabelled
    target. It is trained to convergence on all trials at once, in seconds, and without randomness.
    ``adapt`` does the same without source data: a quadratic penalty on deviation from the
    source-trained head replaces the source trials.

    Parameters
    ----------
    alignment : {"riemannian", "euclidean"}, mapping, Alignment or None
        The kind of mean by which the covariances of each domain are re-centred; or a user-defined
        alignment (see :func:`bci_dann.resolve`), which is applied to the signals before their
        covariances are computed.
    n_windows : int
        Number of time windows.
    n_delays : int, optional
        Number of delayed copies of the channels; by default seven, and up to 14 with fewer than
        seven channels. See :class:`TangentViews`.
    filter_bank : bool
        Whether to add five bands, 4 Hz wide from 8 to 28 Hz, as views; this needs the sampling
        frequency.
    span : float
        Delay between the first and the last of the delayed copies (s), or the seventh one where
        ``n_delays`` is not given; about one period of the mu rhythm. Without a sampling frequency
        it is estimated from the autocorrelation of the trials.
    sfreq : float, optional
        Sampling frequency (Hz), for arrays; epochs contain it.
    C : float
        Inverse strength of the ridge penalty, as in scikit-learn's ``LogisticRegression``.
    terms : dict of str to float, optional
        Terms for the target with their weights; see :class:`NetworkClassifier`. Only terms of the
        outputs are accepted, since the features are fixed.
    enough_trials : int
        With fewer trials of the target than this, the weights of the terms are reduced in
        proportion.
    target_prior : dict of str to float, optional
        Class shares of the target, by class name, where they are known from the plan of the
        session. Re-centring uses the mean over all trials, so that without known shares a subject
        who mostly rests is decoded as if resting half of the time. With 20 or more unlabelled
        trials, the decisions are shifted to match these shares. If shares are not given, they are
        estimated from labels of the target where there are some (see
        :func:`bci_dann.adaptation.label_shift.prior_from_labels`); label trials in the order of
        recording, not the same number of each class.
    target_label_weight : float
        Weight of a labelled trial of the target in the label loss; trials of sources have weight 1.
    robust : bool
        Whether artefacts of each trial are suppressed, directions of outlying power (such as a
        loose electrode) replaced by the mean of the session, and long vectors shortened; see
        :mod:`bci_dann.alignment.artefacts` and :mod:`bci_dann.alignment.outlying_directions`.
    local_span : float or None
        Standard deviation (trials) of the weights of the local mean around each trial, which is
        subtracted from the features to remove slow changes within a session; ``None`` subtracts
        nothing. See :func:`bci_dann.features.local_deviations`. All trials must be in the order of
        recording. Nothing is subtracted from a trial of the target that the model was not adapted
        to, nor where the cues of a subject seem to come in blocks.
    remove_drift : bool
        Whether to project out the directions in which the features drift strongly from trial to
        trial, or still drift after local means are subtracted; see
        :mod:`bci_dann.features.drift`. Trials must be in the order of recording.
    guard : bool
        Whether to limit the strength of adaptation so that the outputs do not drift; see
        :mod:`bci_dann.adaptation.drift_guard`. The target's trials must be in the order of
        recording.
    weighting : str, mapping, callable or None
        Weights of source trials, computed from tangent vectors; see :class:`NetworkClassifier`.
    random_state : None, int or numpy random generator
        Seeds the weighting; nothing else is random.
    reference : {"trials", "rest"} or mapping
        The reference of each domain: the mean of its trials; the mean of its rest windows (see
        :class:`EEGTrials`), which does not depend on class shares; or, with
        ``{"name": "rest", "weight": 0.5}``, a point on the geodesic between both.

    Attributes
    ----------
    head_ : LinearHead
        Weights and biases.
    slow_changes_ : SlowChanges
        What was learned about slow changes: directions of drift, and whether cues come in blocks.
    seen_ : SeenTrials
        Corrections of the outputs for those trials of the target that the model has adapted to,
        due to their local means; none once ``partial_adapt`` has changed the head.
    source_penalty_ : HeadPenalty
        The head fitted to labelled trials only, and the penalty on deviation from it.
    prior_ : ndarray, shape (n_classes,)
        Class shares of the target, known or estimated; equal shares where its unlabelled trials
        were not seen. Used by information maximisation.
    strength_ : float
        The share of the terms' weights that the guard accepted; 0 where nothing was adapted.

    See Also
    --------
    TangentViews : The features.

    References
    ----------
    .. [1] Barachant, A. et al. (2012). Multiclass brain-computer interface classification by
       Riemannian geometry. IEEE Trans. Biomed. Eng. 59(4), 920-928. doi:10.1109/TBME.2011.2172210.
    .. [2] Carrara, I. and Papadopoulo, T. (2024). Classification of BCI-EEG based on the augmented
       covariance matrix. IEEE Trans. Biomed. Eng. 71(9), 2651-2662. arXiv:2302.04508.

    Examples
    --------
    >>> from bci_dann import RiemannianClassifier, load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> new = trials.subjects == "3"
    >>> model = RiemannianClassifier(n_windows=1, n_delays=1)
    >>> model = model.fit(trials[~new], trials[~new].y).adapt(trials[new].unlabelled())
    >>> model.predict(trials[new]).shape
    (20,)
    """

    def __init__(
        self,
        *,
        alignment: Any = "riemannian",
        n_windows: int = 3,
        n_delays: int | None = None,
        filter_bank: bool = False,
        span: float = 0.1,
        sfreq: float | None = None,
        C: float = 0.03,
        terms: Terms | None = None,
        enough_trials: int = 150,
        target_prior: dict[str, float] | None = None,
        target_label_weight: float = 2.0,
        robust: bool = True,
        local_span: float | None = 10.0,
        remove_drift: bool = True,
        guard: bool = True,
        weighting: Any = None,
        random_state: Any = None,
        reference: Any = "trials",
    ) -> None:
        self.alignment = alignment
        self.n_windows = n_windows
        self.n_delays = n_delays
        self.filter_bank = filter_bank
        self.span = span
        self.sfreq = sfreq
        self.C = C
        self.terms = terms
        self.enough_trials = enough_trials
        self.target_prior = target_prior
        self.target_label_weight = target_label_weight
        self.robust = robust
        self.local_span = local_span
        self.remove_drift = remove_drift
        self.guard = guard
        self.weighting = weighting
        self.random_state = random_state
        self.reference = reference

    def check_parameters(self) -> None:
        """Raise on invalid parameters; see the base class."""
        super().check_parameters()
        if self._centres_covariances() and isinstance(self.alignment, Mapping):
            others = sorted(set(self.alignment) - {"name"})
            if others:
                raise ConfigError(
                    f"alignment: here {self.alignment['name']!r} is the kind of mean, and takes no "
                    f"{', '.join(others)}. `robust` is a parameter of RiemannianClassifier itself."
                )
        self._views().check_parameters()
        read_weighting(self.weighting, offered=("tangent_space",))
        check_count("enough_trials", self.enough_trials)
        check_target_prior(self.target_prior)
        for name in ("C", "span", "target_label_weight"):
            check_between(name, getattr(self, name), 0.0, math.inf)
        if self.local_span is not None:
            check_between("local_span", self.local_span, 0.0, math.inf)
        for one in check_terms(self.terms):
            if one.term.features_only or one.has_layers():
                raise ConfigError(
                    f"terms: {one.label!r} changes features, which are fixed here. Take a term "
                    "of the outputs: 'information_maximisation', 'mcc', 'entropy'."
                )

    def _views(self, sfreq: float | None = None) -> TangentViews:
        span = None if sfreq is None else max(1, round(self.span * sfreq))
        bands = BANDS if self.filter_bank else ()
        mean = self.alignment if self._centres_covariances() else None
        if isinstance(mean, Mapping):
            mean = mean["name"]
        settings = (mean, self.n_windows, self.n_delays, span, bands, sfreq, self.robust)
        weight = rest_weight(self.reference)
        return RestViews(*settings, weight) if weight else TangentViews(*settings)

    @property
    def takes_rest(self) -> bool:
        """Whether the references of domains are means of rest windows; see the base class."""
        return self._views().takes_rest

    def _centres_covariances(self) -> bool:
        """Whether ``alignment`` names a mean for covariances, not an alignment of the signals."""
        name = self.alignment.get("name") if isinstance(self.alignment, Mapping) else self.alignment
        return name is None or (isinstance(name, str) and not is_class_path(name))

    def make_alignment(self) -> Alignment | None:
        """Return unfitted views, after a user-defined alignment if given; see the base class."""
        if self.n_times_ is None:
            return None
        views = self._views(self.sampling_rate)
        if self._centres_covariances():
            return views
        return AlignedViews(resolve("alignment", self.alignment), views)
