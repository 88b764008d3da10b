"""The text of a document from outside: found where there is one, and nothing happens here whatever the document is."""

from __future__ import annotations

import re
import time
import zlib

import pytest

from gateway.agreements import pdf_text as module
from gateway.agreements.explain import explain
from gateway.agreements.pdf_text import LARGEST_DOCUMENT, WAIT_SECONDS, pdf_text
from gateway.agreements.propose import read_proposed
from gateway.agreements.render import RENDERERS
from gateway.catalog.load import load_catalog
from tests.signing import small_pdf, text_of

DIGEST = "0123456789abcdef" * 4


def test_text_is_found_across_line_ends() -> None:
    assert DIGEST in pdf_text(small_pdf("Digest of the agreement:", DIGEST[:32], DIGEST[32:]))


def test_the_schedule_that_lawyers_attach_shows_its_digest() -> None:
    catalog = load_catalog()
    [found] = read_proposed(text_of(), "mou.yaml", catalog)
    assert found.digest in pdf_text(RENDERERS["pdf"](explain(found, catalog)))


LOOP = (
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    b"2 0 obj\n<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>\nendobj\n"
    b"trailer << /Size 3 /Root 1 0 R >>\n%%EOF\n"
)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-",
        b"%PDF-1.7\n" + b"\x00\xff" * 50_000,
        small_pdf(DIGEST)[:300],
        LOOP,
        b"%PDF-1.4\n" + b"[" * 200_000,
        b"not a PDF",
    ],
)
def test_what_cannot_be_read_has_no_text(content: bytes) -> None:
    assert DIGEST not in pdf_text(content)


def test_a_document_that_unfolds_without_end_costs_a_bounded_time() -> None:
    stream = zlib.compress(b"(a) Tj " * 40_000_000, 1)
    head = b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(stream)
    bomb = re.sub(
        rb"<< /Length \d+ >>\nstream\n.*?\nendstream", lambda _: head + stream + b"\nendstream", small_pdf(DIGEST), flags=re.DOTALL
    )
    assert len(bomb) < LARGEST_DOCUMENT
    begun = time.monotonic()
    assert DIGEST not in pdf_text(bomb)
    assert time.monotonic() - begun < 2 * WAIT_SECONDS


def test_a_document_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.01)
    begun = time.monotonic()
    assert pdf_text(small_pdf(DIGEST)) == ""
    assert time.monotonic() - begun < WAIT_SECONDS
