"""The service's OpenAPI description: pydantic models, request bodies and error responses.

In:    a model card
Out:   pydantic models of the JSON responses, with examples; options of the routes for FastAPI; the OpenAPI
       description in the words, and with the classes, of that model
Needs: fastapi, python-multipart    [serve]
"""

from itertools import product
from typing import Any, Literal

from fastapi import Security
from fastapi.responses import Response
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, Field

from keykind.model.card import Card
from keykind.model.decision import REASONS, REFUSALS
from keykind.serve.uploads import FIELD, FORM

Point = tuple[float, float]


class Key(BaseModel):
    """One key of a photo."""

    kind: str | None = Field(description="the kind; null if it is not known", examples=["dimple"])
    reason: Literal[REASONS] | None = Field(  # type: ignore[valid-type]
        description="why the kind is not known; null if it is", examples=[None]
    )
    probability: float = Field(
        ge=0, le=1, description="that it is a key of the most probable kind", examples=[0.97]
    )
    probabilities: dict[str, float] = Field(
        description="that it is a key of each kind; the rest to a sum of 1 is anything else",
        examples=[{"cylinder": 0.01, "dimple": 0.97, "mortice": 0.02}],
    )
    box: tuple[Point, Point, Point, Point] = Field(
        description="four corners in pixels of the upright original, starting at the head",
        examples=[[(912.4, 1630.2), (3120.9, 1541.7), (3148.3, 2225.0), (939.8, 2313.5)]],
    )
    head: Point | None = Field(
        description="null if the whole photo was classified", examples=[(926.1, 1971.9)]
    )
    tip: Point | None = Field(examples=[(3134.6, 1883.4)])


class Candidate(Key):
    """Something that was seen in a photo and is not taken for a key; its kind is null."""

    why: Literal[REFUSALS] = Field(  # type: ignore[valid-type]
        description="why it is not taken for a key", examples=["low_score"]
    )
    key_probability: float = Field(ge=0, le=1, description="that it is a key", examples=[0.21])
    score: float | None = Field(
        description="of the detection; null if the whole photo was classified", examples=[0.46]
    )


class Photo(BaseModel):
    """The prediction for one photo."""

    photo: str = Field(description="its name in the form", examples=["key.jpg"])
    keys: list[Key] = Field(
        description="highest detection score first; empty if nothing like a key was seen or it cannot be read"
    )
    error: str | None = Field(description="why it cannot be read, and what to do", examples=[None])
    width: int | None = Field(
        description="pixels of the upright photo; null if it cannot be read", examples=[4032]
    )
    height: int | None = Field(description="as the width", examples=[3024])
    candidates: list[Candidate] = Field(
        description="what was seen but is not taken for a key, highest detection score first"
    )
    damaged: str | None = Field(
        description="what is wrong with its data, although it is answered; null if nothing", examples=[None]
    )


class Answers(BaseModel):
    """The predictions for the photos of a request, in their order."""

    photos: list[Photo]


class Health(BaseModel):
    """The state of the service, its version and its model."""

    status: str = Field(examples=["ok"])
    version: str = Field(description="of keykind", examples=["0.6.0"])
    model: str = Field(description="SHA-256 of the model file", examples=["3f7a" + 60 * "0"])


class Problem(BaseModel):
    """Why a request failed, and what to do."""

    detail: str = Field(examples=["the request is larger than 40 MB; send fewer or smaller photos"])


