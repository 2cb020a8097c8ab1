"""The parameter ``terms``: the forms that it takes, and what is built of it."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from torch import nn

from bci_dann.exceptions import ConfigError
from bci_dann.objectives import (
    DomainAdversary,
    Sizes,
    Term,
    WeightedTerm,
    build_objective,
    check_terms,
    describe_terms,
    read_terms,
    with_default_terms,
)
from bci_dann.objectives.class_confusion import ClassConfusion
from bci_dann.objectives.coral import DeepCoral
from bci_dann.objectives.entropy import ConditionalEntropy
from bci_dann.objectives.schedules import Constant, Ganin, Linear

SIZES = Sizes(n_features=5, n_classes=3, n_domains=4, has_target=True)
CORAL = "bci_dann.objectives.coral:DeepCoral"


class Random(Term):
    """A term whose constructor draws from torch's generator."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, batch):
        return batch.logits.mean()


def summary(terms):
    return [(one.label, type(one.term), one.weight, one.schedule) for one in read_terms(terms)]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (None, []),
        ({}, []),
        ([], []),
        ({"mcc": 0.5}, [("mcc", ClassConfusion, 0.5, Constant())]),
        ({"mcc": 1}, [("mcc", ClassConfusion, 1.0, Constant())]),
        ({"mcc": np.float32(0.5)}, [("mcc", ClassConfusion, 0.5, Constant())]),
        ({"mcc": np.int64(2)}, [("mcc", ClassConfusion, 2.0, Constant())]),
        ({"mcc": 0}, [("mcc", ClassConfusion, 0.0, Constant())]),
        ({"mcc": {}}, [("mcc", ClassConfusion, 1.0, Constant())]),
        ({"mcc": {"weight": 2.0}}, [("mcc", ClassConfusion, 2.0, Constant())]),
        ({"mcc": {"schedule": "linear"}}, [("mcc", ClassConfusion, 1.0, Linear())]),
        (
            {"mcc": {"schedule": {"name": "ganin", "gamma": 3.0}}},
            [("mcc", ClassConfusion, 1.0, Ganin(3.0))],
        ),
        ({CORAL: 0.1}, [("DeepCoral", DeepCoral, 0.1, Constant())]),
        ({CORAL: {"weight": 0.1}}, [("DeepCoral", DeepCoral, 0.1, Constant())]),
        ({"mine": DeepCoral()}, [("mine", DeepCoral, 1.0, Constant())]),
        ({"mine": DeepCoral}, [("mine", DeepCoral, 1.0, Constant())]),
        (
            {"mine": {"name": CORAL, "weight": 0.1, "schedule": Linear(0.5)}},
            [("mine", DeepCoral, 0.1, Linear(0.5))],
        ),
        (
            ["mcc", CORAL],
            [("mcc", ClassConfusion, 1.0, Constant()), ("DeepCoral", DeepCoral, 1.0, Constant())],
        ),
        (("mcc",), [("mcc", ClassConfusion, 1.0, Constant())]),
        (
            [DeepCoral(), ConditionalEntropy],
            [
                ("DeepCoral", DeepCoral, 1.0, Constant()),
                ("ConditionalEntropy", ConditionalEntropy, 1.0, Constant()),
            ],
        ),
        ([{"name": "mcc", "weight": 0.3}], [("mcc", ClassConfusion, 0.3, Constant())]),
    ],
    ids=str,
)
def test_forms_of_terms(terms, expected):
    assert summary(terms) == expected


def test_settings_reach_the_constructor():
    one, two = read_terms(
        {
            "mcc": {"weight": 0.5, "temperature": 2.0, "normalisation": "batch"},
            "domain_adversary": {"hidden": 8, "gamma": 3.0, "smoothing": 0.1},
        }
    )
    assert (one.term.temperature, one.term.normalisation) == (2.0, "batch")
    assert (two.term.hidden, two.term.gamma, two.term.smoothing) == (8, 3.0, 0.1)


def test_the_same_class_may_stand_twice_under_labels_of_ones_own():
    terms = {"soft": {"name": "mcc", "temperature": 5.0}, "hard": {"name": "mcc", "temperature": 1}}
    assert [(one.label, one.term.temperature) for one in read_terms(terms)] == [
        ("soft", 5.0),
        ("hard", 1),
    ]
    with pytest.raises(ConfigError, match="'mcc' is given more than once"):
        read_terms(["mcc", {"name": "mcc", "temperature": 2.0}])
    with pytest.raises(ConfigError, match="'DeepCoral' is given more than once"):
        read_terms([DeepCoral(), CORAL])


