"""The command line, ``bci-dann COMMAND``: commands parse, call the library and print."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line with the arguments of this process."""
    from bci_dann.cli.app import app

    app()
