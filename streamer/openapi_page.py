"""The OpenAPI document as a page to read: no script, its style from a file, every text escaped."""

from collections.abc import Iterator
from html import escape
from typing import Any

from streamer.problems import TABLE

POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

STYLE = """\
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code { font: 0.92em ui-monospace, monospace; overflow-wrap: anywhere; }
section { border-top: 1px solid var(--line); padding: 1rem 0; }
h2 code { font-size: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.8rem 0.3rem 0; }
tr { border-top: 1px solid var(--line); }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; }
"""


def render(document: dict[str, Any]) -> str:
    """The whole page."""
    info = document["info"]
    return "".join(
        (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(info['title'])} API</title>",
            '<link rel="stylesheet" href="/api/docs.css"></head><body><main>',
            f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>",
            f"<p>{_text(info['description'])}</p>",
            '<p>As a document for programs: <a href="/api/openapi.json">/api/openapi.json</a></p>',
            *_operations(document),
            *_schemas(document),
            *_problems(),
            "</main></body></html>\n",
        )
    )


def _operations(document: dict[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f'<section id="{escape(operation["operationId"])}">'
            yield f'<h2><code><span class="method">{method.upper()}</span> {escape(path)}</code></h2>'
            yield f"<p>{_text(operation['summary'])}</p>"
            if "description" in operation:
                yield f"<p>{_text(operation['description'])}</p>"
            for parameter in operation.get("parameters", ()):
                yield _parameter(parameter)
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                yield f"<p>Body <code>{escape(media_type)}</code>: {_text(content['x-description'])}</p>"
            yield "<table><tr><th>Status<th>Meaning<th>Content</tr>"
            for status, reply in operation["responses"].items():
                content = ", ".join(_content(kind, body) for kind, body in reply.get("content", {}).items())
                yield f"<tr><td>{escape(status)}<td>{_text(reply['description'])}<td>{content}</tr>"
            yield "</table></section>"


def _parameter(parameter: dict[str, Any]) -> str:
    bounds = ", ".join(f"{key} {value}" for key, value in parameter["schema"].items() if key != "anyOf")
    return (
        f"<p><code>{escape(parameter['name'])}</code> ({escape(parameter['in'])}): "
        f"{_text(parameter['description'])} <small>{escape(bounds)}</small></p>"
    )


def _content(media_type: str, body: dict[str, Any]) -> str:
    reference = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
    link = f' <a href="#schema-{escape(reference)}">{escape(reference)}</a>' if reference else ""
    return f"<code>{escape(media_type)}</code>{link}"


def _schemas(document: dict[str, Any]) -> Iterator[str]:
    yield "<h1>Types</h1>"
    for name, schema in document["components"]["schemas"].items():
        yield f'<section id="schema-{escape(name)}"><h2><code>{escape(name)}</code></h2>'
        yield f"<p>{_text(schema.get('description', ''))}</p><table><tr><th>Field<th>Type</tr>"
        for field, kind in schema.get("properties", {}).items():
            yield f"<tr><td><code>{escape(field)}</code><td>{escape(_kind(kind))}</tr>"
        yield "</table></section>"


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(option) for option in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " or ".join(f'"{value}"' for value in schema["enum"])
    if "prefixItems" in schema:
        return f"list of {len(schema['prefixItems'])}: {', '.join(map(_kind, schema['prefixItems']))}"
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return str(schema.get("type", "anything"))


def _problems() -> Iterator[str]:
    yield "<h1>Problems</h1>"
    for problem, (status, slug, title) in TABLE.items():
        yield f'<section id="{slug}"><h2>{status} {escape(title)}</h2>'
        yield f"<p>{_text(problem.__doc__ or '')}</p></section>"


def _text(text: str) -> str:
    """Escaped text, with `code` between backquotes."""
    parts = escape(" ".join(text.split())).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
