"""The OpenAPI 3.1 document, from the route table and the types that decode requests and encode answers."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from streamer.payload import JSON
from streamer.problems import (
    MEDIA_TYPE,
    TABLE,
    BodyTooLarge,
    MediaTypeUnsupported,
    OriginRefused,
    Problem,
    ProblemDetails,
    RequestInvalid,
    TokenMissing,
    UploadCut,
    UploadStalled,
)
from streamer.route import Reply, Route

_REF = "#/components/schemas/{name}"
_INTRODUCTION = (
    "Upload a recording, follow it becoming a track, play it over HLS. Errors are RFC 9457 problem details; "
    "`type` links to what a problem means. Times are integer milliseconds since the Unix epoch, UTC."
)


def document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The document, ready for JSON."""
    types = list(_types(routes))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    refs = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Veza",
            "version": version,
            "summary": "A self-hosted, real-time audio server",
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": 'Made by `veza token NAME`; needed where `uploads` is set to "token".',
                }
            },
        },
    }


def problems_of(route: Route) -> list[type[Problem]]:
    """Everything that a route can answer besides success, in the order of the table."""
    found = set(route.problems)
    if route.query is not None:
        found.add(RequestInvalid)
    if route.json_body is not None:
        found |= {RequestInvalid, MediaTypeUnsupported, BodyTooLarge, UploadCut, UploadStalled}
    if route.writes:
        found |= {OriginRefused, TokenMissing}
    return [problem for problem in TABLE if problem in found]


def _types(routes: Iterable[Route]) -> Iterable[Any]:
    seen: list[Any] = [ProblemDetails]
    for route in routes:
        if route.json_body is not None:
            seen.append(route.json_body)
        for reply in route.replies:
            seen += [type_ for type_ in reply.content.values() if type_ is not None]
    return dict.fromkeys(seen)


def _operation(route: Route, refs: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "responses": _responses(route, refs),
    }
    if route.description:
        operation["description"] = route.description
    parameters = [_parameter("path", name, meaning) for name, meaning in route.parameters.items()]
    parameters += _query_parameters(route)
    parameters += [_parameter("header", name, meaning) for name, meaning in route.headers.items()]
    if parameters:
        operation["parameters"] = parameters
    if route.body or route.json_body is not None:
        content = {
            media_type: {"schema": _body_schema(media_type, route, refs), "x-description": meaning}
            for media_type, meaning in route.body.items()
        }
        if route.json_body is not None:
            meaning = f"{route.json_body.__name__}: {route.json_body.__doc__}"
            content[JSON] = {"schema": refs[route.json_body], "x-description": meaning}
        operation["requestBody"] = {"required": not route.body_optional, "content": content}
    if TokenMissing in problems_of(route):
        operation["security"] = [{}, {"token": []}]
    return operation


def _parameter(place: str, name: str, meaning: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": meaning,
        "schema": {"type": "string"},
    }


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = msgspec.json.schema_components([route.query], ref_template=_REF)[1][route.query.__name__]
    parameters = []
    for name, given in schema["properties"].items():
        described = dict(given)
        meaning = described.pop("description", "")
        parameters.append({"name": name, "in": "query", "description": meaning, "schema": described})
    return parameters


def _body_schema(media_type: str, route: Route, refs: dict[Any, Any]) -> Any:
    if media_type.endswith("+json"):
        return refs[route.json_body]
    if media_type == "multipart/form-data":
        return {
            "type": "object",
            "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
            "required": ["file"],
        }
    return {}


def _responses(route: Route, refs: dict[Any, Any]) -> dict[str, Any]:
    responses = {str(reply.status): _success(reply, refs) for reply in route.replies}
    by_status: dict[int, list[type[Problem]]] = {}
    for problem in problems_of(route):
        by_status.setdefault(TABLE[problem][0], []).append(problem)
    for status, problems in sorted(by_status.items()):
        responses[str(status)] = {
            "description": " Or: ".join(problem.__doc__ or "" for problem in problems),
            "content": {MEDIA_TYPE: {"schema": refs[ProblemDetails]}},
        }
    return responses


def _success(reply: Reply, refs: dict[Any, Any]) -> dict[str, Any]:
    content = {
        media_type: {"schema": refs[type_]} if type_ is not None else {}
        for media_type, type_ in reply.content.items()
    }
    headers = {
        name: {"description": meaning, "schema": {"type": "string"}}
        for name, meaning in reply.headers.items()
    }
    described: dict[str, Any] = {"description": reply.description}
    return described | ({"content": content} if content else {}) | ({"headers": headers} if headers else {})