def test_labels_hold_no_dots_since_they_name_modules():
    (one,) = read_terms({"v1.0": DeepCoral()})
    assert one.label == "v1_0"
    build_objective([one], SIZES)


def test_every_reading_gives_fresh_terms():
    term = ClassConfusion()
    first, second = (read_terms([term])[0].term for _ in range(2))
    assert first is not second
    assert term not in (first, second)
    mapping = {"mcc": {"weight": 1.0, "temperature": 2.0}}
    read_terms(mapping)
    assert mapping == {"mcc": {"weight": 1.0, "temperature": 2.0}}


def test_a_check_leaves_torchs_generator_as_it_was():
    state = torch.get_rng_state()
    check_terms([Random])
    assert torch.equal(state, torch.get_rng_state())
    read_terms([Random])
    assert not torch.equal(state, torch.get_rng_state())
    torch.set_rng_state(state)


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf"), "1", None, True])
def test_weights_that_cannot_be(weight):
    with pytest.raises(ConfigError, match=f"weight of mcc must be .* at least 0; got {weight!r}"):
        read_terms({"mcc": {"weight": weight}})


def test_a_weight_is_scaled():
    (one,) = read_terms({"mcc": {"weight": 0.4, "schedule": "linear"}})
    half = one.scaled(0.5)
    assert (half.label, half.weight, half.schedule) == ("mcc", 0.2, Linear())
    assert half.term is one.term
    assert one.weight == 0.4


# --- defaults of a preset ---------------------------------------------------------------------

DEFAULTS = {"domain_adversary": 0.1, "mcc": 0.5}


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (None, {"domain_adversary": 0.1, "mcc": 0.5}),
        ({}, {"domain_adversary": 0.1, "mcc": 0.5}),
        ({"coral": 1.0}, {"domain_adversary": 0.1, "mcc": 0.5, "coral": 1.0}),
        ({"mcc": 2.0}, {"domain_adversary": 0.1, "mcc": 2.0}),
        ({"mcc": 0, "domain_adversary": 0}, {"mcc": 0, "domain_adversary": 0}),
    ],
)
def test_defaults_stand_in_front_unless_they_are_given(terms, expected):
    assert list(with_default_terms(DEFAULTS, terms).items()) == list(expected.items())


def test_defaults_stand_in_front_of_a_list():
    labels = [one.label for one in read_terms(with_default_terms(DEFAULTS, ["coral"]))]
    assert labels == ["domain_adversary", "mcc", "coral"]
    given = ["coral", {"name": "mcc", "weight": 2.0}]
    both = read_terms(with_default_terms(DEFAULTS, given))
    assert [(one.label, one.weight) for one in both] == [
        ("domain_adversary", 0.1),
        ("coral", 1.0),
        ("mcc", 2.0),
    ]
    assert given == ["coral", {"name": "mcc", "weight": 2.0}]
    with pytest.raises(ConfigError, match="terms must map names to weights"):
        read_terms(with_default_terms(DEFAULTS, "mcc"))


# --- descriptions for files ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "terms",
    [
        None,
        {"mcc": 1.0, CORAL: {"weight": 0.1, "schedule": "linear"}},
        ["mcc", {"name": CORAL, "weight": 0.1}],
    ],
)
def test_what_is_text_and_numbers_stays(terms):
    assert describe_terms(terms) == terms


def test_objects_are_described_by_their_paths_and_parameters():
    terms = {"mine": ClassConfusion(temperature=3.0), "coral": {"schedule": Linear(until=0.5)}}
    described = describe_terms(terms)
    assert described == {
        "mine": {
            "name": "bci_dann.objectives.class_confusion:ClassConfusion",
            "temperature": 3.0,
            "normalisation": "class",
        },
        "coral": {
            "schedule": {"name": "bci_dann.objectives.schedules:Linear", "until": 0.5},
        },
    }
    one, two = read_terms(described)
    assert one.term.temperature == 3.0
    assert two.schedule == Linear(until=0.5)
    assert describe_terms([DeepCoral, DomainAdversary(8)]) == [
        CORAL,
        {
            "name": "bci_dann.objectives.adversary:DomainAdversary",
            "hidden": 8,
            "gamma": 10.0,
            "smoothing": 0.0,
        },
    ]


class Plain(Term):
    """A term without a constructor of its own."""

    def forward(self, batch):
        return batch.logits.mean()


