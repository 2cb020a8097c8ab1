"""Time a whole ``fit`` against rivals: same network, trials, batch size and epochs.

- ``SourceOnlyClassifier("EEGNet")`` against braindecode's ``EEGClassifier`` (skorch) with
  braindecode's EEGNet, AdamW and no validation split;
- ``DANNClassifier("EEGNet", domains="source_target")`` against ``skada.deep.DANN`` with
  braindecode's EEGNet. Without skada this row is left out.

Our side does more: it checks and aligns the trials, and sets the batch-norm statistics anew
at the end. All of that is in its time.

Steps and trials are counted, in a run that is not timed, and stand in the table. The first
pair takes the same steps where the sources are a multiple of the batch. In the second, an
epoch of skada passes once over the larger of source and target and draws the smaller as
often, and one of ours draws as many trials as there are; they agree where the target has as
many trials as the sources, which is the default here. Give ``--target-trials 96`` for a
lopsided case: the steps then differ, and only the ratio, which is one of times per trained
trial, compares the two.

    python tests/benchmarks/bench_fit.py --epochs 3
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
import sklearn
import torch
from numpy.typing import NDArray
from timing import Row, alternate, machine, markdown, say
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook

from bci_dann import DANNClassifier, SourceOnlyClassifier
from bci_dann._compat import braindecode_models
from bci_dann.models import domain_head, make_backbone

SKADA_MISSING = (
    "skada is not installed, so DANN has no rival here: pip install -c constraints.txt skada==0.6.0"
)
LR = 1e-3
MICROVOLT = 10.0
ADVERSARY_WEIGHT = 0.1

Fit = Callable[[], object]


@dataclass(frozen=True)
class Trials:
    """Noise in the shape of a leave-one-subject-out fold: time does not depend on the rest."""

    source: NDArray[np.float32]
    labels: NDArray[np.int64]
    subjects: NDArray[np.str_]
    target: NDArray[np.float32]


@dataclass(frozen=True)
class Setting:
    """What both sides have in common."""

    epochs: int
    batch: int
    repeats: int


@dataclass
class Work:
    """Optimiser steps of a fit, and how many trials each was taken on."""

    trials_of_step: list[int] = field(default_factory=list)

    @property
    def steps(self) -> int:
        return len(self.trials_of_step)

    @property
    def trials(self) -> int:
        return sum(self.trials_of_step)


def make_trials(n_subjects: int, n_each: int, n_target: int, n_chans: int, n_times: int) -> Trials:
    """Draw white noise (µV)."""
    rng = np.random.default_rng(0)
    n_source = n_subjects * n_each
    shape = (n_source + n_target, n_chans, n_times)
    X = rng.standard_normal(shape, dtype=np.float32) * np.float32(MICROVOLT)
    return Trials(
        source=X[:n_source],
        labels=np.arange(n_source) % 2,
        subjects=np.repeat(np.arange(n_subjects), n_each).astype(str),
        target=X[n_source:],
    )


@contextmanager
def counted() -> Iterator[Work]:
    """Count the steps of every torch optimiser and the trials that EEGNet trains on."""
    work, last = Work(), [0]

    def seen(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        if hasattr(module, "conv_temporal") and module.training:  # EEGNet, in either form
            inputs = arguments[0]
            last[0] = len(inputs if isinstance(inputs, Tensor) else inputs[0])

    def stepped(*_: Any) -> None:
        work.trials_of_step.append(last[0])

    handles = [register_module_forward_pre_hook(seen), register_optimizer_step_post_hook(stepped)]
    try:
        yield work
    finally:
        for handle in handles:
            handle.remove()


def our_source_only(trials: Trials, setting: Setting) -> Fit:
    """Return our plain training."""
    model = SourceOnlyClassifier(
        "EEGNet",
        sfreq=128.0,
        max_epochs=setting.epochs,
        batch_size=setting.batch,
        lr=LR,
        device="cpu",
        random_state=0,
    )
    return lambda: model.fit(trials.source, trials.labels, subjects=trials.subjects)


def our_dann(trials: Trials, setting: Setting) -> Fit:
    """Return our DANN, source against target."""
    model = DANNClassifier(
        "EEGNet",
        sfreq=128.0,
        domains="source_target",
        terms={"domain_adversary": ADVERSARY_WEIGHT},
        max_epochs=setting.epochs,
        batch_size=setting.batch,
        lr=LR,
        device="cpu",
        random_state=0,
    )
    return lambda: model.fit(
        trials.source,
        trials.labels,
        subjects=trials.subjects,
        X_target_unlabeled=trials.target,
    )


def braindecode_classifier(trials: Trials, setting: Setting) -> Fit:
    """Return braindecode's own way to train a network, without its validation split."""
    network = braindecode_models().EEGNet
    from braindecode import EEGClassifier  # after braindecode_models(), which mends its import

    X = trials.source / np.float32(MICROVOLT)

    def fit() -> None:
        EEGClassifier(
            network,
            module__final_layer_with_constraint=True,
            criterion=nn.CrossEntropyLoss,
            optimizer=torch.optim.AdamW,
            optimizer__weight_decay=0.0,
            lr=LR,
            max_epochs=setting.epochs,
            batch_size=setting.batch,
            iterator_train__shuffle=True,
            train_split=None,
            device="cpu",
            verbose=0,
        ).fit(X, trials.labels)

    return fit


