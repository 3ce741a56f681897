"""The YAML of a data.yaml -> dicts, lists and texts.

In:    YAML of mappings, lists and texts, indented or in brackets, as YOLO's tools write it
Out:   dicts, lists and str; BadYaml, with the line, for anything else: anchors, tags, texts of several lines
Needs: nothing beyond Python
"""

import json
import re
from collections.abc import Iterator
from typing import Any

UNSUPPORTED = tuple("&*!|>%@`")  # first characters of anchors, tags, texts of several lines
_QUOTED = r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*\""""
QUOTED = re.compile(_QUOTED)
BRACKET = re.compile(
    rf"\s*(?:- |(?:{_QUOTED}|[^'\"\[{{].*?):\s+)?(?=[\[{{])"
)  # what comes before a line's value
PLAIN = re.compile(r"[^\s\[\]{},:'\"](?:[^\[\]{},:]|:(?=\S))*")  # a text without quotes in brackets
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|.)")  # in double quotes
Line = tuple[int, int, str]  # number from 1, indentation, text without comment


class BadYaml(ValueError):
    """What is wrong, with the number of the line."""


def parse_yaml(text: str) -> Any:
    """Return the value of a file; "" if it is empty. Raises BadYaml."""
    parser = _Parser(list(_lines(text)))
    value = parser.block(0)
    if parser.lines:
        raise BadYaml(f"line {parser.lines[0][0]} is indented like no line above it")
    return value


def _lines(text: str) -> Iterator[Line]:
    """Yield the lines with content; all lines of a bracket as one."""
    start, pending = 0, ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = _without_comment(raw)
        if not pending and line.strip() in ("", "---", "..."):
            continue
        start, pending = (start, f"{pending} {line.strip()}") if pending else (number, line)
        if not _is_open(pending):
            yield start, len(pending) - len(pending.lstrip()), pending.strip()
            pending = ""
    if pending:
        raise BadYaml(f"line {start} has a bracket that is not closed")


def _is_open(line: str) -> bool:
    """Return whether a line begins a bracket that it does not close."""
    before = BRACKET.match(line)
    pieces = list(_pieces(line[before.end() :])) if before else []
    return sum((piece in "[{") - (piece in "]}") for piece in pieces) > 0


def _pieces(line: str) -> Iterator[str]:
    """Yield each quoted text, and each other character."""
    position = 0
    while position < len(line):
        is_start = not position or line[position - 1] in " \t[{,:"
        quoted = QUOTED.match(line, position) if is_start else None
        yield quoted[0] if quoted else line[position]
        position = quoted.end() if quoted else position + 1


def _without_comment(line: str) -> str:
    kept = ""
    for piece in _pieces(line):
        if piece == "#" and kept[-1:] in ("", " ", "\t"):
            break
        kept += piece
    return kept.rstrip()


class _Parser:
    """Reads lines one by one; `lines` are those that are left."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines

    def block(self, indent: int, *, in_mapping: bool = False) -> Any:
        """Return the value in the next lines that are indented so far; "" if none is.

        in_mapping: it belongs to a key with that indentation, which a list may have too, but no mapping.
        """
        if not self.lines or self.lines[0][1] < indent:
            return ""
        if self.lines[0][2][0] in "[{" and not in_mapping:
            number, _, text = self.lines.pop(0)
            return _value(text, number)
        if _is_item(self.lines[0]):
            return self._items(self.lines[0][1])
        return "" if in_mapping and self.lines[0][1] == indent else self._pairs(self.lines[0][1])

    def _items(self, indent: int) -> list[Any]:
        items = []
        while self.lines and self.lines[0][1] == indent and _is_item(self.lines[0]):
            number, _, text = self.lines.pop(0)
            inline = text[1:].strip()
            items.append(_value(inline, number) if inline else self.block(indent + 1))
        return items

    def _pairs(self, indent: int) -> dict[str, Any]:
        pairs: dict[str, Any] = {}
        while self.lines and self.lines[0][1] == indent and not _is_item(self.lines[0]):
            number, _, text = self.lines.pop(0)
            key, inline = _split(text, number)
            pairs[key] = _value(inline, number) if inline else self.block(indent, in_mapping=True)
        return pairs


def _is_item(line: Line) -> bool:
    return line[2] == "-" or line[2].startswith("- ")


def _split(text: str, number: int) -> tuple[str, str]:
    """Return the key of a line and what follows it. Raises BadYaml."""
    quoted = QUOTED.match(text)
    end = quoted.end() if quoted else next((m.start() for m in re.finditer(r":(?=\s|$)", text)), -1)
    if end < 1 or text[end : end + 1] != ":" or text.startswith(UNSUPPORTED):
        raise BadYaml(f"line {number} has no key: '{text[:60]}'")
    return _text(text[:end], number), text[end + 1 :].strip()


def _value(text: str, number: int) -> Any:
    """Return a value that is written in one line. Raises BadYaml."""
    if text[0] in "[{":
        value, rest = _bracket(text, number)
        if rest:
            raise BadYaml(f"line {number} goes on after a bracket: '{rest[:60]}'")
        return value
    return _text(text, number)


def _bracket(text: str, number: int) -> tuple[Any, str]:
    """Return the list or mapping that begins with the first character, and the text after it."""
    is_list, close, rest = text[0] == "[", "]" if text[0] == "[" else "}", text[1:].lstrip()
    items: list[Any] = []
    pairs: dict[str, Any] = {}
    while not rest.startswith(close):
        key, rest = _part(rest, number)
        if is_list:
            items.append(key)
        elif rest.startswith(":"):
            pairs[str(key)], rest = _part(rest[1:].lstrip(), number)
        else:
            raise BadYaml(f"line {number} has a key without a value: '{str(key)[:60]}'")
        if not rest.startswith((",", close)):
            raise BadYaml(f"line {number} has no comma before '{rest[:60]}'")
        rest = rest.removeprefix(",").lstrip()
    return items if is_list else pairs, rest[1:].lstrip()


def _part(text: str, number: int) -> tuple[Any, str]:
    """Return the next value in brackets, and the text after it."""
    if text[:1] in ("[", "{"):
        return _bracket(text, number)
    match = QUOTED.match(text) or PLAIN.match(text)
    if match is None:
        raise BadYaml(f"line {number} has no value before '{text[:60]}'")
    return _text(match[0].rstrip(), number), text[match.end() :].lstrip()


def _text(text: str, number: int) -> str:
    """Return a text, of which quotes are no part. Raises BadYaml."""
    if QUOTED.fullmatch(text) and text[0] == "'":
        return text[1:-1].replace("''", "'")
    if text.startswith(("'", '"', *UNSUPPORTED)):
        try:
            return str(json.loads(ESCAPE.sub(_as_json, text)))
        except ValueError as error:
            raise BadYaml(f"line {number} has a value that is not read here: '{text[:60]}'") from error
    if text.startswith(("- ", "? ")) or re.search(r":(\s|$)", text):
        raise BadYaml(f"line {number} has several values: '{text[:60]}'")
    return text


def _as_json(escape: re.Match[str]) -> str:
    """Return how JSON writes an escaped letter."""
    code = escape[1] or escape[2]
    return json.dumps(chr(int(code, 16)))[1:-1] if code else escape[0]
