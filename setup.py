"""Puts the YAML of pipelines/ and configs/ into the wheel; all else is in pyproject.toml.

They stay at the top level of the repository, where MOABB and readers look for them, and become
``bci_dann/_pipelines`` and ``bci_dann/_configs`` in the wheel. An editable installation needs no
copy: :mod:`bci_dann._resources` finds the folders of the checkout.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithResources(build_py):
    """Copies the shipped YAML beside the modules."""

    def run(self) -> None:
        """Build the modules, then add ``_pipelines`` and ``_configs``."""
        super().run()
        if self.editable_mode:
            return
        for folder in ("pipelines", "configs"):
            for source in sorted(Path(folder).rglob("*.y*ml")):
                copy = Path(self.build_lib, "bci_dann", f"_{source}")
                self.mkpath(str(copy.parent))
                self.copy_file(str(source), str(copy))


setup(cmdclass={"build_py": BuildWithResources})
