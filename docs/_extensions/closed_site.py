"""After a build: every link within the site leads somewhere, and no page loads anything from elsewhere.

What is wrong is a warning, so that `python -m sphinx -W` fails.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: Where a page names what a browser loads with it, by tag; `a` only leads there.
_LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}
#: What a style sheet loads from another place than the site.
_FROM_ELSEWHERE = re.compile(r"(?:@import|url\()\s*['\"]?((?:https?:)?//[^'\")]+)")


class Page(HTMLParser):
    """The anchors, links and loaded files of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = dict(attributes)
        self.anchors |= {name for name in (known.get("id"), known.get("name") if tag == "a" else None) if name}
        target = known.get(_LOADED.get(tag, "href" if tag == "a" else ""))
        if target:
            (self.links if tag == "a" else self.loaded).add(target)


def problems(folder: Path) -> list[str]:
    """What is wrong with the site in this folder."""
    folder = folder.resolve()
    files = (file for file in sorted(folder.rglob("*.html")) if "_static" not in file.parts)  # there are templates of the theme
    pages = {file: Page(file.read_text("utf-8")) for file in files}
    found = [(file, problem) for file, page in pages.items() for problem in _of_page(file, page, pages)]
    for file in sorted(folder.rglob("*.css")):
        found += [(file, f"loads {address}") for address in _FROM_ELSEWHERE.findall(file.read_text("utf-8"))]
    return [f"{file.relative_to(folder)}: {problem}" for file, problem in found]


def _of_page(file: Path, page: Page, pages: dict[Path, Page]) -> list[str]:
    found = []
    for target in sorted(page.links | page.loaded):
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            if target in page.loaded and parts.scheme != "data":
                found.append(f"loads {target}")
            continue
        there = (file.parent / unquote(parts.path)).resolve() if parts.path else file
        if not there.exists():
            found.append(f"{target} is not there")
        elif parts.fragment and there in pages and unquote(parts.fragment) not in pages[there].anchors:
            found.append(f"{target}: there is no such place")
    return found


def _check(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        from sphinx.util.logging import getLogger

        for problem in problems(Path(app.outdir)):
            getLogger(__name__).warning(problem)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True}
