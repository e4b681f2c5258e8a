"""The site's settings: python -m sphinx -W -b html docs docs/_build/html. No page needs the network."""

import sys
from pathlib import Path

import fastact

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "fastact"
author = "the fastact developers"
copyright = author
version = release = fastact.__version__

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "function_pages",
    "live_gallery",
    "closed_site",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
autodoc_typehints = "none"
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = f"fastact {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # it would fetch pages, which a browser refuses where the site is opened as files
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
}
html_sidebars = {page: [] for page in ("index", "choose", "gallery", "questions")}
