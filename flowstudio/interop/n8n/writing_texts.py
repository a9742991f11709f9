"""Our nodes for texts and files in n8n's words."""

from __future__ import annotations

from typing import Any

from flowstudio.interop.n8n.converted import Properties, only_given
from flowstudio.interop.n8n.texts import HASHES, READ_FORMATS, WRITE_FORMATS
from flowstudio.interop.n8n.written import Written, options_of, rows_of

_HASHES = {ours: theirs for theirs, ours in HASHES.items()}
_READ = {ours: theirs for theirs, ours in READ_FORMATS.items()}
_WRITE = {ours: theirs for theirs, ours in WRITE_FORMATS.items()}


def _named(p: Properties, default: str = "data") -> dict[str, Any]:
    return {"dataPropertyName": p.get("output_name", default)}


def write_crypto(p: Properties) -> Written:
    """The Crypto node."""
    action = p.get("action", "hash")
    if action == "generate":
        kind = p.get("kind", "uuid")
        length = {} if kind == "uuid" else {"stringLength": p.get("length", 32)}
        return "crypto", 1, {"action": "generate", "encodingType": kind, **length, **_named(p)}
    encoding = {"encoding": p.get("encoding", "hex")}
    if action == "sign":
        name = f"RSA-{_HASHES.get(str(p.get('algorithm', 'sha256')), 'SHA256')}"
        key = {"algorithm": name, "privateKey": p.get("private_key", "")}
        return "crypto", 1, {"action": "sign", "value": p.get("value", ""), **key, **encoding, **_named(p)}
    written: dict[str, Any] = {
        "action": action,
        "type": _HASHES.get(str(p.get("algorithm", "sha256")), "SHA256"),
        **encoding,
        **_named(p),
    }
    if p.get("take") == "file":
        written |= {"binaryData": True, "binaryPropertyName": p.get("file", "data")}
    else:
        written["value"] = p.get("value", "")
    if action == "hmac":
        written["secret"] = p.get("secret", "")
    return "crypto", 1, written


def write_html(p: Properties) -> Written:
    """The HTML node."""
    if p.get("action") == "template":
        return "html", 1.2, {"html": p.get("template", "")}
    takes = {"text": "text", "html": "html", "attribute": "attribute", "value": "value"}
    rows = [
        only_given(
            key=row.get("name", ""),
            cssSelector=row.get("selector", ""),
            returnValue=takes.get(str(row.get("take", "text")), "text"),
            attribute=row.get("attribute") or None,
            skipSelectors=row.get("skip") or None,
            returnArray=True if row.get("as_list") else None,
        )
        for row in rows_of(p, "fields")
    ]
    parameters: dict[str, Any] = {
        "operation": "extractHtmlContent",
        "dataPropertyName": p.get("field", "data"),
        "extractionValues": {"values": rows},
    }
    if p.get("take_from") == "file":
        parameters["sourceData"] = "binary"
    options = options_of(
        trimValues=False if p.get("trim") is False else None,
        cleanUpText=None
        if p.get("texts", "together") != "raw" and p.get("tidy") is not False
        else bool(p.get("tidy", True)),
    )
    return "html", 1.1 if p.get("texts") == "raw" else 1.2, parameters | options


def write_html_table(p: Properties) -> Written:
    """The HTML node, making a table."""
    options = options_of(
        capitalize=True if p.get("capitalize") else None,
        caption=p.get("caption") or None,
        tableStyle=p.get("table_style") or None,
    )
    return "html", 1.2, {"operation": "convertToHtmlTable", **options}


def write_markdown(p: Properties) -> Written:
    """The Markdown node."""
    name = {"destinationKey": p.get("output_name", "data")}
    if p.get("mode", "to_html") == "to_markdown":
        marks = options_of(
            bulletMarker=p.get("bullet"),
            codeFence=p.get("fence"),
            emDelimiter=p.get("emphasis_mark"),
            strongDelimiter=p.get("strong_mark"),
        )
        return "markdown", 1, {"mode": "htmlToMarkdown", "html": p.get("text", ""), **name, **marks}
    options = options_of(
        tables=True if p.get("tables") else None,
        strikethrough=True if p.get("strikethrough") else None,
        simpleLineBreaks=True if p.get("breaks") else None,
        noHeaderId=True if p.get("heading_ids") is False else None,
    )
    return "markdown", 1, {"mode": "markdownToHtml", "markdown": p.get("text", ""), **name, **options}


