"""Checks a call and its answer against `schema/platforms/*.openapi.yaml`.

Adapters and sandbox are written apart; both are held against these documents, so that a call that neither should make
does not pass because both believe in it. A failure is an AssertionError that names the operation and the place, never
the value, which may be somebody's number.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
import yaml

DOCUMENTS = Path(__file__).parent.parent / "schema" / "platforms"


@cache
def document(platform: str) -> dict[str, Any]:
    """The platform's description, with every local `$ref` replaced by what it points to."""
    loaded = yaml.safe_load((DOCUMENTS / f"{platform}.openapi.yaml").read_text(encoding="utf-8"))
    resolved: dict[str, Any] = _resolved(loaded, loaded)
    return resolved


def _resolved(node: Any, root: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolved(one, root) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        return {name: _resolved(one, root) for name, one in node.items()}
    target: Any = root
    for step in str(node["$ref"]).removeprefix("#/").split("/"):
        target = target[step]
    beside = {name: one for name, one in node.items() if name != "$ref"}
    return _resolved(target, root) | _resolved(beside, root)


def operation(platform: str, method: str, path_with_query: str) -> tuple[str, dict[str, Any], dict[str, str]]:
    """The documented key, the operation under it, and the parameters found in the path."""
    path, _, query = path_with_query.partition("?")
    wanted = dict(parse_qsl(query, keep_blank_values=True))
    for key, item in document(platform)["paths"].items():
        pattern, _, told_apart_by = key.partition("?")
        found = re.fullmatch(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(pattern)), path)
        if found and dict(parse_qsl(told_apart_by)).items() <= wanted.items() and method.lower() in item:
            return f"{method} {key}", item[method.lower()], found.groupdict()
    raise AssertionError(f"{platform}: {method} {path} with {sorted(wanted)} is not a call that we make")


def check_request(
    platform: str,
    method: str,
    path_with_query: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    content_type: str | None = None,
) -> None:
    """Hold a request against the document; `path_with_query` begins with the vendor's own path (`/api/v2/…`)."""
    name, described, in_path = operation(platform, method, path_with_query)
    _check_security(platform, name, described, {key.lower(): value for key, value in headers.items()})
    _check_parameters(name, described, path_with_query, in_path)
    wanted = described.get("requestBody")
    if not body:
        assert not (wanted and wanted.get("required")), f"{name}: the body is missing"
        return
    assert wanted, f"{name}: takes no body"
    media = _media(name, wanted["content"], content_type or "")
    _check(name, wanted["content"][media]["schema"], _value(media, body, content_type or ""))


def check_response(
    platform: str, method: str, path_with_query: str, status: int, body: bytes, content_type: str | None
) -> None:
    """Hold an answer against the document."""
    name, described, _ = operation(platform, method, path_with_query)
    responses = described["responses"]
    told = responses.get(str(status), responses.get("default"))
    assert told is not None, f"{name}: HTTP {status} is not described"
    if "content" not in told:
        return
    media = _media(name, told["content"], content_type or "")
    _check(f"{name} → {status}", told["content"][media]["schema"], _value(media, body, content_type or ""))


def _check_security(platform: str, name: str, described: dict[str, Any], headers: Mapping[str, str]) -> None:
    schemes = document(platform)["components"]["securitySchemes"]
    for asked in described.get("security", document(platform)["security"]):
        for scheme in (schemes[one] for one in asked):
            header = scheme["name"] if scheme["type"] == "apiKey" else "authorization"
            value = headers.get(header, "")
            if scheme["type"] == "http":
                assert value.lower().startswith(f"{scheme['scheme']} "), f"{name}: no {scheme['scheme']} credential"
            assert value, f"{name}: no header {header}"


def _check_parameters(name: str, described: dict[str, Any], path_with_query: str, in_path: Mapping[str, str]) -> None:
    apart = dict(parse_qsl(name.partition("?")[2]))
    query = dict(parse_qsl(path_with_query.partition("?")[2], keep_blank_values=True))
    query = {key: value for key, value in query.items() if key not in apart}
    known = {one["name"]: one for one in described.get("parameters", ())}
    assert set(query) <= set(known), f"{name}: unknown in the query: {sorted(set(query) - set(known))}"
    for key, parameter in known.items():
        given = query if parameter["in"] == "query" else in_path
        assert key in given or not parameter.get("required"), f"{name}: {key} is missing"
        if key in given:
            _check(f"{name}, {key}", parameter["schema"], given[key])


def _media(name: str, content: Mapping[str, Any], content_type: str) -> str:
    media = content_type.partition(";")[0].strip().lower()
    assert media in content, f"{name}: {media or 'no content type'} where {sorted(content)} is described"
    return media


def _value(media: str, body: bytes, content_type: str) -> Any:
    match media:
        case "application/json":
            return json.loads(body)
        case "application/x-www-form-urlencoded":
            return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        case "multipart/form-data":
            boundary = content_type.partition("boundary=")[2].strip('"').encode()
            names = re.findall(rb'\bname="([^"]*)"', b"".join(part[:300] for part in body.split(boundary)))
            return {one.decode(): "" for one in names}
        case _:
            return body.decode()


def _check(where: str, schema: dict[str, Any], value: Any) -> None:
    error = next(iter(_validator(json.dumps(schema)).iter_errors(value)), None)
    assert error is None, f"{where}: {list(error.instance_path)} breaks {list(error.schema_path)}" if error else ""
    for inner, inner_schema, told in _inside(schema, value):
        _check(f"{where}, {told}", inner_schema, inner)


def _inside(schema: dict[str, Any], value: Any) -> Iterator[tuple[Any, dict[str, Any], str]]:
    """Values that a field carries as text: JSON in a form field, a file in base64."""
    for name, field in schema.get("properties", {}).items():
        if not isinstance(value, dict) or name not in value or not isinstance(field, dict) or "contentSchema" not in field:
            continue
        text = value[name]
        try:
            if field.get("contentEncoding") == "base64":
                text = base64.b64decode(text, validate=True).decode()
            if field.get("contentMediaType") == "application/json":
                text = json.loads(text)
        except (binascii.Error, ValueError) as error:
            raise AssertionError(f"{name} does not hold what it should") from error
        yield text, field["contentSchema"], name


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(schema))
