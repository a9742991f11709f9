"""Our nodes for HTTP in n8n's words."""

from __future__ import annotations

from typing import Any

from flowstudio.interop.n8n.converted import Properties, only_given
from flowstudio.interop.n8n.written import Written, options_of, rows_of


def _pairs(p: Properties, name: str) -> list[dict[str, Any]]:
    return [{"name": row.get("name", ""), "value": row.get("value", "")} for row in rows_of(p, name)]


def write_http(p: Properties) -> Written:
    """The HTTP Request node."""
    parameters: dict[str, Any] = {"method": p.get("method", "GET"), "url": p.get("url", "")}
    if p.get("authentication") == "credential":
        parameters["authentication"] = "genericCredentialType"
    for ours, flag, kind, pairs, text in (
        ("query", "sendQuery", "specifyQuery", "queryParameters", "jsonQuery"),
        ("headers", "sendHeaders", "specifyHeaders", "headerParameters", "jsonHeaders"),
    ):
        if p.get(f"{ours}_mode") == "json":
            parameters |= {flag: True, kind: "json", text: p.get(f"{ours}_json", "")}
        elif p.get(ours):
            parameters |= {flag: True, pairs: {"parameters": _pairs(p, ours)}}
    parameters |= _http_body(p)
    response = only_given(
        fullResponse=True if p.get("full_response") else None,
        neverError=True if p.get("never_error") else None,
        responseFormat={"auto": "autodetect"}.get(str(p["response_format"]), p["response_format"])
        if p.get("response_format")
        else None,
        outputPropertyName=p.get("response_field"),
    )
    timeout, interval = p.get("timeout"), p.get("batch_interval")
    batch = only_given(
        batchSize=p.get("batch_size"),
        batchInterval=round(interval * 1000) if isinstance(interval, int | float) else None,
    )
    redirect = only_given(
        followRedirects=False if p.get("follow_redirects") is False else None,
        maxRedirects=p.get("max_redirects"),
    )
    options = options_of(
        batching={"batch": batch} if batch else None,
        redirect={"redirect": redirect} if redirect else None,
        response={"response": response} if response else None,
        timeout=round(timeout * 1000) if isinstance(timeout, int | float) else None,
        allowUnauthorizedCerts=True if p.get("ignore_ssl_issues") else None,
        queryParameterArrays=p.get("query_arrays"),
        lowercaseHeaders=False if p.get("lowercase_headers") is False else None,
    )
    return "httpRequest", 4.2, parameters | options


def _http_body(p: Properties) -> dict[str, Any]:
    body = p.get("body")
    if not body or body == "none":
        return {}
    send: dict[str, Any] = {"sendBody": True}
    if body == "raw":
        return send | only_given(
            contentType="raw", body=p.get("body_text", ""), rawContentType=p.get("body_content_type")
        )
    if body == "binary":
        return send | {"contentType": "binaryData", "inputDataFieldName": p.get("body_file", "data")}
    if body == "form":
        send["contentType"] = "form-urlencoded"
    if body == "multipart":
        rows = [
            {
                "parameterType": "formBinaryData",
                "name": row.get("name", ""),
                "inputDataFieldName": row.get("file", "data"),
            }
            if row.get("kind") == "file"
            else {"name": row.get("name", ""), "value": row.get("value", "")}
            for row in rows_of(p, "body_fields")
        ]
        return send | {"contentType": "multipart-form-data", "bodyParameters": {"parameters": rows}}
    if p.get("body_mode") == "json":
        return send | {"specifyBody": "json", "jsonBody": p.get("body_json", "")}
    return send | {"bodyParameters": {"parameters": _pairs(p, "body_fields")}}


def write_webhook(p: Properties) -> Written:
    """The Webhook node."""
    ways = {"immediately": "onReceived", "last-node": "lastNode", "respond-node": "responseNode"}
    callers = {"basic": "basicAuth", "header": "headerAuth", "jwt": "jwtAuth"}
    data = {
        "first_item": "firstEntryJson",
        "all_items": "allEntries",
        "binary": "firstEntryBinary",
        "no_data": "noData",
    }
    parameters = only_given(
        httpMethod=p.get("method", "GET"),
        path=p.get("path", ""),
        authentication=callers.get(str(p.get("authentication"))),
        responseMode=ways.get(str(p.get("respond", "immediately")), "onReceived"),
        responseData=data.get(str(p.get("response_data"))),
        multipleMethods=True if isinstance(p.get("method"), list) else None,
    )
    code = {"values": {"responseCode": p["response_code"]}} if p.get("response_code") else None
    headers = {"entries": _pairs(p, "response_headers")} if p.get("response_headers") else None
    return (
        "webhook",
        2,
        parameters
        | options_of(
            responseCode=code,
            responseHeaders=headers,
            responseData=p.get("response_text") or None,
            responsePropertyName=p.get("response_field"),
            responseContentType=p.get("response_content_type"),
            allowedOrigins=p.get("allowed_origins"),
            rawBody=True if p.get("raw_body") else None,
        ),
    )


def write_respond(p: Properties) -> Written:
    """The Respond to Webhook node."""
    ways = {
        "all_items": "allIncomingItems",
        "first_item": "firstIncomingItem",
        "json": "json",
        "text": "text",
        "binary": "binary",
        "redirect": "redirect",
        "jwt": "jwt",
        "no_data": "noData",
    }
    parameters = only_given(
        respondWith=ways.get(str(p.get("respond_with", "first_item")), "firstIncomingItem"),
        responseBody=p.get("json", p.get("text")),
        inputFieldName=p.get("binary"),
        redirectURL=p.get("url"),
        payload=p.get("claims"),
    )
    headers = {"entries": _pairs(p, "headers")} if p.get("headers") else None
    return (
        "respondToWebhook",
        1.1,
        parameters
        | options_of(responseCode=p.get("status"), responseKey=p.get("field"), responseHeaders=headers),
    )
