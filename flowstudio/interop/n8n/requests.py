"""n8n's nodes for HTTP: HTTP Request, Webhook, Respond to Webhook."""

from __future__ import annotations

import json
import re
from typing import Any

from flowstudio.interop.n8n.converted import Converted, Properties, Source, only_given
from flowstudio.interop.n8n.given import Given

CREDENTIALS = {
    "httpBasicAuth": "Basic auth",
    "httpHeaderAuth": "Header auth",
    "httpBearerAuth": "Bearer token",
    "httpQueryAuth": "Query auth",
    "httpDigestAuth": "Digest auth",
    "jwtAuth": "JWT",
}
"""n8n's kinds of credentials that exist here, by what they are called here."""
_STARTED = '{"message":"Workflow was started"}'
"""What callers of n8n are told at once."""
_HOLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_FORMATS = {"autodetect": "auto", "json": "json", "text": "text", "string": "text", "file": "file"}
_ARRAYS = {"brackets": "brackets", "indices": "indices", "repeat": "repeat"}


def http_request(source: Source) -> Converted:
    """The HTTP Request node; version 3 changed the names of most parameters."""
    converted = _request(source) if source.version >= 3 else _old_request(source)
    if converted.properties.get("authentication") == "credential":
        converted.todo.append(choose_credential(source))
    return converted


def choose_credential(source: Source) -> str:
    """What to say about a credential, which never travels in a file."""
    for kind, name in source.credentials.items():
        label = CREDENTIALS.get(kind)
        if label:
            return f"Choose a credential of the type {label}. In n8n it was '{name}'."
        return (
            f"In n8n this used the account '{name}' ({kind}). Make a credential with the service's token or key and "
            "choose it here."
        )
    return "Choose the credential that the service asks for."


def _pairs(rows: Any) -> list[Properties]:
    return [{"name": row.text("name"), "value": row.value("value", "")} for row in rows]


def _request(source: Source) -> Converted:
    given = source.parameters
    given.skip("genericAuthType", "nodeCredentialType", "curlImport", "infoMessage", "preBuiltAgentsCallout")
    properties = only_given(
        method=given.text("method", "GET"),
        url=given.value("url"),
        authentication=None if given.text("authentication", "none") == "none" else "credential",
    )
    if given.flag("sendQuery"):
        if given.text("specifyQuery", "keypair") == "json":
            properties |= {"query_mode": "json", "query_json": given.value("jsonQuery")}
        else:
            properties["query"] = _pairs(given.part("queryParameters").rows("parameters"))
    if given.flag("sendHeaders"):
        if given.text("specifyHeaders", "keypair") == "json":
            properties |= {"headers_mode": "json", "headers_json": given.value("jsonHeaders")}
        else:
            properties["headers"] = _pairs(given.part("headerParameters").rows("parameters"))
    given.skip(
        "specifyQuery", "jsonQuery", "queryParameters", "specifyHeaders", "jsonHeaders", "headerParameters"
    )
    if given.flag("sendBody"):
        properties |= _body(given)
    given.skip(
        "contentType",
        "specifyBody",
        "jsonBody",
        "body",
        "bodyParameters",
        "rawContentType",
        "inputDataFieldName",
    )
    return Converted("http-request", properties | _options(given.part("options")))


def _body(given: Given) -> Properties:
    match given.text("contentType", "json"):
        case "raw":
            return only_given(
                body="raw", body_text=given.value("body"), body_content_type=given.value("rawContentType")
            )
        case "binaryData":
            return {"body": "binary", "body_file": given.text("inputDataFieldName", "data")}
        case "multipart-form-data":
            rows = given.part("bodyParameters").rows("parameters")
            return {"body": "multipart", "body_fields": [_form_field(row) for row in rows]}
        case kind:
            body = "form" if kind == "form-urlencoded" else "json"
    specified = given.text("specifyBody", "keypair")
    if specified == "json":
        return only_given(body=body, body_mode="json", body_json=given.value("jsonBody"))
    if specified == "string":
        return only_given(
            body="raw", body_text=given.value("body"), body_content_type="application/x-www-form-urlencoded"
        )
    fields = [{"kind": "text", **pair} for pair in _pairs(given.part("bodyParameters").rows("parameters"))]
    return {"body": body, "body_fields": fields}


def _form_field(row: Given) -> Properties:
    if row.text("parameterType", "formData") == "formBinaryData":
        return {"name": row.text("name"), "kind": "file", "file": row.text("inputDataFieldName", "data")}
    return {"name": row.text("name"), "kind": "text", "value": row.value("value", "")}


