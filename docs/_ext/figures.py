"""Pictures of the method notes: every ``docs/figures/NAME.py`` becomes ``docs/_figures/NAME.svg``.

Each script has a function ``draw()`` that returns a :class:`matplotlib.figure.Figure`. A picture is
drawn again when its script is newer.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.errors import ExtensionError
from sphinx.util import logging

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from sphinx.application import Sphinx

SCRIPTS = "figures"
PICTURES = "_figures"
logger = logging.getLogger(__name__)


def draw_figures(app: Sphinx) -> None:
    """Draw every picture that is missing or older than its script."""
    source = Path(app.srcdir)
    pictures = source / PICTURES
    pictures.mkdir(exist_ok=True)
    for script in sorted((source / SCRIPTS).glob("*.py")):
        picture = pictures / f"{script.stem}.svg"
        if not picture.exists() or picture.stat().st_mtime < script.stat().st_mtime:
            logger.info("drawing %s", picture.name)
            figure = drawn(script)
            figure.savefig(picture, bbox_inches="tight", metadata={"Date": None})


def drawn(script: Path) -> Figure:
    """Return the figure of one script; one without anything in it is an error."""
    spec = importlib.util.spec_from_file_location(f"figure_{script.stem}", script)
    if spec is None or spec.loader is None:
        raise ExtensionError(f"{script} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    figure: Figure = module.draw()
    if not any(axes.has_data() for axes in figure.axes):
        raise ExtensionError(f"{script}: draw() returned a figure with nothing in it")
    return figure


def setup(app: Sphinx) -> dict[str, bool]:
    """Draw before anything is read."""
    app.connect("builder-inited", draw_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
