"""Time the heads of the Riemannian decoder in the span of its trials against all of its features.

Both find the same head, on tangent vectors that are ready: drift, the head of the sources, and
four strengths of information maximisation with their guard. Where there are more than half
as many trials as features the two are one. A third variant computes all eigenvectors in the search
for drift, instead of those at both ends of the spectrum.

    python tests/benchmarks/bench_subspace.py --subjects 10
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np
import torch
from timing import Row, alternate, machine, markdown, say

from bci_dann.estimators import RiemannianClassifier
from bci_dann.estimators.inputs.training_trials import TrainingTrials
from bci_dann.features import drift
from bci_dann.objectives import UNLABELLED

# Of 15 channels: the whole trial, three windows, and seven delayed copies.
FEATURES = 4 * 120 + 5565
SESSIONS, TRIALS = 4, 40


def made_trials(n_subjects: int, n_features: int) -> TrainingTrials:
    """Return noise with a class in it, in the shape of a leave-one-subject-out fold."""
    rng = np.random.default_rng(0)
    n_trials = n_subjects * SESSIONS * TRIALS
    labels = rng.integers(0, 2, n_trials)
    X = rng.normal(0, 0.3, (n_trials, n_features))
    X += 0.05 * (2 * labels[:, None] - 1) * rng.normal(size=n_features)
    sessions = np.repeat(np.arange(n_subjects * SESSIONS), TRIALS)
    is_target = sessions >= (n_subjects - 1) * SESSIONS
    return TrainingTrials(
        X.astype(np.float32),
        np.where(is_target, UNLABELLED, labels),
        (sessions // SESSIONS).astype(str),
        sessions.astype(str),
        is_target,
        np.arange(n_trials, dtype=np.uint64),
    )


def subspace_rows(subjects: Sequence[int], n_features: int, repeats: int) -> list[Row]:
    """Return one row for each number of subjects."""
    rows: list[Row] = []
    for n_subjects in subjects:
        trials = made_trials(n_subjects, n_features)
        model = RiemannianClassifier(terms={"information_maximisation": 0.4})
        model.classes_ = np.arange(2)

        def in_features(model: RiemannianClassifier = model, trials: TrainingTrials = trials):
            model._fit_head(trials, np.ones(len(trials.labels)))

        def in_span(model: RiemannianClassifier = model, trials: TrainingTrials = trials):
            model.fit_aligned(trials)

        def with_all_eigenvectors(fit: Callable[[], None] = in_span):
            few, drift.FEW_FEATURES = drift.FEW_FEATURES, n_features
            try:
                fit()
            finally:
                drift.FEW_FEATURES = few

        variants = [in_features, with_all_eigenvectors, in_span]
        slow, dense, fast = alternate(variants, repeats, warm_up=1)
        rows.append(
            {
                "subjects": n_subjects,
                "trials": len(trials.X),
                "features": n_features,
                "in features [s]": slow,
                "all eigenvectors [s]": dense,
                "in the span [s]": fast,
                "ratio": slow / fast,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--subjects", type=int, nargs="+", default=[3, 10])
    parser.add_argument("--features", type=int, default=FEATURES)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    say(machine([o.threads]))
    say(markdown(subspace_rows(o.subjects, o.features, o.repeats)))


if __name__ == "__main__":
    main()
