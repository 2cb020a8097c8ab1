"""Models that are fitted to pandas tables know the names of their columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from bci_dann import load_model
from bci_dann.estimators import CalibratedClassifier, EnsembleClassifier, RiemannianClassifier

FEW = RiemannianClassifier(n_windows=1, n_delays=1)
OF_TABLES = {
    "alone": FEW,
    "ensemble": EnsembleClassifier([(FEW, 1.0), (RiemannianClassifier(C=0.1), 0.5)]),
    "calibrated": CalibratedClassifier(FEW),
}


@pytest.mark.parametrize("kind", list(OF_TABLES))
def test_a_model_of_tables_knows_their_columns(tmp_path, kind):
    X = np.random.default_rng(0).normal(size=(60, 4))
    table, y = pd.DataFrame(X, columns=list("abcd")), np.where(X[:, 0] > 0, "up", "down")
    model = clone(OF_TABLES[kind]).fit(table, y, np.arange(60) // 20, table[:30])
    expected = model.predict_proba(table)
    loaded = load_model(model.save(tmp_path / "model"))
    for one in (loaded, model.adapted(table), loaded.partial_adapt(table[:2])):
        assert one.feature_names_in_.tolist() == list("abcd")
        assert one.predict(table).shape == (60,)
    np.testing.assert_array_equal(loaded.predict_proba(table), expected)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
    assert not hasattr(model.fit(X, y, np.arange(60) // 20), "feature_names_in_")
