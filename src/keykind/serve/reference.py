"""The OpenAPI description -> a page that describes every route, and tries it.

In:    the description, as FastAPI gives it
Out:   the page, and its style and script as files of their own: the content security policy allows no others
Needs: nothing beyond Python

Swagger UI and ReDoc, FastAPI's own pages, load megabytes of scripts from other sites. This one works offline,
and without its script, which only adds forms to try the routes.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from keykind.core.html import Html, join, table, tag

PATH = "/docs"
ASSETS = {f"{PATH}/reference.css": "text/css", f"{PATH}/reference.js": "text/javascript"}  # -> media type
METHODS = ("get", "post")
ADDRESS = "http://127.0.0.1:8000"  # in examples; the script puts the service's own in its place
FORM = "multipart/form-data"
OK = "200"

Schema = Mapping[str, Any]


def asset(path: str) -> bytes:
    """Return the content of one of ASSETS."""
    return (files("keykind.serve") / path.rpartition("/")[2]).read_bytes()


def page(description: Schema) -> str:
    """Return the page."""
    info, components = description["info"], description["components"]
    operations = [
        (f"{method.upper()} {path}", _operation(path, method, route[method]))
        for path, route in description["paths"].items()
        for method in METHODS
        if method in route
    ]
    schemas = [_schema(name, schema) for name, schema in components["schemas"].items()]
    links = [tag("li", tag("a", name, href=f"#{_anchor(name)}")) for name, _ in operations]
    others = (
        " For programs: ",
        tag("a", "openapi.json", href="openapi.json"),
        ". ",
        tag("a", "The app", href="."),
    )
    secured = "securitySchemes" in components
    body: list[Html | None] = [
        tag("h1", f"{info['title']} {info['version']}: HTTP API"),
        tag("p", info["description"], others, "."),
        tag("nav", tag("ul", links)),
        _key_form() if secured else None,
        *(section for _, section in operations),
        tag("h2", "Objects"),
        *schemas,
    ]
    return _document(f"{info['title']}: HTTP API", tag("main", body))


def _document(title: str, body: Html) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{tag("title", title)}
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/reference.css">
<script src="docs/reference.js" defer></script>
</head>
<body>{body}</body>
</html>
"""


def _operation(path: str, method: str, operation: Schema) -> Html:
    """Return the section of a route: what it takes, an example, a form to try it, and its responses."""
    name, parameters = f"{method.upper()} {path}", operation.get("parameters", [])
    content = operation.get("requestBody", {}).get("content", {})
    responses = operation["responses"]
    ok = responses[OK].get("content", {}).get("application/json", {}).get("schema", {})
    problems = [[status, response["description"]] for status, response in responses.items() if status != OK]
    body = (
        tag("h2", name),
        tag("p", operation["description"]),
        _parameters(parameters),
        tag(
            "p",
            "Body: a photo (",
            _list(kind for kind in content if kind != FORM),
            f"), or {FORM} with files.",
        )
        if content
        else None,
        tag("pre", tag("code", _example(path, bool(content)))),
        _try_form(path, method, parameters, bool(content)),
        tag("p", "Response: ", _type(ok) if ok else responses[OK]["description"], "."),
        tag("details", tag("summary", "Errors"), table(("status", "meaning"), problems))
        if problems
        else None,
    )
    return tag("section", body, id=_anchor(name))


def _parameters(parameters: list[Schema]) -> Html | None:
    rows = [
        [tag("code", each["name"]), _type(each["schema"]), _marked(each.get("description", ""))]
        for each in parameters
    ]
    return table(("parameter", "type", "meaning"), rows) if rows else None


def _marked(text: str) -> Html:
    """Return a description, in which what is between backticks is code, as in Markdown."""
    parts = text.split("`")
    return join(tag("code", part) if i % 2 else part for i, part in enumerate(parts))


def _example(path: str, has_body: bool) -> str:
    return f"curl {'--form photo=@photo.jpg ' if has_body else ''}{ADDRESS}{path}"


def _try_form(path: str, method: str, parameters: list[Schema], has_body: bool) -> Html:
    """Return a form, hidden unless the script runs: the content security policy forbids to submit it."""
    fields = [_field(parameter["name"], name_=parameter["name"]) for parameter in parameters]
    photos = _field("photos", type="file", multiple="", accept="image/*") if has_body else None
    button = tag("button", "Try it", type="submit")
    output = tag("div", class_="result", role="status")
    return tag(
        "form", photos, fields, button, output, hidden="", **{"data-path": path, "data-method": method}
    )


def _key_form() -> Html:
    return tag("form", _field("API key, for the forms below", id="api-key", type="password"), hidden="")


def _field(label: str, **attributes: str) -> Html:
    return tag("label", f"{label} ", Html(tag("input", **attributes).removesuffix("</input>")))


def _schema(name: str, schema: Schema) -> Html:
    """Return the section of an object: its entries."""
    rows = [
        [tag("code", entry), _type(value), value.get("description", ""), _examples(value)]
        for entry, value in schema.get("properties", {}).items()
    ]
    head = ("entry", "type", "meaning", "example")
    return tag(
        "section", tag("h3", name), tag("p", schema.get("description")), table(head, rows), id=_anchor(name)
    )


def _type(schema: Schema) -> Html:
    """Return the type of a value as text, with a link to an object."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return tag("a", name, href=f"#{_anchor(name)}")
    if "anyOf" in schema:
        return _list(map(_type, schema["anyOf"]), " or ")
    if "enum" in schema:
        return _list(map(json.dumps, schema["enum"]), " or ")
    if schema.get("type") == "array":
        each = schema.get("prefixItems")  # of a list of fixed length
        count, items = (f"{len(each)} ", each[0]) if each else ("", schema.get("items"))
        return join((f"list of {count}", _type(items))) if items else Html("list")
    return join([schema.get("type", "any")])


def _examples(schema: Schema) -> Html | None:
    examples = [json.dumps(example, ensure_ascii=False) for example in schema.get("examples", [])]
    return tag("code", examples[0]) if examples else None


def _list(parts: Any, separator: str = ", ") -> Html:
    """Return parts, text or HTML, with a separator between them."""
    return join([part if i == 0 else join((separator, part)) for i, part in enumerate(parts)])


def _anchor(name: str) -> str:
    return name.replace(" ", "").replace("/", "-").lower()
