"""Time leave-one-subject-out with the Riemannian decoder: all folds, as one process runs them.

The features of a source domain are the same in every fold. One side remembers them, as the
package does; the other forgets everything before each fold.

    python tests/benchmarks/bench_folds.py --subjects 5 10
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from timing import Row, alternate, machine, markdown, say

from bci_dann.alignment import ResultCache
from bci_dann.estimators import RiemannianClassifier

TRIALS = 160


def leave_one_out(X: np.ndarray, y: np.ndarray, groups: np.ndarray, *, anew: bool) -> None:
    """Fit and predict every fold, with a cache for each fold or one for all."""
    cache = ResultCache()
    for subject in np.unique(groups):
        new = groups == subject
        if anew:
            cache = ResultCache()
        model = RiemannianClassifier(sfreq=125.0, terms={"information_maximisation": 0.4})
        model.use_cache(cache).fit(
            X[~new], y[~new], subjects=groups[~new], X_target_unlabeled=X[new]
        )
        model.predict_proba(X[new])


def fold_rows(subjects: Sequence[int], n_chans: int, n_times: int, repeats: int) -> list[Row]:
    """Return one row for each number of subjects."""
    rows: list[Row] = []
    for n_subjects in subjects:
        rng, n_trials = np.random.default_rng(0), n_subjects * TRIALS
        X = rng.normal(0, 10, (n_trials, n_chans, n_times)).astype(np.float32)
        y, groups = np.arange(n_trials) % 2, np.arange(n_trials) // TRIALS
        X[y == 1, 0] *= 1.3
        both = [
            lambda anew=anew, given=(X, y, groups): leave_one_out(*given, anew=anew)
            for anew in (True, False)
        ]
        slow, fast = alternate(both, repeats, warm_up=0)
        rows.append(
            {
                "subjects": n_subjects,
                "trials": n_trials,
                "shape": f"{n_chans}x{n_times}",
                "anew [s]": slow,
                "remembered [s]": fast,
                "ratio": slow / fast,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--subjects", type=int, nargs="+", default=[3, 10])
    parser.add_argument("--shape", type=int, nargs=2, default=[15, 439])
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    say(machine([o.threads]))
    say(markdown(fold_rows(o.subjects, *o.shape, o.repeats)))


if __name__ == "__main__":
    main()
