"""Commands that are carried out while a page is built, and what they made: for Sphinx."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, Final

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from cd5flow_site.forked import HAS_FORKS, Forks
from cd5flow_site.generated import filled_in
from cd5flow_site.offline import site_faults
from cd5flow_site.pictures import report_page
from cd5flow_site.shared import SharedResults
from cd5flow_site.workshop import (
    PageFaultError,
    Workshop,
    chosen_lines,
    hold_private,
    parted_edit,
)

MADE: Final = "_made"
"""Folder of pictures and pages that commands made, in the sources and in the site."""

_SHARES: Final = re.compile(r"^(?::sample:|`{3}\{given\})", re.MULTILINE)
"""How a page asks for what pages share."""

_LOG: Final = logging.getLogger(__name__)


class Workshops:
    """A workshop for each page, and results of sample tubes that any page may show."""

    def __init__(self, samples: Path) -> None:
        self._samples = samples
        self._base = Path(tempfile.mkdtemp(prefix="cd5flow-site-"))
        self._forks: Forks | None = None
        self._open: dict[str, Workshop] = {}
        self._shared: SharedResults | None = None

    def begin_shared(self) -> None:
        """Begin to analyse the tubes that pages share, before processes are forked to read pages."""
        self._shared = SharedResults(self._samples, self._base)

    @property
    def shared(self) -> SharedResults:
        """Return what pages share."""
        if self._shared is None:
            raise PageFaultError("this page was not known to show what pages share")
        return self._shared

    def of(self, page: str) -> Workshop:
        """Return a page's own."""
        if self._forks is None and HAS_FORKS:
            self._forks = Forks()
        if page not in self._open:
            self._open[page] = Workshop(self._samples, self._base, self._forks)
        return self._open[page]

    def close(self) -> None:
        """Take all of them away: those of the processes too that read pages beside this one."""
        if self._forks is not None:
            self._forks.close()
        if self._shared is not None:
            self._shared.close()
        shutil.rmtree(self._base, ignore_errors=True)


