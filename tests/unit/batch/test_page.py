from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
from pypdf import PdfReader

import cd5flow.batch.page as module
from cd5flow.batch.failures import Failure
from cd5flow.batch.overview import write_overview
from cd5flow.model.result import (
    BurdenState,
    Cd5State,
    CriterionSection,
    CriterionState,
    QualitySection,
    QualityState,
    ReviewSection,
)
from cd5flow.report.fonts import Scribe
from support.browser import browse, in_a_browser
from support.overview_factory import (
    NOT_DETECTED,
    UNKNOWN_BURDEN,
    measured_result,
    place,
    sample,
    visit,
)
from support.report_factory import (
    HOSTILE,
    hostile_result,
    make_burden,
    make_cd5,
    make_result,
    unknown_cd5,
)

VOID = {"meta", "link", "img", "br", "hr", "input", "wbr"}
PICTURES = ("plots/map-cd45-ssc.png", "plots/cd5-overlay.png")
FILES = ("report.html", "report.pdf", *PICTURES)


class Page(HTMLParser):
    """What a page holds: its elements with what is written in them, and whether they nest."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(content)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag == "wbr":
            # A place to break a long code: its parts are one word.
            self.rows[-1][-1] = self.rows[-1][-1].removesuffix(" ")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"style", "script"} & set(self.open):
            return
        self.words.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += f"{data} "

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def samples(self) -> list[dict[str, str]]:
        """The first table, a row a sample, with the reasons that stand below it."""
        heads = [head.strip() for head in self.rows[0]]
        found: list[dict[str, str]] = []
        for row in self.rows[1:]:
            cells = [" ".join(cell.split()) for cell in row]
            if len(cells) == len(heads):
                found.append({**dict(zip(heads, cells, strict=True)), "Reasons": ""})
            elif len(cells) == 1:
                assert not found[-1]["Reasons"]
                found[-1]["Reasons"] = cells[0]
            else:
                break
        return found


def content(out: Path, failures: tuple[Failure, ...] | None = None) -> str:
    write_overview(out, failures=failures)
    return (out / "index.html").read_text("utf-8")


def test_every_sample_has_a_row_with_its_states_numbers_and_reasons(tmp_path: Path) -> None:
    place(tmp_path, sample("a", identifiers={"tube": "T1"}))
    place(tmp_path, make_result(cd5=unknown_cd5(), burden=UNKNOWN_BURDEN))
    one, two = Page(content(tmp_path)).samples
    assert one["Sample"].startswith("a tube T1")
    assert (one["Patient"], one["Collected"]) == ("P02", "2026-01-14 relapse, bone marrow")
    assert (one["Review"], one["Criterion"], one["CD5"]) == ("unreviewed", "REVIEW", "BORDERLINE")
    assert one["CD5+ of blasts"] == "69.3 % 95 %: 68.2 to 70.4 4,623 of 6,669 asked >= 70 %"
    assert one["Blasts"].startswith("59.5 % 95 %: 58.6 to 60.4 6,669 of 11,203 LOD 0.178")
    assert one["Quality"] == "WARN UNSTABLE_TIME"
    assert "CI_SPANS" in one["Reasons"]
    assert two["CD5+ of blasts"].startswith("unknown")
    assert two["Blasts"].startswith("unknown 11,203 in the denominator")


def test_reasons_stand_in_a_row_below_their_sample_across_every_column(tmp_path: Path) -> None:
    place(tmp_path, sample("a"))
    place(tmp_path, sample("b"))
    page = content(tmp_path)
    (table,) = re.findall(r'<table id="table">.*?</table>', page)
    bodies = re.findall(r"<tbody[^>]*>(.*?)</tbody>", table)
    heads = Page(page).rows[0]
    assert len(bodies) == 2
    for name, body in zip("ab", bodies, strict=True):
        first, second = re.findall(r"<tr[^>]*>.*?</tr>", body)
        # The head of both rows is the sample; a list is named after it too.
        assert first.startswith(f'<tr><th scope="rowgroup" data-key="{name}">')
        assert second.startswith(f'<tr class="why"><td colspan="{len(heads)}"><ul')
        assert f'aria-label="Reasons of {name}"' in second
        assert "CI_SPANS" in second


def test_a_sample_without_reasons_has_no_empty_row(tmp_path: Path) -> None:
    plain = make_result()
    place(
        tmp_path,
        plain.model_copy(
            update={
                "criterion": plain.criterion.model_copy(update={"reasons": ()}),
                "cd5": plain.cd5.model_copy(update={"reasons": ()}),
                "burden": plain.burden.model_copy(update={"reasons": ()}),
                "quality": QualitySection(state=QualityState.PASS, checks=()),
            }
        ),
    )
    page = content(tmp_path)
    assert len(Page(page).samples) == 1
    assert 'class="why"' not in page


def test_a_burden_of_nothing_counted_is_said_to_be_under_the_limit_of_detection(
    tmp_path: Path,
) -> None:
    place(tmp_path, make_result(burden=NOT_DETECTED))
    (row,) = Page(content(tmp_path)).samples
    assert row["Blasts"] == "< LOD 95 %: at most 0.00120 0 of 250,000 LOD 0.00800 %"


def test_states_are_counted_those_of_no_sample_too(tmp_path: Path) -> None:
    for name in ("a", "b"):
        place(tmp_path, sample(name))
    place(tmp_path, make_result(quality=QualitySection(state=QualityState.FAIL, checks=())))
    text = Page(content(tmp_path)).text
    assert "Quality PASS 0 WARN 2 FAIL 1" in text
    assert "Review unreviewed 3 confirmed 0 amended 0 rejected 0" in text


def test_unreviewed_stands_at_the_head_and_in_every_row(tmp_path: Path) -> None:
    place(tmp_path, visit("a", "2026-01-01"))
    place(tmp_path, visit("b", "2026-02-01"))
    page = Page(content(tmp_path))
    assert "UNREVIEWED no person has looked at these results yet" in page.text
    assert [row["Review"] for row in page.samples] == ["unreviewed"] * 2
    # And in the rows of the patient's trend, which end with it.
    assert sum(row[-1].strip() == "unreviewed" for row in page.rows) == 2


def test_reviewed_samples_do_not_hide_unreviewed_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tmp_path, sample("a"))
    reviewed = ReviewSection(state="confirmed", by="x", at="2026-02-01T10:00:00+00:00")
    place(tmp_path, sample("b").model_copy(update={"review": reviewed}))
    assert "Review unreviewed 2 confirmed 0" in Page(content(tmp_path)).text
    monkeypatch.setattr("cd5flow.analysis.stored.proven_review", lambda _, result: result.review)
    assert (
        "PARTLY UNREVIEWED 1 unreviewed, 1 confirmed, 0 amended, 0 rejected"
        in Page(content(tmp_path)).text
    )


def test_what_needs_a_person_is_counted_at_the_head(tmp_path: Path) -> None:
    met = CriterionSection(state=CriterionState.MET, flow_state=CriterionState.MET, reasons=())
    decided = sample("a").model_copy(update={"criterion": met})
    place(tmp_path, decided)
    broken = {"quality": decided.quality.model_copy(update={"state": QualityState.FAIL})}
    place(tmp_path, sample("b").model_copy(update={"criterion": met} | broken))
    place(tmp_path, sample("c"))
    text = Page(content(tmp_path)).text
    assert "3 samples with a result, 0 that failed; 2 with a result need a person" in text


def test_it_never_says_that_a_patient_is_eligible(tmp_path: Path) -> None:
    met = CriterionSection(state=CriterionState.MET, flow_state=CriterionState.MET, reasons=())
    place(tmp_path, make_result(criterion=met))
    text = Page(content(tmp_path)).text
    assert "eligib" not in text.lower()
    assert "no decision on who enters a trial" in text


def test_the_policy_allows_its_own_style_script_and_pictures_alone(tmp_path: Path) -> None:
    place(tmp_path, sample("a"), files=FILES)
    page = content(tmp_path)

    def digest(tag: str) -> str:
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        return base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()

    policy = next(
        m["content"] for m in Page(page).all("meta") if m.get("http-equiv", "").startswith("Con")
    )
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest('style')}'; "
        f"script-src 'sha256-{digest('script')}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_nothing_is_loaded_and_every_link_stays_below_the_results(tmp_path: Path) -> None:
    place(tmp_path, sample("a b"), files=FILES)
    place(tmp_path, visit("v1", "2026-01-01"))
    place(tmp_path, visit("v2", "2026-02-01"))
    page = Page(content(tmp_path))
    assert not {n for n, _ in page.elements} & {"iframe", "object", "embed", "form", "base"}
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for name, attributes in page.elements:
        assert not any(key.startswith("on") or key == "style" for key in attributes)
        source = attributes.get("src")
        assert source is None or (name == "img" and source.startswith("data:image/webp;base64,"))
        href = attributes.get("href", "data:,")
        if href.startswith("#"):
            assert href[1:] in ids
        elif href != "data:,":
            assert (tmp_path / unquote(href)).is_file()
            assert ".." not in href
            assert ":" not in href
    hrefs = [a["href"] for a in page.all("a")]
    assert "a%20b/report.html" in hrefs
    assert "a%20b/report.pdf" in hrefs
    assert "v1/result.json" in hrefs


def test_pictures_have_words_and_lead_to_the_large_ones(tmp_path: Path) -> None:
    place(tmp_path, sample("a"), files=FILES)
    place(tmp_path, sample("b"), files=FILES[:3])
    (tmp_path / "b" / PICTURES[0]).write_bytes(b"no picture")
    page = Page(content(tmp_path))
    assert [image["alt"] for image in page.all("img")] == [
        "CD45 and side scatter, a",
        "CD5 of the blasts, a",
    ]
    assert {f"a/{name}" for name in PICTURES} <= {a["href"] for a in page.all("a")}
    _, two = page.samples
    assert (two["CD45 / SSC"], two["CD5 of blasts"]) == ("no picture", "no picture")


def test_pictures_of_many_samples_are_linked_and_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EMBEDDED", 1)
    for name in ("a", "b c"):
        place(tmp_path, sample(name), files=FILES)
    page = content(tmp_path)
    images = Page(page).all("img")
    assert [i["src"] for i in images][2:] == [f"b%20c/{name}" for name in PICTURES]
    assert all(image["loading"] == "lazy" for image in images)
    assert "img-src data: 'self' file:;" in Page(page).all("meta")[1]["content"]
    assert "Pictures are loaded from the samples' folders" in page


def test_headings_and_tables_can_be_walked_by_a_screen_reader(tmp_path: Path) -> None:
    place(tmp_path, visit("v1", "2026-01-01"))
    place(tmp_path, visit("v2", "2026-02-01"))
    page = Page(content(tmp_path, failures=(Failure("x", "x.fcs", "E", "m"),)))
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert all(head.get("scope") in {"col", "row", "rowgroup"} for head in page.all("th"))
    assert len(page.all("main")) == 1
    labels = {label["for"] for label in page.all("label") if "for" in label}
    assert {i["id"] for i in page.all("input") if i.get("type") == "search"} == labels
    regions = [d for d in page.all("div") if d.get("role") == "region"]
    assert all(d["tabindex"] == "0" for d in regions)
    assert all("aria-label" in d or "aria-labelledby" in d for d in regions)
    assert any(p.get("role") == "status" for p in page.all("p"))


def test_a_patient_over_time_is_drawn_and_written_down(tmp_path: Path) -> None:
    place(tmp_path, visit("v1", "2026-01-01", patient="P7"))
    place(tmp_path, visit("v2", "2026-02-01", patient="P7", burden=NOT_DETECTED))
    place(tmp_path, visit("v3", "2026-03-01", patient="P7", burden=UNKNOWN_BURDEN))
    place(tmp_path, visit("w", "2026-03-01", patient="P8"))
    page = Page(content(tmp_path))
    assert "Patient P7: 3 tubes from 2026-01-01 to 2026-03-01" in page.text
    assert "Patient P8" not in page.text
    (drawing,) = (svg for svg in page.all("svg") if svg.get("role") == "img")
    assert drawing["aria-label"].startswith("Burden and CD5 of patient P7, 3 tubes")
    titles = page.text.count("NOT_DETECTED, below the LOD of 0.00800 %")
    assert titles == 1
    assert "v3, 2026-03-01: INCONCLUSIVE, unknown" in page.text
    assert [a["href"] for a in page.all("a")].count("#patient-1") == 3


def test_tubes_that_cannot_be_compared_are_warned_of(tmp_path: Path) -> None:
    first = visit("v1", "2026-01-01")
    place(tmp_path, first)
    mrd = first.strategy.model_copy(update={"name": "t-all-mrd"})
    place(tmp_path, visit("v2", "2026-02-01", strategy=mrd))
    text = Page(content(tmp_path)).text
    assert (
        "Not comparable as they stand: gating strategies differ: t-all-relapse 1.0.0 in v1" in text
    )


def test_marks_tell_how_far_and_what_was_not_compared(tmp_path: Path) -> None:
    for i in range(11):
        place(tmp_path, measured_result(f"s{i}", peak=0.6))
    place(tmp_path, measured_result("moved", peak=0.5))
    place(tmp_path, measured_result("alone", peak=0.9, cytometer="C2"))
    page = Page(content(tmp_path))
    rows = {row["Sample"].split()[0]: row for row in page.samples}
    assert rows["moved"]["Apart"] == "1 apart"
    assert "apart gate t_landmark (density_cluster): CD3 peak, 20.0" in rows["moved"]["Reasons"]
    assert rows["moved"]["Reasons"].endswith("spreads below")
    assert not rows["alone"]["Apart"]
    assert " apart " not in f" {rows['alone']['Reasons']} "
    assert "C2, CD45 FSC 1 none: too few tubes" in page.text


@pytest.mark.parametrize("kind", HOSTILE)
def test_text_from_files_is_shown_as_it_is(tmp_path: Path, kind: str) -> None:
    text = HOSTILE[kind]
    place(tmp_path, hostile_result(text), folder="hostile")
    page = Page(content(tmp_path, failures=(Failure(text, text, text, text),)))
    place(tmp_path, hostile_result("plain"), folder="hostile")
    plain = Page(content(tmp_path, failures=(Failure("plain", "plain", "plain", "plain"),)))
    shown = " ".join(Scribe(typefaces=False).write(text).split())
    assert page.text.count(shown) > 10
    names = [name for name, _ in page.elements if name not in {"small", "b"}]
    assert names == [name for name, _ in plain.elements if name not in {"small", "b"}]


def look(page: Path, profile: Path, *, script: str, width: int = 1280) -> tuple[str, str]:
    """Return what a script of the test noted in the page, and what the browser complained of."""
    text = page.read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = text.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    page.write_text(text.replace("</body>", f"<script>{script}</script></body>"), "utf-8")
    # Timers of the page end before it is written.
    budget = "--virtual-time-budget=5000"
    seen, complaints = browse(page, profile, f"--window-size={width},900", budget, "--dump-dom")
    found = re.search(r'data-log="([^"]*)"', seen)
    assert found is not None
    return found[1], complaints


@in_a_browser
def test_a_browser_sorts_and_filters_without_complaint(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name, percent in (("a", 70.5), ("b", 9.0), ("c", None), ("d", 88.0)):
        why = (f"CODE: reason {name}{name}",)
        cd5 = unknown_cd5()
        if percent is not None:
            counts = {"positive_events": round(10 * percent), "blast_events": 1000}
            cd5 = make_cd5(percent=percent, ci95_percent=None, reasons=why, **counts)
        place(out, sample(name).model_copy(update={"cd5": cd5}), files=FILES)
    content(out)
    script = """
      const log = [];
      const button = (name) => Array.from(document.querySelectorAll("thead button"))
        .find((one) => one.textContent === name);
      // Rows that are seen: a letter a sample, the same as a capital for its reasons.
      const order = () => Array.from(document.querySelectorAll("#table tbody tr"))
        .filter((row) => row.offsetHeight > 0).map((row) => row.cells[0].dataset.key ??
          row.querySelector("ul").getAttribute("aria-label").slice(-1).toUpperCase()).join("");
      const share = button("CD5+ of blasts");
      share.click();
      log.push(order(), share.parentElement.getAttribute("aria-sort"));
      share.click();
      log.push(order(), share.parentElement.getAttribute("aria-sort"));
      log.push(document.getElementById("shown").textContent);
      const box = document.querySelector("input[value=NOT_EVALUABLE][data-question=cd5_state]");
      box.click();
      log.push(order());
      const find = document.getElementById("find");
      const search = (words, then) => {
        find.value = words;
        find.dispatchEvent(new Event("input"));
        setTimeout(() => { log.push(`[${order()}]`); then(); }, 5);
      };
      search("69.3 none", () => search("reason BB", () => {
        log.push(document.getElementById("shown").textContent.slice(0, 6));
        document.getElementById("reset").click();
        log.push(order(), String(box.checked), String(document.getElementById("controls").hidden));
        document.body.dataset.log = log.join(" ");
      }));
    """
    noted, complaints = look(out / "index.html", tmp_path / "profile", script=script)
    assert ":CONSOLE" not in complaints
    assert noted == (
        "bBaAdDcC ascending dDaAbBcC descending "
        "4 of 4 samples shown, sorted by CD5+ of blasts, descending dDaAbB "
        "[] [bB] 1 of 4 dDaAbBcC true false"
    )


@in_a_browser
@pytest.mark.parametrize("width", [1280, 2400])
def test_the_whole_table_is_seen_without_scrolling_sideways(tmp_path: Path, width: int) -> None:
    out = tmp_path / "out"
    burden = make_burden(state=BurdenState.MRD_BELOW_LLOQ)
    cd5 = make_cd5(state=Cd5State.DOES_NOT_MEET)
    place(out, sample("a").model_copy(update={"cd5": cd5, "burden": burden}), files=FILES)
    content(out)
    script = """
      const region = document.querySelector(".scroll");
      const box = (one) => one.getBoundingClientRect();
      const [first, second] = document.querySelector("#table tbody").rows;
      const wide = Array.from(document.querySelectorAll("#table tbody .state"))
        .filter((state) => box(state).right > box(state.parentElement).right)
        .map((state) => state.textContent);
      document.body.dataset.log = [
        region.scrollWidth - region.clientWidth,
        box(second).top - box(first).bottom,
        box(second.cells[0]).width === box(first).width,
        wide.length,
      ].join(" ");
    """
    noted, _ = look(out / "index.html", tmp_path / "profile", script=script, width=width)
    assert noted == "0 0 true 0"


@in_a_browser
def test_in_print_no_page_parts_a_sample_from_its_reasons(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for i in range(10):
        # As high as the row above: about every second page would end between them.
        why = (f"CODE: reason w{i:02}", *(f"CODE: {'long ' * 60}" for _ in range(2)))
        cd5 = make_cd5(reasons=why)
        place(out, sample(f"s{i:02}").model_copy(update={"cd5": cd5}))
    content(out)
    pdf = tmp_path / "index.pdf"
    browse(out / "index.html", tmp_path / "profile", f"--print-to-pdf={pdf}")
    pages = [page.extract_text() for page in PdfReader(pdf).pages]
    samples = [re.findall(r"\bs(\d\d)\b", text) for text in pages]
    assert sum(map(bool, samples)) > 1
    assert [re.findall(r"\bw(\d\d)\b", text) for text in pages] == samples
