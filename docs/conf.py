"""How the site is built: ``sphinx-build -W docs build/site``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "extensions"))

from cd5flow import __version__

project = "cd5flow"
author = "the cd5flow authors"
version = release = __version__
extensions = ["myst_parser", "cd5flow_site.sphinx_extension"]
exclude_patterns = ["extensions", "_made", "images"]
nitpicky = True

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"cd5flow {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}
