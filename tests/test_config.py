"""Errors of configuration sections."""

import pydantic
import pytest

from bci_dann._config import StrictModel, validate
from bci_dann._validation import check_option
from bci_dann.exceptions import ConfigError


class Inner(StrictModel):
    width: int = 1


class Outer(StrictModel):
    name: str
    inner: Inner | None = None
    several: tuple[Inner, ...] = ()
    colour: str = "red"

    @pydantic.field_validator("colour")
    @classmethod
    def _is_known(cls, colour):
        check_option("it", colour, ["red"])
        return colour


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"nam": "x", "name": "y"}, "^here: unknown key 'nam'. Did you mean 'name'"),
        ({}, "^here: the key 'name' is missing"),
        ({"name": 3}, r"^here: name: .*string; got 3"),
        ({"name": "x", "inner": {"widht": 2}}, "unknown key 'inner.widht'. Did you mean 'width'"),
        ({"name": "x", "several": [{"widht": 2}]}, "several.0.widht'. Did you mean 'width'"),
        ({"name": "x", "inner": {"width": "wide"}}, "inner.width: .*; got 'wide'"),
        ({"name": "x", "colour": "rde"}, r"^here: colour: .*; got 'rde'. Did you mean 'red'\?$"),
        ({"name": "x", "colour": "5"}, r"^here: colour: it must be one of 'red'; got '5'\.$"),
        ([1, 2], r"expected a mapping with the keys name, inner, several, colour; got \[1, 2\]"),
        ({"name": 3, "other": 1}, r"(?s)name: .*\nhere: unknown key 'other'"),
    ],
)
def test_messages(mapping, message):
    with pytest.raises(ConfigError, match=message):
        validate(Outer, mapping, "here")


def test_a_good_mapping_becomes_the_section():
    assert validate(Outer, {"name": "x", "inner": {"width": 2}}, "here").inner.width == 2
