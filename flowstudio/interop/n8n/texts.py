"""n8n's nodes for texts and files: Crypto, HTML, Markdown, XML, Convert to File, Extract from File and what they replaced."""

from __future__ import annotations

from flowstudio.interop.n8n.converted import Converted, Properties, Source, only_given
from flowstudio.interop.n8n.given import Given

HASHES = {
    "MD5": "md5",
    "SHA1": "sha1",
    "SHA256": "sha256",
    "SHA384": "sha384",
    "SHA512": "sha512",
    "SHA3-256": "sha3-256",
    "SHA3-384": "sha3-384",
    "SHA3-512": "sha3-512",
    "RIPEMD160": "ripemd160",
}
_TAKES = {"text": "text", "html": "html", "attribute": "attribute", "value": "value"}


def unavailable(source: Source, message: str) -> Converted:
    """A step of a type that is here, asked for something that is not."""
    return Converted("not-available", {"original_type": source.type}, [message], available=False)


def crypto(source: Source) -> Converted:
    """The Crypto node."""
    given = source.parameters
    action = given.text("action", "hash")
    if action == "sign":
        return _signed(source)
    found: Properties = {"action": "hash"}
    if action == "generate":
        kinds = {"uuid": "uuid", "ascii": "ascii", "hex": "hex", "base64": "base64"}
        found = {"action": "generate", "kind": given.choice("encodingType", kinds, "uuid")}
        if found["kind"] != "uuid":
            found["length"] = given.number("stringLength", 32)
        given.skip("stringLength")
    else:
        found = {
            "action": action,
            "algorithm": given.choice("type", HASHES, "md5"),
            "encoding": given.choice("encoding", {"hex": "hex", "base64": "base64"}, "hex"),
        }
        if given.flag("binaryData"):
            found |= {"take": "file", "file": given.text("binaryPropertyName", "data")}
        else:
            found["value"] = given.value("value", "")
        if action == "hmac":
            found["secret"] = given.value("secret", "")
        given.skip("value", "binaryPropertyName", "secret")
    return Converted("crypto", found | {"output_name": given.text("dataPropertyName", "data")})


def _signed(source: Source) -> Converted:
    """Signing with a private key; OpenSSL has several names for each way to do it."""
    given = source.parameters
    name = given.text("algorithm", "RSA-SHA256").upper().removeprefix("RSA-")
    algorithm = {theirs.replace("-", ""): ours for theirs, ours in HASHES.items()}.get(name.replace("-", ""))
    if algorithm is None or algorithm == "ripemd160":
        return unavailable(source, f"Signing by '{name}' is not available here.")
    found: Properties = {
        "action": "sign",
        "algorithm": algorithm,
        "value": given.value("value", ""),
        "private_key": given.value("privateKey", ""),
        "encoding": given.choice("encoding", {"hex": "hex", "base64": "base64"}, "hex"),
    }
    given.skip("type", "binaryData", "secret")
    return Converted("crypto", found | {"output_name": given.text("dataPropertyName", "data")})


def html(source: Source) -> Converted:
    """The HTML node, and HTML Extract before it."""
    given = source.parameters
    operation = given.text("operation", "generateHtmlTemplate" if source.type.endswith("html") else "extract")
    if operation == "generateHtmlTemplate":
        text = given.text("html")
        written = text if text.startswith("=") or "{{" not in text else f"={text}"
        return Converted("html", {"action": "template", "template": written})
    if operation == "convertToHtmlTable":
        options = given.part("options")
        properties = only_given(
            capitalize=options.flag("capitalize") or None,
            caption=options.value("caption"),
            table_style=options.value("tableStyle"),
        )
        options.skip("customStyling")
        return Converted("html-table", properties)
    options = given.part("options")
    rows = [_extraction(row) for row in given.part("extractionValues").rows("values")]
    properties = only_given(
        field=given.text("dataPropertyName", "data"),
        take_from="file" if given.text("sourceData", "json") == "binary" else None,
        fields=rows,
        trim=None if options.flag("trimValues", True) else False,
        tidy=None if options.flag("cleanUpText", source.version >= 1.2) else False,
        texts="first" if source.version >= 1.2 else "raw",
    )
    return Converted("html", properties)


