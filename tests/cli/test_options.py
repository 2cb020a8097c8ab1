"""Options that replace lists of a configuration."""

from __future__ import annotations

import pytest

from bci_dann.cli.options import (
    config_with_options,
    executor_of,
    split_list,
)
from bci_dann.exceptions import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b", ["a", "b"]),
        (" a , b ", ["a", "b"]),
        ("a[x=1,y=none],b", ["a[x=1,y=none]", "b"]),
        ("a[x=1,y=none],a[x=2,y=none]", ["a[x=1,y=none]", "a[x=2,y=none]"]),
        ("a", ["a"]),
    ],
)
def test_lists_are_split_at_commas_outside_of_brackets(text, expected):
    assert split_list(text, "pipelines") == expected


def test_seeds_are_whole_numbers():
    assert split_list("0, 12", "seeds") == [0, 12]
    for text in ("0;1", "1.5", ""):
        with pytest.raises(ConfigError, match=r"--seeds must be whole numbers .* got"):
            split_list(text, "seeds")


def test_options_that_are_not_given_leave_the_configuration(config):
    plain = config_with_options(config, {"seeds": None, "protocols": None})
    assert plain.seeds == [0]
    changed = config_with_options(config, {"seeds": "3,4", "protocols": "online"})
    assert (changed.seeds, changed.protocols) == ([3, 4], ["online"])
    assert changed.data == plain.data


def test_a_replaced_list_is_checked(config):
    with pytest.raises(ConfigError, match="Did you mean 'online'"):
        config_with_options(config, {"protocols": "onlin"})


def test_seeds_that_are_no_numbers_on_the_command_line(bci_dann, config):
    done = bci_dann("run", config, "--seeds", "0;1")
    assert done.exit_code == 2
    assert "--seeds must be whole numbers" in done.stderr


def test_dask_is_local_or_an_address():
    assert executor_of(None) is None
    assert executor_of("local") == "dask"
    assert executor_of("tls://10.0.0.1:8786") == "tls://10.0.0.1:8786"
    with pytest.raises(ConfigError, match=r"--dask must be local.*tcp://10.*; got '10.0.0.1:8786'"):
        executor_of("10.0.0.1:8786")
