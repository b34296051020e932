"""Pages that ask nothing of any other place, and whose links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

_FETCHED: Final = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
"""Attributes that a browser follows by itself."""

_NOT_FETCHED: Final = {"canonical", "next", "prev", "index", "search", "license", "author", "help"}
"""What a link element may be without a request."""

_CSS_URL: Final = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")
_ELSEWHERE: Final = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)


@dataclass
class _Page(HTMLParser):
    """What a page fetches, links to and can be linked to at."""

    fetched: list[str] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    _in_style: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.anchors |= {said[name] for name in ("id", "name") if name in said}
        self._in_style = tag == "style"
        self.fetched += _css_addresses(said.get("style", ""))
        if tag == "a" and "href" in said:
            self.linked.append(said["href"])
        if tag == "link" and set(said.get("rel", "").lower().split()) & _NOT_FETCHED:
            return
        for name in _FETCHED.get(tag, ()):
            self.fetched += _addresses(name, said.get(name, ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.fetched += _css_addresses(data)


def site_faults(site: Path) -> Iterator[str]:
    """Yield every request that would leave a page, and every link that leads nowhere, with its page.

    Args:
        site: the folder of the built pages.
    """
    pages = {path: read_page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    for path, page in sorted(pages.items()):
        where = path.relative_to(site)
        yield from _fetch_faults(page.fetched, path, where)
        for address in dict.fromkeys(page.linked):
            if not _ELSEWHERE.match(address) and not _found(address, path, pages):
                yield f"{where}: links to {address}, which is not there"
    for path in sorted(site.rglob("*.css")):
        fetched = _css_addresses(path.read_text(encoding="utf-8"))
        yield from _fetch_faults(fetched, path, path.relative_to(site))


def _fetch_faults(fetched: Iterable[str], path: Path, where: Path) -> Iterator[str]:
    for address in fetched:
        if _ELSEWHERE.match(address):
            yield f"{where}: fetches {address}"
        elif not _found(address, path, {}):
            yield f"{where}: needs {address}, which is not there"


def read_page(text: str) -> _Page:
    """Return what a page of HTML fetches, links to and can be linked to at."""
    page = _Page()
    page.feed(text)
    page.close()
    return page


def _found(address: str, page: Path, pages: Mapping[Path, _Page]) -> bool:
    """Return whether an address on the site is there, with its anchor; other schemes are."""
    parts = urlsplit(address)
    if parts.scheme:
        return True  # data:, mailto:, javascript:
    there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if there.is_dir():
        there /= "index.html"
    if not there.exists():
        return False
    anchor = unquote(parts.fragment)
    return not anchor or there not in pages or anchor in pages[there].anchors


def _addresses(name: str, value: str) -> list[str]:
    if name == "srcset":
        return [part.split()[0] for part in value.split(",") if part.strip()]
    return [value] if value.strip() else []


def _css_addresses(text: str) -> list[str]:
    found = (url or imported for url, imported in _CSS_URL.findall(text))
    return [one for one in found if not one.startswith(("data:", "#"))]
