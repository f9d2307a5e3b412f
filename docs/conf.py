"""Sphinx configuration: numpydoc for the reference, MyST for the pages.

Build with ``uv run --group docs sphinx-build -W docs docs/_build/html``.
"""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("MPLBACKEND", "Agg")

import skimgcls

project = "skimgcls"
author = "the skimgcls developers"
copyright = f"2026, {author}"
release = version = skimgcls.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
default_role = "py:obj"

autosummary_generate = True
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # the class template lists them
numpydoc_class_members_toctree = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # notebooks show the outputs that they come with; docs/notebooks/run_copies.py executes them

html_theme = "pydata_sphinx_theme"
html_title = "skimgcls"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["notebooks.css"]
html_theme_options = {"show_prev_next": False, "navigation_with_keys": True, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {"CHANGELOG": [], "architecture": [], "notebooks/*": []}


def setup(app):
    """Let Sphinx call us for every docstring and every member."""
    app.connect("autodoc-process-docstring", _unlink_foreign_references, priority=0)
    app.connect("autodoc-skip-member", _skip_fitted_properties)


def _unlink_foreign_references(app, what, name, obj, options, lines):
    """Keep only the words of references into the manuals of others, which an offline build cannot resolve."""
    if getattr(obj, "__module__", "").startswith(("sklearn.", "skorch.", "torch.")):
        reference = re.compile(r":(?:ref|term):`([^`<]+?)(?: *<[^`>]*>)?`")
        # without the backslash `classes_` would be a link
        lines[:] = [reference.sub(lambda found: found[1].replace("_", r"\_"), line) for line in lines]


def _skip_fitted_properties(app, what, name, obj, skip, options):
    """Leave out properties such as ``history_``: the class lists them among its attributes."""
    return True if name.endswith("_") and not name.endswith("__") else None