def test_a_term_without_parameters_is_described():
    assert describe_terms([Plain()]) == [{"name": f"{__name__}:Plain"}]


def test_a_term_that_forgets_its_parameters_cannot_be_described():
    class Forgetful(Term):
        def __init__(self, margin=1.0):
            super().__init__()

    with pytest.raises(ConfigError, match="cannot be saved, since it does not keep margin"):
        describe_terms([Forgetful()])


# --- the objective --------------------------------------------------------------------------------


def labels_of(terms, **sizes):
    built = build_objective(read_terms(terms), Sizes(**{**vars(SIZES), **sizes}))
    return built.names


def test_terms_that_have_nothing_to_adapt_to_are_left_out(caplog):
    terms = {"coral": 1.0, "domain_adversary": 0.1, "mcc": 0.0}
    assert labels_of(terms) == ["classification", "coral", "domain_adversary"]
    with caplog.at_level(logging.INFO):
        assert labels_of(terms, has_target=False) == ["classification", "domain_adversary"]
    assert "the term coral is left out" in caplog.text
    assert "mcc" not in caplog.text  # a weight of 0 is the user's wish
    assert labels_of(terms, n_domains=1) == ["classification", "coral"]
    assert labels_of(terms, n_domains=1, has_target=False) == ["classification"]


def test_a_term_that_needs_neither_target_nor_domains_is_never_left_out():
    class Regulariser(Term):
        needs_target = False

        def forward(self, batch):
            return batch.features.square().mean()

    terms = [Regulariser(), "cdan_e"]
    assert labels_of(terms, has_target=False, n_domains=1) == ["classification", "Regulariser"]


def test_a_term_that_needs_a_target_is_used_with_one_where_all_trials_are_of_one_domain():
    assert labels_of({"mcc": 1.0}, n_domains=1) == ["classification", "mcc"]


def test_layers_are_built_for_the_sizes():
    (one,) = read_terms({"domain_adversary": {"hidden": 8}})
    head = build_objective([one], SIZES).terms["domain_adversary"].head
    shapes = [tuple(layer.weight.shape) for layer in head if isinstance(layer, nn.Linear)]
    assert shapes[0] == (8, SIZES.n_features)
    assert shapes[-1][0] == SIZES.n_domains


def test_a_term_may_return_another_module_when_it_is_built(draw_batch):
    class Prototype(Term):
        def build(self, sizes):
            return ConditionalEntropy()

        def forward(self, batch):
            raise AssertionError

    objective = build_objective(read_terms({"mine": Prototype()}), SIZES)
    assert torch.isfinite(objective(draw_batch())["mine"])


def test_a_term_that_returns_nothing_when_it_is_built_is_told_what_to_return():
    class Forgetful(Term):
        def build(self, sizes):
            self.layer = nn.Linear(sizes.n_features, 1)

    (one,) = read_terms({"mine": type("Mine", (Forgetful,), {"forward": lambda self, batch: 0})()})
    for use in (lambda: build_objective([one], SIZES), one.has_layers):
        with pytest.raises(ConfigError, match="'mine': expected `build` to return the term; got N"):
            use()


def test_weights_and_schedules_multiply_the_terms(draw_batch):
    batch = draw_batch(progress=0.25)
    terms = [
        WeightedTerm("one", DeepCoral(), 2.0, Linear(until=0.5)),
        WeightedTerm("two", DeepCoral(), 0.5, Constant()),
    ]
    summands = build_objective(terms, SIZES)(batch)
    plain = float(DeepCoral()(batch))
    assert list(summands) == ["classification", "one", "two"]
    assert float(summands["one"]) == pytest.approx(2.0 * 0.5 * plain)
    assert float(summands["two"]) == pytest.approx(0.5 * plain)


@pytest.mark.parametrize(
    "terms",
    [
        [DomainAdversary(hidden=8)],
        {"mine": DomainAdversary(hidden=8)},
        {"bci_dann.objectives.adversary:DomainAdversary": 0.3},
        [{"name": "domain_adversary", "weight": 0.3}],
    ],
)
def test_a_default_term_is_not_added_to_the_same_term_of_the_user(terms):
    together = read_terms(with_default_terms({"domain_adversary": 0.1}, terms))
    assert [type(one.term) for one in together] == [DomainAdversary]


@pytest.mark.parametrize("name", ["classification", "values", "pop"])
def test_reserved_names_are_refused(name):
    with pytest.raises(ConfigError, match=f"'{name}' is reserved"):
        read_terms({name: DeepCoral()})