def _extraction(row: Given) -> Properties:
    return only_given(
        name=row.text("key"),
        selector=row.text("cssSelector"),
        take=row.choice("returnValue", _TAKES, "text"),
        attribute=row.value("attribute"),
        skip=row.value("skipSelectors"),
        as_list=row.flag("returnArray") or None,
    )


def markdown(source: Source) -> Converted:
    """The Markdown node."""
    given = source.parameters
    options = given.part("options")
    name = given.text("destinationKey", "data") or "data"
    if given.text("mode", "htmlToMarkdown") == "htmlToMarkdown":
        marks = only_given(
            bullet=options.value("bulletMarker"),
            fence=options.value("codeFence"),
            emphasis_mark=options.value("emDelimiter"),
            strong_mark=options.value("strongDelimiter"),
        )
        found: Properties = {"mode": "to_markdown", "text": given.value("html", ""), "output_name": name}
        return Converted("markdown", found | marks)
    properties = only_given(
        mode="to_html",
        text=given.value("markdown", ""),
        output_name=name,
        tables=options.flag("tables") or None,
        strikethrough=options.flag("strikethrough") or None,
        breaks=options.flag("simpleLineBreaks") or None,
        heading_ids=False if options.flag("noHeaderId") else None,
    )
    return Converted("markdown", properties)


def xml(source: Source) -> Converted:
    """The XML node."""
    given = source.parameters
    options = given.part("options")
    field = given.text("dataPropertyName", "data")
    if given.text("mode", "xmlToJson") == "jsonToxml":
        properties = only_given(
            mode="write",
            field=field,
            attribute_key=options.value("attrkey"),
            text_key=options.value("charkey"),
            root_name=options.value("rootName"),
            headless=options.flag("headless") or None,
            cdata=options.flag("cdata") or None,
        )
        options.skip("allowSurrogateChars")
        return Converted("xml", properties)
    properties = only_given(
        field=field,
        attribute_key=options.value("attrkey"),
        text_key=options.value("charkey"),
        always_lists=options.flag("explicitArray") or None,
        with_root=None if options.flag("explicitRoot", True) else False,
        skip_attributes=options.flag("ignoreAttrs") or None,
        merge_attributes=None if options.flag("mergeAttrs", True) else False,
        normalize=options.flag("normalize") or None,
        lower_names=options.flag("normalizeTags") or None,
        trim=options.flag("trim") or None,
    )
    return Converted("xml", properties)


READ_FORMATS = {
    "csv": "csv",
    "xlsx": "xlsx",
    "fromJson": "json",
    "text": "text",
    "binaryToPropery": "base64",
    "xml": "xml",
}
WRITE_FORMATS = {"csv": "csv", "xlsx": "xlsx", "toJson": "json", "toText": "text", "toBinary": "base64"}


def extract_from_file(source: Source) -> Converted:
    """The Extract from File node."""
    given = source.parameters
    operation = given.text("operation", "csv")
    format_ = READ_FORMATS.get(operation)
    if format_ is None:
        return unavailable(source, f"Files of the kind '{operation}' cannot be read here.")
    options = given.part("options")
    properties = only_given(
        format=format_,
        file=given.text("binaryPropertyName", "data"),
        encoding=options.value("encoding"),
    )
    if format_ == "csv":
        properties |= _csv(options)
    elif format_ == "xlsx":
        properties |= _excel(options)
    else:
        properties["destination"] = given.text("destinationKey", "data")
        kept = options.text("keepSource", "binary" if format_ == "base64" else "")
        properties |= {"keep_fields": True} if kept in ("json", "both") else {}
        options.skip("stripBOM")
    return Converted("extract-from-file", properties)


def _csv(options: Given) -> Properties:
    first = options.number("fromLine", 0)
    most = options.number("maxRowCount", -1)
    options.skip("enableBOM", "readAsString", "rawData", "relaxQuotes")
    return only_given(
        delimiter=options.value("delimiter"),
        header=None if options.flag("headerRow", True) else False,
        first_line=max(0, first - 1) or None if isinstance(first, int) else first,
        most=most if most != -1 else None,
        include_empty=None if options.flag("includeEmptyCells") else False,
    )


def _excel(options: Given) -> Properties:
    options.skip("readAsString", "rawData", "enableBOM", "encoding", "delimiter")
    return only_given(
        sheet=options.value("sheetName"),
        header=None if options.flag("headerRow", True) else False,
        include_empty=None if options.flag("includeEmptyCells") else False,
    )


