"""Classifiers that workers import: one that notes each training, one that ends its process."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Noting(ClassifierMixin, BaseEstimator):
    """Writes a line for each training into a file, and takes its time.

    The line names the trials and the seed, hence the task. Predictions follow from both.
    """

    def __init__(self, log="", seconds=0.0, random_state=None):
        self.log = log
        self.seconds = seconds
        self.random_state = random_state

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.offset_ = np.abs(X).mean() + self.random_state
        if self.log:
            line = f"{line_of(X, self.random_state)}\n".encode()
            file = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(file, line)  # one call, so that lines of several processes do not mix
            os.close(file)
        time.sleep(self.seconds)
        return self

    def predict_proba(self, X):
        score = np.sin(np.abs(X).mean(axis=(1, 2)) * self.offset_)
        return np.stack([0.5 + score / 4, 0.5 - score / 4], axis=1)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class Deadly(Noting):
    """Ends its process in one training, ``deaths`` times, as the system does for lack of memory."""

    def __init__(self, log="", seconds=0.0, random_state=None, victim="", deaths=10**6):
        super().__init__(log, seconds, random_state)
        self.victim = victim
        self.deaths = deaths

    def fit(self, X, y):
        super().fit(X, y)
        lines = Path(self.log).read_text().splitlines()
        if lines.count(self.victim) <= self.deaths and line_of(X, self.random_state) == self.victim:
            os.kill(os.getpid(), signal.SIGKILL)
        return self


def line_of(X, seed):
    return f"{hashlib.sha256(X.tobytes()).hexdigest()[:8]} {seed}"
