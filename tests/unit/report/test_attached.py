"""The result inside a PDF tells whether the two belong together."""

from __future__ import annotations

import zlib

from cd5flow.model.result import ReviewSection
from cd5flow.report.attached import attached_result, belongs_to
from cd5flow.report.pdf import render_pdf
from support.report_factory import make_result


def test_the_report_carries_its_result() -> None:
    pdf = render_pdf(make_result())
    assert attached_result(pdf) == make_result()
    assert belongs_to(pdf, make_result())


def test_a_report_from_before_the_review_does_not_show_it() -> None:
    pdf = render_pdf(make_result())
    assert not belongs_to(pdf, make_result(review=ReviewSection(state="confirmed", by="R7")))


def test_a_file_without_a_result_belongs_to_none() -> None:
    noise = b"<</Length 9/Type/EmbeddedFile/Filter/FlateDecode>>\nstream\n"
    for content in (
        b"",
        b"%PDF-1.7",
        noise + b"not packed",
        noise + zlib.compress(b"no result"),
    ):
        assert attached_result(content) is None
        assert not belongs_to(content, make_result())