def convert_to_file(source: Source) -> Converted:
    """The Convert to File node."""
    given = source.parameters
    operation = given.text("operation", "csv")
    format_ = WRITE_FORMATS.get(operation)
    if format_ is None:
        return unavailable(source, f"Files of the kind '{operation}' cannot be made here.")
    options = given.part("options")
    properties = only_given(
        format=format_,
        each=True if format_ == "json" and given.text("mode", "once") == "each" else None,
        field=given.text("sourceProperty", "data") if format_ in ("text", "base64") else None,
        file=given.text("binaryPropertyName", "data"),
        file_name=options.value("fileName"),
        mime_type=options.value("mimeType"),
        delimiter=options.value("delimiter") if format_ == "csv" else None,
        header=False if format_ in ("csv", "xlsx") and not options.flag("headerRow", True) else None,
        sheet=options.value("sheetName") if format_ == "xlsx" else None,
    )
    options.skip("addBOM", "encoding", "format", "dataIsBase64", "useRawData")
    given.skip("mode")
    return Converted("convert-to-file", properties)


def spreadsheet_file(source: Source) -> Converted:
    """The Spreadsheet File node, which the two above replaced."""
    given = source.parameters
    options = given.part("options")
    file = given.text("binaryPropertyName", "data")
    if given.text("operation", "fromFile") == "fromFile":
        kind = given.text("fileFormat", "autodetect")
        if kind == "xlsx":
            return Converted("extract-from-file", {"format": "xlsx", "file": file, **_excel(options)})
        if kind not in ("autodetect", "csv"):
            return unavailable(source, f"Files of the kind '{kind}' cannot be read here.")
        format_ = "csv" if kind == "csv" else "table"
        sheet = only_given(sheet=options.value("sheetName"))
        return Converted("extract-from-file", {"format": format_, "file": file, **_csv(options), **sheet})
    kind = given.text("fileFormat", "xls")
    if kind not in ("csv", "xlsx"):
        return unavailable(source, f"Files of the kind '{kind}' cannot be made here.")
    properties = only_given(
        format=kind,
        file=file,
        file_name=options.value("fileName"),
        delimiter=options.value("delimiter") if kind == "csv" else None,
        sheet=options.value("sheetName") if kind == "xlsx" else None,
        header=None if options.flag("headerRow", True) else False,
    )
    return Converted("convert-to-file", properties)


def move_binary(source: Source) -> Converted:
    """The Move Binary Data node, which the two above replaced."""
    given = source.parameters
    options = given.part("options")
    keep = options.flag("keepSource")
    options.skip("encoding", "addBOM", "stripBOM", "mimeType")
    if given.text("mode", "binaryToJson") == "binaryToJson":
        whole = given.flag("setAllData", True)
        as_text = options.flag("keepAsBase64") or not options.flag("jsonParse", whole)
        properties: Properties = {
            "format": "base64" if options.flag("keepAsBase64") else "text" if as_text else "json",
            "file": given.text("sourceKey", "data"),
            "destination": "" if whole else given.text("destinationKey", "data"),
        }
        if not whole:
            properties["keep_fields"] = True
        return Converted("extract-from-file", properties)
    whole = given.flag("convertAllData", True)
    properties = only_given(
        format="json" if whole else "base64" if options.flag("dataIsBase64") else "text",
        each=True if whole else None,
        field=None if whole else given.text("sourceKey", "data"),
        file=given.text("destinationKey", "data"),
        file_name=options.value("fileName"),
        keep="all" if keep else None if whole else "others",
    )
    given.skip("sourceKey")
    options.skip("useRawData")
    return Converted("convert-to-file", properties)


def compression(source: Source) -> Converted:
    """The Compression node."""
    given = source.parameters
    files = given.text("binaryPropertyName", "data")
    if given.text("operation", "decompress") == "decompress":
        prefix = given.text("outputPrefix", "file_")
        return Converted("compression", {"action": "decompress", "files": files, "prefix": prefix})
    format_ = given.choice("outputFormat", {"zip": "zip", "gzip": "gzip"}, "zip")
    properties = only_given(
        action="compress",
        files=files,
        format=format_,
        file_name=given.value("fileName") if format_ == "zip" else None,
        output=given.text("binaryPropertyOutput") or given.text("outputPrefix") or "data",
    )
    given.skip("fileName")
    return Converted("compression", properties)