def _options(options: Given) -> Properties:
    batch = options.part("batching", "batch")
    redirect = options.part("redirect", "redirect")
    response = options.part("response", "response")
    properties = only_given(
        query_arrays=options.choice("queryParameterArrays", _ARRAYS, None),
        ignore_ssl_issues=options.flag("allowUnauthorizedCerts") or None,
        lowercase_headers=None if options.flag("lowercaseHeaders", True) else False,
        batch_size=batch.value("batchSize"),
        timeout=_seconds(options.value("timeout")),
        batch_interval=_seconds(batch.value("batchInterval")),
        follow_redirects=None if redirect.flag("followRedirects", True) else False,
        max_redirects=redirect.value("maxRedirects"),
        full_response=response.flag("fullResponse") or None,
        never_error=response.flag("neverError") or None,
        response_format=response.choice("responseFormat", _FORMATS, None),
        response_field=response.value("outputPropertyName"),
    )
    if properties.get("batch_size") == -1:
        del properties["batch_size"]
    return properties | _pagination(options.part("pagination", "pagination"))


def _pagination(given: Given) -> Properties:
    modes = {
        "off": "off",
        "updateAParameterInEachRequest": "update_parameter",
        "responseContainsNextURL": "next_url",
    }
    mode = given.choice("paginationMode", modes, "off")
    rows = list(given.part("parameters").rows("parameters"))
    if mode == "off":
        given.skip("nextURL", "paginationCompleteWhen", "statusCodesWhenComplete", "completeExpression")
        given.skip("limitPagesFetched", "maxRequests", "requestInterval")
        return {}
    places = {"qs": "query", "query": "query", "headers": "headers", "body": "body"}
    ends = {"responseIsEmpty": "empty", "receiveSpecificStatusCodes": "status", "other": "expression"}
    return only_given(
        pagination=mode,
        next_url=given.value("nextURL"),
        page_parameters=[
            {
                "place": row.choice("type", places, "query"),
                "name": row.text("name"),
                "value": row.text("value"),
            }
            for row in rows
        ],
        complete_when=given.choice("paginationCompleteWhen", ends, "empty"),
        complete_status_codes=given.value("statusCodesWhenComplete"),
        complete_expression=given.value("completeExpression"),
        max_pages=given.value("maxRequests", 100) if given.flag("limitPagesFetched") else None,
        page_interval=_seconds(given.value("requestInterval")),
    )


def _seconds(milliseconds: Any) -> float | None:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float) or milliseconds <= 0:
        return None
    return milliseconds / 1000


def _old_request(source: Source) -> Converted:
    """Versions 1 and 2."""
    given = source.parameters
    given.skip("nodeCredentialType", "genericAuthType")
    options = given.part("options")
    as_json = given.flag("jsonParameters")
    properties = only_given(
        method=given.text("requestMethod", "GET"),
        url=given.value("url"),
        authentication=None if given.text("authentication", "none") == "none" else "credential",
        response_format=given.choice("responseFormat", _FORMATS, "json"),
        response_field=given.value("dataPropertyName"),
        ignore_ssl_issues=given.flag("allowUnauthorizedCerts") or None,
        full_response=options.flag("fullResponse") or None,
        never_error=options.flag("ignoreResponseCode") or None,
        follow_redirects=None if options.flag("followRedirect", True) else False,
        timeout=_seconds(options.value("timeout")),
        batch_size=options.value("batchSize"),
        batch_interval=_seconds(options.value("batchInterval")),
    )
    options.skip("followAllRedirects", "splitIntoItems")
    for ours, theirs in (("query", "queryParameters"), ("headers", "headerParameters")):
        if as_json and (text := given.value(f"{theirs}Json")):
            properties |= {f"{ours}_mode": "json", f"{ours}_json": text}
        elif rows := _pairs(given.part(f"{theirs}Ui").rows("parameter")):
            properties[ours] = rows
    if given.flag("sendBinaryData"):
        properties |= {"body": "binary", "body_file": given.text("binaryPropertyName", "data")}
    elif as_json and (text := given.value("bodyParametersJson")):
        properties |= {"body": "json", "body_mode": "json", "body_json": text}
    elif rows := _pairs(given.part("bodyParametersUi").rows("parameter")):
        kinds = {"json": "json", "form-urlencoded": "form", "multipart-form-data": "multipart"}
        kind = options.choice("bodyContentType", kinds, "json")
        properties |= {"body": kind, "body_fields": [{"kind": "text", **row} for row in rows]}
    return Converted("http-request", properties)