class TakesWeights(nn.Module):
    """A braindecode model that skada can call.

    skada's module hands ``sample_weight`` to the network whenever it is not training, also
    where there are no weights, and braindecode's models do not take it.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, X: Tensor, sample_weight: None = None) -> Tensor:
        """Return the model's logits."""
        logits: Tensor = self.model(X)
        return logits


class SourceOrTarget(nn.Module):
    """Our domain head behind skada's gradient reversal.

    skada's own head ends in a softmax over its single output, which is always 1: it has no
    gradient, and nothing would be adapted.
    """

    def __init__(self, n_features: int, reversal: Any) -> None:
        super().__init__()
        self.head = domain_head(n_features, 1)
        self.reversal = reversal

    def forward(self, features: Tensor, sample_weight: None = None) -> Tensor:
        """Return the probability of each trial to be the target's."""
        logits: Tensor = self.head(self.reversal.apply(features, 1.0))
        return torch.sigmoid(logits).squeeze(1)


def skada_dann(trials: Trials, setting: Setting) -> Fit:
    """Return skada's DANN: half a batch of sources, half of the target."""
    models = braindecode_models()
    with sklearn.config_context():  # importing skada turns metadata routing on for everyone
        from skada.deep import DANN
        from skada.deep.modules import GradientReversalLayer
    X = np.concatenate([trials.source, trials.target]) / np.float32(MICROVOLT)
    y = np.concatenate([trials.labels, np.full(len(trials.target), -1)])
    domain = np.repeat([1, -2], [len(trials.source), len(trials.target)])
    n_chans, n_times = X.shape[1:]
    n_features = make_backbone("EEGNet", n_chans, n_times, sfreq=128.0).n_features

    def fit() -> None:
        network = models.EEGNet(
            n_chans=n_chans, n_times=n_times, n_outputs=2, final_layer_with_constraint=True
        )
        DANN(
            TakesWeights(network),
            layer_name="model.drop_2",
            domain_classifier=SourceOrTarget(n_features, GradientReversalLayer),
            reg=ADVERSARY_WEIGHT,
            optimizer=torch.optim.AdamW,
            optimizer__weight_decay=0.0,
            lr=LR,
            max_epochs=setting.epochs,
            batch_size=setting.batch // 2,
            train_split=None,
            device="cpu",
            verbose=0,
        ).fit(X, y, domain)

    return fit


def compare(ours: tuple[str, Fit], rival: tuple[str, Fit], setting: Setting) -> Row:
    """Count both sides' work once, then let them take turns."""
    works = []
    for _, fit in (rival, ours):
        with counted() as work:
            fit()
        works.append(work)
    seconds = alternate([rival[1], ours[1]], setting.repeats, warm_up=0)
    per_trial = [1e3 * s / work.trials for s, work in zip(seconds, works, strict=True)]
    return {
        "here": ours[0],
        "rival": rival[0],
        "epochs": setting.epochs,
        "steps (rival, here)": _both(work.steps for work in works),
        "trials (rival, here)": _both(work.trials for work in works),
        "rival [s]": seconds[0],
        "here [s]": seconds[1],
        "rival [ms/trial]": per_trial[0],
        "here [ms/trial]": per_trial[1],
        "ratio per trial": per_trial[0] / per_trial[1],
    }


def fit_rows(trials: Trials, setting: Setting) -> list[Row]:
    """Return one row a rival that is installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the rivals deprecate is not our matter
        plain = ("SourceOnlyClassifier", our_source_only(trials, setting))
        theirs = ("braindecode EEGClassifier", braindecode_classifier(trials, setting))
        rows = [compare(plain, theirs, setting)]
        if find_spec("skada") is not None:
            dann = ("DANNClassifier", our_dann(trials, setting))
            rows.append(compare(dann, ("skada DANN", skada_dann(trials, setting)), setting))
    return rows


def _both(numbers: Iterator[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--subjects", type=int, default=8, help="source subjects")
    parser.add_argument("--trials", type=int, default=96, help="of each source subject")
    parser.add_argument("--target-trials", type=int, help="default: as many as all sources have")
    parser.add_argument("--shape", type=int, nargs=2, default=[22, 512], help="channels, samples")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    n_target = o.target_trials or o.subjects * o.trials
    say(
        f"EEGNet, {o.shape[0]}x{o.shape[1]}, {o.subjects} subjects of {o.trials} trials, "
        f"{n_target} target trials, batch {o.batch}, {machine([o.threads])}\n"
    )
    trials = make_trials(o.subjects, o.trials, n_target, *o.shape)
    say(markdown(fit_rows(trials, Setting(o.epochs, o.batch, o.repeats))))
    if find_spec("skada") is None:
        say(f"\n{SKADA_MISSING}")


if __name__ == "__main__":
    main()
