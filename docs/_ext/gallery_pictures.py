"""A gallery script that draws nothing ends the build.

sphinx-gallery shows a stock picture in the place of a missing one, so that nobody notices.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.errors import ExtensionError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["scripts_without_picture"]


def scripts_without_picture(scripts: Path, built: Path) -> list[str]:
    """Return the gallery scripts of which the built gallery has no picture.

    Parameters
    ----------
    scripts : pathlib.Path
        The folder of the scripts, ``docs/gallery``.
    built : pathlib.Path
        The folder that sphinx-gallery writes, ``docs/auto_gallery``.

    Returns
    -------
    list of str
        File names, sorted.
    """
    names = sorted(path.stem for path in scripts.glob("plot_*.py"))
    pictures = built / "images"
    return [f"{name}.py" for name in names if not any(pictures.glob(f"sphx_glr_{name}_0*.*"))]


def check_pictures(app: Sphinx, error: Exception | None) -> None:
    """Raise when a script of the gallery that was run has drawn nothing."""
    settings = app.config.sphinx_gallery_conf
    was_run = str(settings.get("plot_gallery", True)) == "True"
    if error is not None or not was_run:
        return
    source = Path(app.srcdir)
    built = source / settings["gallery_dirs"]
    missing = scripts_without_picture(source / settings["examples_dirs"], built)
    if missing:
        raise ExtensionError(f"these gallery scripts draw no picture: {', '.join(missing)}")


def setup(app: Sphinx) -> dict[str, bool]:
    """Check once the gallery is built."""
    app.connect("build-finished", check_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
