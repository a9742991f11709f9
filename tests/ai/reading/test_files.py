"""Every format with a real small file, and files that are broken or hostile."""

from __future__ import annotations

import asyncio
import io
import time
import zipfile

import docx
import pytest
from pypdf import PdfReader, PdfWriter

from flowstudio.ai.reading import files, read_file
from flowstudio.errors import NodeError
from tests.promptness import prompt


def pdf(*pages: str) -> bytes:
    """A minimal PDF with a line of text on each page."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number, words in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({words}) Tj ET".encode() if words else b""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    body, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return body + end % (len(objects) + 1, table, len(objects) + 1, len(body))


def word_file() -> bytes:
    document = docx.Document()
    document.core_properties.title = "Manual"
    document.add_heading("Charging", level=2)
    document.add_paragraph("Two hours are enough.")
    table = document.add_table(rows=2, cols=2)
    for row, words in zip(table.rows, (("Part", "Price"), ("Cable", "12")), strict=True):
        for cell, word in zip(row.cells, words, strict=True):
            cell.text = word
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


async def test_a_pdf_becomes_a_document_for_each_page_with_text() -> None:
    documents = await read_file(pdf("First page.", "", "Third page."), name="terms.pdf")
    assert [(d.text, d.metadata["page"], d.metadata["pages"]) for d in documents] == [
        ("First page.", 1, 3),
        ("Third page.", 3, 3),
    ]
    assert {d.source for d in documents} == {"terms.pdf"}


async def test_a_word_file_keeps_headings_and_tables() -> None:
    (document,) = await read_file(word_file(), name="manual.docx")
    assert document.text == "## Charging\n\nTwo hours are enough.\n\nPart | Price\nCable | 12"
    assert document.metadata == {"title": "Manual", "format": "docx"}


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.txt", "Grüße\r\nan alle".encode(), ["Grüße\nan alle"]),
        ("a.txt", "Grüße".encode("cp1252"), ["Grüße"]),
        ("a.txt", "Grüße".encode("utf-16"), ["Grüße"]),
        ("a.md", b"# Title\n\nWords.", ["# Title\n\nWords."]),
        ("a.csv", b"name;city\nAda;London\nBob;\n", ["name: Ada\ncity: London", "name: Bob"]),
        ("a.tsv", b"name\tcity\nAda\tLondon, UK\n", ["name: Ada\ncity: London, UK"]),
        ("a.json", b'["one", {"b": 2}]', ["one", '{\n "b": 2\n}']),
        ("a.json", b'{"b": 2}', ['{\n "b": 2\n}']),
        ("a.jsonl", b'"one"\n"two"\n', ["one", "two"]),
        (
            "a.html",
            b"<title>T</title><nav>menu</nav><h2>Head</h2><p>One\n two</p><ul><li>a<li>b</ul><script>x()</script>",
            ["## Head\n\nOne two\n\n- a\n- b"],
        ),
        ("empty.txt", b"  \n", []),
    ],
)
async def test_text_formats(name: str, data: bytes, expected: list[str]) -> None:
    documents = await read_file(data, name=name)
    assert [document.text for document in documents] == expected


async def test_the_format_is_known_by_type_and_by_content() -> None:
    assert (await read_file(b"a,b\n1,2\n", name="export", mime_type="text/csv"))[0].metadata["row"] == 2
    assert (await read_file(pdf("Hello."), name="scan.txt"))[0].metadata["format"] == "pdf"
    with pytest.raises(NodeError, match=r"'cat.png' is of no format"):
        await read_file(b"\x89PNG", name="cat.png", mime_type="image/png")


def locked() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("Secret."))))
    writer.encrypt("secret", algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def bomb() -> bytes:
    """A DOCX of some 300 kB that unpacks to 300 MB."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w") as part,
    ):
        for _ in range(300):
            part.write(b" " * (1 << 20))
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("locked.pdf", locked(), "'locked.pdf' is locked by a password; save it without one."),
        ("scan.pdf", pdf(""), "'scan.pdf' has no text"),
        ("broken.pdf", pdf("x")[:120], "'broken.pdf' is no PDF file or is broken"),
        ("bomb.docx", bomb(), "'bomb.docx' is larger than 256 MB when unpacked"),
        (
            "old.docx",
            b"\xd0\xcf\x11\xe0" + b"x" * 100,
            "'old.docx' is locked by a password, or is an old DOC file",
        ),
        ("broken.docx", b"PK\x03\x04 nonsense", "'broken.docx' is no DOCX file or is broken"),
        ("deep.json", b"[" * 100_000, "'deep.json' cannot be read as json"),
        ("broken.json", b"{", "'broken.json' cannot be read as json"),
        ("binary.txt", b"\x00\x01", "'binary.txt' cannot be read as text: it holds no text"),
    ],
)
async def test_a_file_that_cannot_be_read_is_explained_in_a_sentence(
    name: str, data: bytes, says: str
) -> None:
    with pytest.raises(NodeError) as caught:
        await read_file(data, name=name)
    assert caught.value.message.startswith(says)
    assert "\n" not in caught.value.message


async def test_a_file_that_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILE", 1 << 20)
    with pytest.raises(NodeError, match="2 MB; documents may have 1 MB"):
        await read_file(b"x" * (2 << 20), name="large.txt")


async def test_reading_does_not_stall_the_event_loop_and_ends_when_it_takes_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "TIMEOUT", 0.05)
    long = pdf(*(f"Page {n}" for n in range(400)))

    async def longest_stall() -> float:
        gaps, last = [0.0], time.perf_counter()

        async def watch() -> None:
            nonlocal last
            while True:
                await asyncio.sleep(0.005)
                now = time.perf_counter()
                gaps.append(now - last)
                last = now

        watching = asyncio.create_task(watch())
        with pytest.raises(NodeError, match="took longer"):
            await read_file(long, name="long.pdf")
        watching.cancel()
        return max(gaps)

    await prompt(longest_stall, 0.2)