def write_xml(p: Properties) -> Written:
    """The XML node."""
    names = {"attrkey": p.get("attribute_key"), "charkey": p.get("text_key")}
    field = {"dataPropertyName": p.get("field", "data")}
    if p.get("mode") == "write":
        options = options_of(
            **names,
            rootName=p.get("root_name"),
            headless=True if p.get("headless") else None,
            cdata=True if p.get("cdata") else None,
        )
        return "xml", 1, {"mode": "jsonToxml", **field, **options}
    options = options_of(
        **names,
        explicitArray=True if p.get("always_lists") else None,
        explicitRoot=False if p.get("with_root") is False else None,
        ignoreAttrs=True if p.get("skip_attributes") else None,
        mergeAttrs=False if p.get("merge_attributes") is False else None,
        normalize=True if p.get("normalize") else None,
        normalizeTags=True if p.get("lower_names") else None,
        trim=True if p.get("trim") else None,
    )
    return "xml", 1, {"mode": "xmlToJson", **field, **options}


def write_convert_to_file(p: Properties) -> Written:
    """The Convert to File node."""
    format_ = str(p.get("format", "csv"))
    table = format_ in ("csv", "xlsx")
    parameters: dict[str, Any] = {
        "operation": _WRITE.get(format_, "csv"),
        "binaryPropertyName": p.get("file", "data"),
    }
    if format_ == "json" and p.get("each"):
        parameters["mode"] = "each"
    if format_ in ("text", "base64"):
        parameters["sourceProperty"] = p.get("field", "data")
    options = options_of(
        fileName=p.get("file_name") or None,
        mimeType=p.get("mime_type") or None,
        delimiter=p.get("delimiter") if format_ == "csv" else None,
        headerRow=False if table and p.get("header") is False else None,
        sheetName=p.get("sheet") if format_ == "xlsx" else None,
    )
    return "convertToFile", 1.1, parameters | options


def write_extract_from_file(p: Properties) -> Written:
    """The Extract from File node; a table of any kind is read by the one before it."""
    format_ = str(p.get("format", "csv"))
    table = format_ in ("csv", "xlsx", "table")
    parameters: dict[str, Any] = {"binaryPropertyName": p.get("file", "data")}
    first, most = p.get("first_line"), p.get("most", -1)
    in_text = format_ != "xlsx"
    options: dict[str, Any] = only_given(
        encoding=p.get("encoding") if in_text and format_ != "table" else None,
        delimiter=p.get("delimiter") if format_ in ("csv", "table") else None,
        headerRow=False if table and p.get("header") is False else None,
        fromLine=first + 1 if isinstance(first, int) and first else None,
        maxRowCount=most if most != -1 and format_ != "xlsx" else None,
        includeEmptyCells=True if table and p.get("include_empty") is not False else None,
        sheetName=p.get("sheet") or None if format_ in ("xlsx", "table") else None,
        keepSource="json" if p.get("keep_fields") else None,
    )
    if format_ == "table":
        return "spreadsheetFile", 2, {"operation": "fromFile", **parameters, "options": options}
    parameters["operation"] = _READ.get(format_, "csv")
    if not table:
        parameters["destinationKey"] = p.get("destination", "data")
    return "extractFromFile", 1, parameters | {"options": options}


def write_compression(p: Properties) -> Written:
    """The Compression node."""
    files = {"binaryPropertyName": p.get("files", "data")}
    if p.get("action", "decompress") == "decompress":
        return (
            "compression",
            1.1,
            {"operation": "decompress", **files, "outputPrefix": p.get("prefix", "file_")},
        )
    format_ = p.get("format", "zip")
    name = {"fileName": p.get("file_name", "data.zip")} if format_ == "zip" else {}
    made = {"outputFormat": format_, **name, "binaryPropertyOutput": p.get("output", "data")}
    return "compression", 1.1, {"operation": "compress", **files, **made}