class _InWorkshop(SphinxDirective):
    """A directive that does something in its page's workshop."""

    def run(self) -> list[nodes.Node]:
        try:
            return list(self.carried_out())
        except PageFaultError as fault:
            raise self.error(str(fault)) from None

    def carried_out(self) -> Iterable[nodes.Node]:
        """Do it, and return what the page shows."""
        raise NotImplementedError

    @property
    def shops(self) -> Workshops:
        """Return every page's."""
        workshops: Workshops = self.env.app.cd5flow_workshops
        return workshops

    @property
    def shop(self) -> Workshop:
        """Return the page's own."""
        return self.shops.of(self.env.docname)

    def text(self, shown: str, language: str, caption: str = "") -> nodes.Node:
        """Return text as it is."""
        block = nodes.literal_block(shown, shown, language=language)
        if not caption:
            return block
        box = nodes.container("", literal_block=True, classes=["literal-block-wrapper"])
        box += nodes.caption(caption, "", nodes.literal(caption, caption))
        box += block
        return box

    def put(self, name: str, content: bytes) -> str:
        """Keep a picture beside the sources, and return its address for Sphinx."""
        name = f"{self.lineno}-{name}"  # the same file may be shown twice, changed in between
        path = Path(self.env.srcdir, MADE, self.env.docname.replace("/", "-"), name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return "/" + path.relative_to(self.env.srcdir).as_posix()

    def picture(self, address: str) -> nodes.Node:
        """Return a picture with what is written below it."""
        figure = nodes.figure("", classes=["made"])
        image = nodes.image(uri=address, alt=self.options["alt"])
        if "width" in self.options:
            image["width"] = self.options["width"]
        figure += image
        if self.content:
            caption = nodes.caption()
            parsed, _ = self.parse_inline(" ".join(self.content), lineno=self.lineno)
            caption += parsed
            figure += caption
        return figure


class Run(_InWorkshop):
    """Lines of a shell, carried out one after the other, each shown with what it wrote."""

    has_content = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {
        "code": directives.nonnegative_int,
        "lines": directives.unchanged,
        "errors": directives.flag,
        "silent": directives.flag,
        "hidden": directives.flag,
        "wide": directives.flag,
        "language": directives.unchanged,
    }

    def carried_out(self) -> Iterable[nodes.Node]:
        code = self.options.get("code", 0)
        for line in self.content:
            if not line.strip():
                continue
            ran = self.shop.run(line, code=code, with_errors="errors" in self.options)
            if "hidden" in self.options:
                continue
            yield self.text(ran.line, "shell")
            if ran.out.strip() and "silent" not in self.options:
                shown = chosen_lines(ran.out, self.options.get("lines", ""))
                checkout = Path(self.env.srcdir).parent
                hold_private(shown, self.shop.folder, checkout, sys.prefix, Path.home())
                wide = ["wide"] * ("wide" in self.options)
                box = nodes.container("", classes=["output", *wide])
                box += self.text(shown, self.options.get("language", "text"))
                yield box


class File(_InWorkshop):
    """A file that the reader writes."""

    has_content = True
    required_arguments = 1
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {"language": directives.unchanged}

    def carried_out(self) -> Iterable[nodes.Node]:
        name, shown = self.arguments[0], "\n".join(self.content)
        self.shop.write(name, shown + "\n")
        yield self.text(shown, self.options.get("language", "yaml"), name)


class Edit(_InWorkshop):
    """Lines of a file that the reader changes, as a diff."""

    has_content = True
    required_arguments = 1
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {}

    def carried_out(self) -> Iterable[nodes.Node]:
        name, shown = self.arguments[0], "\n".join(self.content)
        self.shop.edit(name, *parted_edit(shown))
        yield self.text(shown, "diff", name)


class Picture(_InWorkshop):
    """A picture that a command made; its content is written below."""

    has_content = True
    required_arguments = 1
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {
        "alt": directives.unchanged_required,
        "sample": directives.unchanged_required,
        "width": directives.unchanged,
    }

    def carried_out(self) -> Iterable[nodes.Node]:
        sample, asked = self.options.get("sample"), self.arguments[0]
        path = self.shops.shared.result(sample) / asked if sample else self.shop.made(asked)
        yield self.picture(self.put(path.name, path.read_bytes()))


class Given(_InWorkshop):
    """A sample's folder that the page begins with: the sample, and the results folder."""

    required_arguments = 2

    def carried_out(self) -> Iterable[nodes.Node]:
        self.shops.shared.give(self.arguments[0], self.shop, self.arguments[1])
        return ()


class ReportPage(Picture):
    """A page of a sample's report.pdf: the sample's folder, and the page's number."""

    required_arguments = 2

    def carried_out(self) -> Iterable[nodes.Node]:
        folder, number = self.arguments[0], int(self.arguments[1])
        content = report_page(self.shop.made(f"{folder}/report.pdf"), number)
        yield self.picture(self.put(f"{Path(folder).name}-{number}.png", content))


class WebPage(_InWorkshop):
    """A page of HTML that a command made, as it is, with the folder in which it lies."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {
        "title": directives.unchanged_required,
        "height": directives.unchanged,
    }

    def carried_out(self) -> Iterable[nodes.Node]:
        page = self.shop.made(self.arguments[0])
        folder = Path(MADE, self.env.docname.replace("/", "-"), page.parent.name)
        there = Path(self.env.app.outdir, folder)
        shutil.copytree(
            page.parent,
            there,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("*.gz", "*.sqlite3*", ".*", "*.lock"),
        )
        up = "../" * self.env.docname.count("/")
        address = f"{up}{folder.as_posix()}/{page.name}"
        title, height = self.options["title"], self.options.get("height", "36rem")
        yield nodes.raw(
            "",
            f'<div class="made"><iframe src="{address}" title="{title}" loading="lazy" '
            f'style="height: {height}"></iframe>'
            f'<p><a href="{address}">{title}, on a page of its own</a></p></div>',
            format="html",
        )


def begin(app: Sphinx) -> None:
    """Open the workshops; what pages share begins to be made."""
    samples = Path(app.srcdir).parent / "sample_fcs"
    app.cd5flow_workshops = Workshops(samples)  # type: ignore[attr-defined] # ours


def look_ahead(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Begin what pages share, where a page that will be read shows some of it."""
    pages = (Path(env.doc2path(name)).read_text(encoding="utf-8") for name in docnames)
    if any(_SHARES.search(page) for page in pages):
        app.cd5flow_workshops.begin_shared()  # type: ignore[attr-defined] # ours


def fill_in(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Make what a page's placeholders name."""
    try:
        source[0] = filled_in(source[0])
    except KeyError as unknown:
        _LOG.warning("nothing is made of this name: %s", unknown, location=docname)


def finish(app: Sphinx, fault: Exception | None) -> None:
    """Clear the workshops, and hold the site to its links and to asking nothing of other places."""
    app.cd5flow_workshops.close()  # type: ignore[attr-defined] # set below
    if fault is None and app.builder.name == "html":
        for line in site_faults(Path(app.outdir)):
            _LOG.warning("%s", line)


def setup(app: Sphinx) -> dict[str, Any]:
    """Make it known to Sphinx."""
    for name, directive in {
        "run": Run,
        "file": File,
        "edit": Edit,
        "picture": Picture,
        "given": Given,
        "report-page": ReportPage,
        "webpage": WebPage,
    }.items():
        app.add_directive(name, directive)
    app.connect("builder-inited", begin)
    app.connect("env-before-read-docs", look_ahead)
    app.connect("source-read", fill_in)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