def graphql(source: Source) -> Converted:
    """The GraphQL node: a request with a query in it."""
    given = source.parameters
    properties: Properties = {"method": "POST", "url": given.value("endpoint", "")}
    headers = _pairs(given.part("headerParametersUi").rows("parameter"))
    query, variables = given.value("query", ""), given.value("variables")
    if given.text("requestMethod", "POST") == "GET":
        properties |= {"method": "GET", "query": [{"name": "query", "value": query}]}
        given.skip("requestFormat", "operationName", "variables")
    elif given.text("requestFormat", "json" if source.version >= 1.1 else "graphql") == "graphql":
        properties |= {"body": "raw", "body_text": query, "body_content_type": "application/graphql"}
        given.skip("operationName", "variables")
    else:
        properties |= {
            "body": "json",
            "body_mode": "json",
            "body_json": _graphql_body(query, variables, given),
        }
    if given.text("responseFormat", "json") == "string":
        properties |= {"response_format": "text", "response_field": given.text("dataPropertyName", "data")}
    elif given.text("responseFormat") != "json":
        properties["response_format"] = "json"
    given.skip("dataPropertyName")
    if headers:
        properties["headers"] = headers
    if given.flag("allowUnauthorizedCerts"):
        properties["ignore_ssl_issues"] = True
    converted = Converted("http-request", properties)
    if given.text("authentication", "none") != "none":
        properties["authentication"] = "credential"
        converted.todo.append(choose_credential(source))
    return converted


def _graphql_body(query: Any, variables: Any, given: Given) -> str:
    """The body as an expression, in which parts that are expressions themselves stay so."""
    name = given.value("operationName", "")
    parts = [f"query: {_script(query)}"]
    if variables not in (None, "", {}):
        parts.append(
            f"variables: ((given) => typeof given === 'string' ? JSON.parse(given) : given)({_script(variables)})"
        )
    if name:
        parts.append(f"operationName: {_script(name)}")
    return f"={{{{ {{ {', '.join(parts)} }} }}}}"


def _script(value: Any) -> str:
    """A parameter as JavaScript."""
    if not (isinstance(value, str) and value.startswith("=")):
        return json.dumps(value)
    text = value[1:].strip()
    if text.startswith("{{") and text.endswith("}}") and text.count("{{") == 1:
        return f"({text[2:-2].strip()})"
    pieces = _HOLE.split(value[1:])
    return " + ".join(
        f"({piece.strip()})" if place % 2 else json.dumps(piece)
        for place, piece in enumerate(pieces)
        if piece
    )


def webhook(source: Source) -> Converted:
    """The Webhook node."""
    given = source.parameters
    options = given.part("options")
    method = given.value("httpMethod", "GET")
    code = options.part("responseCode", "values")
    status = (
        code.value("customCode") if code.text("responseCode") == "customCode" else code.value("responseCode")
    )
    given.skip("multipleMethods")
    ways = {
        "onReceived": "immediately",
        "lastNode": "last-node",
        "responseNode": "respond-node",
        "streaming": "stream",
    }
    data = {
        "firstEntryJson": "first_item",
        "allEntries": "all_items",
        "firstEntryBinary": "binary",
        "noData": "no_data",
    }
    callers = {"none": "none", "basicAuth": "basic", "headerAuth": "header", "jwtAuth": "jwt"}
    properties = only_given(
        path=given.text("path"),
        method=method if isinstance(method, str | list) else "GET",
        authentication=given.choice("authentication", callers, "none"),
        respond=given.choice("responseMode", ways, "immediately"),
        response_data=given.choice("responseData", data, None),
        response_field=options.value("responsePropertyName"),
        response_binary=given.value("responseBinaryPropertyName"),
        response_text="" if options.flag("noResponseBody") else options.value("responseData"),
        response_code=_status(given.value("responseCode", status)),
        response_headers=_pairs(options.part("responseHeaders").rows("entries")) or None,
        response_content_type=options.value("responseContentType"),
        allowed_origins=options.value("allowedOrigins"),
        raw_body=options.flag("rawBody") or None,
    )
    if properties["respond"] == "immediately" and "response_text" not in properties:
        properties |= {"response_text": _STARTED, "response_content_type": "application/json"}
    options.skip("binaryData", "binaryPropertyName")
    todo = [] if properties["authentication"] == "none" else [choose_credential(source)]
    return Converted("webhook", properties, todo=todo)


def _status(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) == 3:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 200 <= value <= 599 else None


def respond(source: Source) -> Converted:
    """The Respond to Webhook node."""
    given = source.parameters
    options = given.part("options")
    ways = {
        "allIncomingItems": "all_items",
        "firstIncomingItem": "first_item",
        "json": "json",
        "text": "text",
        "binary": "binary",
        "redirect": "redirect",
        "jwt": "jwt",
        "noData": "no_data",
    }
    way = given.choice("respondWith", ways, "first_item")
    body = given.value("responseBody")
    properties = only_given(
        respond_with=way,
        field=options.value("responseKey"),
        json=body if way == "json" else None,
        text=body if way == "text" else None,
        binary=given.value("inputFieldName"),
        url=given.value("redirectURL"),
        claims=given.value("payload"),
        status=options.value("responseCode"),
        headers=_pairs(options.part("responseHeaders").rows("entries")) or None,
    )
    given.skip("responseDataSource", "generalNotice", "webhookNotice")
    todo = [choose_credential(source)] if way == "jwt" else []
    return Converted("respond-to-webhook", properties, todo=todo)
