"""Plans of training: which networks, on which trials, by which objective."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bci_dann.estimators import DANNClassifier, NetworkClassifier
from bci_dann.estimators.networks import training_plan
from bci_dann.estimators.networks.training_plan import select_trained
from bci_dann.exceptions import BCIDannWarning, TrainingError
from bci_dann.objectives import UNLABELLED

QUICK = {"max_epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def given():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 5)).astype("f4")
    return {
        "X": X,
        "y": (X[:, 0] > 0).astype(int),
        "subjects": np.repeat(["p", "q"], 20),
        "X_target_unlabeled": X[:24] + 1,
        "X_target_labeled": X[:6] + 1,
        "y_target_labeled": (X[:6, 0] > 0).astype(int),
    }


def plan_of(model, given, name="the network"):
    return model.plan(model.training_trials(**given), name)


def test_without_terms_networks_learn_from_labelled_trials_alone(given):
    (member,) = plan_of(NetworkClassifier("MLP", **QUICK), given).members
    assert len(member.data.X) == 46
    assert (member.data.labels != UNLABELLED).all()
    assert list(member.objective.terms) == []


def test_with_terms_they_see_all_trials(given):
    (member,) = plan_of(DANNClassifier("MLP", terms={"mcc": 1.0}, **QUICK), given).members
    assert len(member.data.X) == 70
    assert int(member.data.is_target.sum()) == 30
    assert int((member.data.labels == UNLABELLED).sum()) == 24
    assert list(member.objective.terms) == ["domain_adversary", "mcc"]


def test_trials_are_standardised_by_the_sources(given):
    model = DANNClassifier("MLP", **QUICK)
    plan = plan_of(model, given)
    source = ~plan.trials.is_target
    np.testing.assert_allclose(plan.trials.X[source].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(plan.trials.X[source].std(axis=0), 1, atol=1e-5)
    assert plan.trials.X[~source].mean() > 0.5  # the target is shifted
    np.testing.assert_allclose(model.center_, given["X"].mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize(
    ("domains", "n_domains"), [("subject", 3), ("session", 3), ("source_target", 2)]
)
def test_domains_are_numbered(given, domains, n_domains):
    (member,) = plan_of(DANNClassifier("MLP", domains=domains, **QUICK), given).members
    assert sorted(set(member.data.domains.tolist())) == list(range(n_domains))
    assert member.objective.terms["domain_adversary"].head[-1].weight.shape[0] == n_domains


def test_members_begin_with_weights_and_streams_of_their_own(given):
    plan = plan_of(DANNClassifier("MLP", n_members=3, **QUICK), given, "fold 2")
    assert [member.name for member in plan.members] == [f"fold 2, member {i}" for i in range(3)]
    weights = [member.network.head.weight for member in plan.members]
    assert len({w.detach().numpy().tobytes() for w in weights}) == 3
    assert len({member.rng.random() for member in plan.members}) == 3
    assert plan.members[0].data is plan.members[2].data


def test_the_first_member_is_the_network_that_would_be_alone(given):
    alone, many = (
        plan_of(DANNClassifier("MLP", n_members=n, **QUICK), given).members[0] for n in (1, 2)
    )
    torch.testing.assert_close(alone.network.state_dict(), many.network.state_dict())
    assert alone.rng.random() == many.rng.random()
    assert (alone.name, many.name) == ("the network", "the network, member 0")


def test_a_guard_trains_the_same_networks_without_terms_beside_the_others(given):
    plan = plan_of(DANNClassifier("MLP", guard=True, n_members=2, **QUICK), given)
    assert (len(plan.adapted), len(plan.plain)) == (2, 2)
    assert plan.members == [*plan.adapted, *plan.plain]
    for adapted, plain in zip(plan.adapted, plan.plain, strict=True):
        torch.testing.assert_close(adapted.network.state_dict(), plain.network.state_dict())
        assert list(plain.objective.terms) == []
        assert len(plain.data.X) == 46
    assert plan.plain[1].name == "the network, not adapted, member 1"


@pytest.mark.parametrize("change", ["no target", "no terms"])
def test_a_guard_without_anything_to_guard_from(given, change):
    sources = {name: given[name] for name in ("X", "y", "subjects")}
    model = NetworkClassifier(
        "MLP",
        guard=True,
        terms={"domain_adversary": 0.1} if change == "no target" else None,
        **QUICK,
    )
    plan = plan_of(model, sources if change == "no target" else given)
    assert (len(plan.adapted), len(plan.plain)) == (1, 0)


def test_weights_reach_the_trials_that_they_are_of(given):
    class Weighted(NetworkClassifier):
        def weigh(self, spec, trials, *more, **named):
            return np.arange(len(trials.labels), dtype=float)

    (member,) = plan_of(Weighted("MLP", **QUICK), given).members
    assert member.data.weights.tolist() == list(range(46))  # unlabelled ones stand last
    assert member.data.weights.dtype is torch.float32


# --- what is used once training is over -------------------------------------------------------


def history(value):
    return [{"classification": value}]


@pytest.mark.parametrize("trusted", [True, False])
def test_the_guard_decides_which_networks_are_used(given, monkeypatch, trusted):
    seen = []

    def choose(scores, domains):
        seen.append((scores, domains))
        return int(trusted)

    monkeypatch.setattr(training_plan, "strongest_without_drift", choose)
    plan = plan_of(DANNClassifier("MLP", guard=True, **QUICK), given)
    networks, histories, adapted = select_trained(plan, [history(1.0), history(2.0)])
    assert adapted is trusted
    assert histories == [history(1.0 if trusted else 2.0)]
    assert networks == [(plan.adapted if trusted else plan.plain)[0].network]
    ((scores, domains),) = seen
    assert [part.shape for part in scores] == [(24, 2), (24, 2)]
    assert len(domains) == 24
    assert all((part <= 0).all() for part in scores)  # logarithms of probabilities


def test_without_a_guard_the_networks_are_those_that_were_trained(given):
    plan = plan_of(DANNClassifier("MLP", n_members=2, **QUICK), given)
    networks, histories, adapted = select_trained(plan, [history(1.0), history(2.0)])
    assert networks == [member.network for member in plan.members]
    assert (histories, adapted) == ([history(1.0), history(2.0)], True)


def test_a_guard_takes_the_networks_that_finished(given):
    plan = plan_of(DANNClassifier("MLP", guard=True, **QUICK), given)
    failed = TrainingError("a loss is not finite")
    with pytest.warns(BCIDannWarning, match="without terms failed.*a loss is not finite"):
        networks, _, adapted = select_trained(plan, [history(1.0), failed])
    assert (networks, adapted) == ([plan.adapted[0].network], True)
    with pytest.warns(BCIDannWarning, match="with terms failed.*a loss is not finite"):
        networks, _, adapted = select_trained(plan, [failed, history(2.0)])
    assert (networks, adapted) == ([plan.plain[0].network], False)
    with pytest.raises(TrainingError, match="a loss is not finite"):
        select_trained(plan, [failed, failed])


def test_a_network_that_overflows_after_its_last_loss_is_an_error(given):
    model = NetworkClassifier("MLP", n_members=2, **QUICK)
    plan = plan_of(model, given, "fold 3")
    with torch.no_grad():
        plan.members[0].network.head.weight.fill_(torch.inf)
    history = [{"classification": 0.5}]
    with pytest.warns(BCIDannWarning, match="outputs of fold 3, member 0 are not finite"):
        networks, used, _ = select_trained(plan, [history, history])
    assert (len(networks), len(used)) == (1, 1)
    with torch.no_grad():
        plan.members[1].network.head.bias.fill_(torch.nan)
    with pytest.raises(TrainingError, match=r"not finite after epoch 1, its last\. Lower `lr`"):
        select_trained(plan, [history, history])