# What the description says of a model whose classes are not kinds of keys: object and entry -> text.
CLASS_TEXTS = {
    ("Key", None): "The answer for a photo.",
    ("Key", "kind"): "the class; null if it is not known",
    ("Key", "reason"): "why the class is not known; null if it is",
    ("Key", "probability"): "of the most probable class",
    ("Key", "probabilities"): "of each class; the rest to a sum of 1 is anything else",
    ("Key", "box"): "the corners of the photo in pixels of the upright original",
    ("Key", "head"): "null: the whole photo was classified",
    ("Key", "tip"): "null: the whole photo was classified",
    ("Candidate", None): "The answer for a photo that is taken for none of the classes; its class is null.",
    ("Candidate", "kind"): "null",
    ("Candidate", "reason"): "null",
    ("Candidate", "probability"): "of the most probable class",
    ("Candidate", "probabilities"): "of each class; the rest to a sum of 1 is anything else",
    ("Candidate", "box"): "the corners of the photo in pixels of the upright original",
    ("Candidate", "head"): "null: the whole photo was classified",
    ("Candidate", "tip"): "null: the whole photo was classified",
    ("Candidate", "why"): "why it is taken for none of the classes",
    ("Candidate", "key_probability"): "that it is one of the classes",
    ("Candidate", "score"): "null: the whole photo was classified",
    ("Photo", "keys"): "the answer; empty if it is none of the classes, or cannot be read",
    ("Photo", "candidates"): "the answer, if it is taken for none of the classes",
}
WHOLE_PHOTO: dict[str, Any] = {
    "box": [(0, 0), (4032, 0), (4032, 3024), (0, 3024)],
    "head": None,
    "tip": None,
}  # examples of a whole photo's answer
CLASS_OPERATIONS = {
    "/v1/recognise": "Return the class of each photo; "
    "one that cannot be read gets an error and does not affect others.",
    "/v1/explain": "Return the evidence for the predicted class, or another one, as a PNG.",
}
CLASS_PARAMETERS = {
    "key": "1: a photo has one answer",
    "kind": "a class, or `all`; default: the most probable",
}
DESCRIPTIONS = {
    True: "Recognises the kinds of the keys in photos.",
    False: "Recognises which class each photo belongs to.",
}  # whether the classes are kinds of keys -> what the service does
EXAMPLE_PROBABILITIES = 0.97, 0.02, 0.01  # of the first classes of a model
MAX_LISTED = 40  # classes in the description of a service

BINARY = {"type": "string", "format": "binary"}
REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "description": "files, under any field names",
                    "properties": {FIELD: {"type": "array", "items": BINARY, "minItems": 1}},
                    "required": [FIELD],
                }
            },
            "image/jpeg": {"schema": BINARY},
            "image/png": {"schema": BINARY},
            "application/octet-stream": {"schema": BINARY},
        },
    }
}
PNG_DESCRIPTION = "the evidence (Grad-CAM) drawn over the photo"
ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": description}
    for status, description in {
        400: "the form cannot be read",
        401: "an API key is required",
        408: "the request arrived too slowly",
        413: "the request is too large",
        415: "neither a photo nor a form",
        422: "no photo; for an explanation also one that cannot be read",
        501: "the model has no class maps",
        503: "busy; Retry-After gives the seconds to wait",
    }.items()
}

PNG_RESPONSE: dict[str, Any] = {
    "response_class": Response,
    "response_description": PNG_DESCRIPTION,
    "responses": ERROR_RESPONSES | {200: {"content": {"image/png": {"schema": BINARY}}}},
}
SECURITY = [Security(APIKeyHeader(name="X-API-Key", auto_error=False))]


def describe(card: Card) -> str:
    """Return what a service with this model does."""
    noun = "kinds" if card.of_keys else "classes"
    known = f" The {noun}: {', '.join(card.kinds)}." if len(card.kinds) <= MAX_LISTED else ""
    return f"{DESCRIPTIONS[card.of_keys]}{known} Photos are not stored."


def in_words_of(description: dict[str, Any], card: Card) -> dict[str, Any]:
    """Return an OpenAPI description with a model's classes as examples, and without keys if they are none."""
    objects = description["components"]["schemas"]
    example = dict(zip(card.kinds, EXAMPLE_PROBABILITIES, strict=False))
    for name in ("Key", "Candidate"):
        if name in objects and "dimple" not in card.kinds:
            entries = objects[name]["properties"]
            entries["kind"]["examples"], entries["probabilities"]["examples"] = [card.kinds[0]], [example]
    if not card.of_keys:
        for (name, entry), text in CLASS_TEXTS.items():
            (objects[name]["properties"][entry] if entry else objects[name])["description"] = text
        for name, (entry, example) in product(("Key", "Candidate"), WHOLE_PHOTO.items()):
            objects[name]["properties"][entry]["examples"] = [example]
        for path, text in CLASS_OPERATIONS.items():
            operation = description["paths"][path]["post"]
            operation["description"] = text
            for parameter in operation.get("parameters", []):
                parameter["description"] = CLASS_PARAMETERS[parameter["name"]]
    return description
