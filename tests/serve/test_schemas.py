"""Tests of serve/schemas.py: the service conforms to its OpenAPI description for any request."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="the extra serve is not installed")
from schemathesis import GenerationMode, openapi
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from keykind.serve import schemas
from keykind.serve.app import create_app
from keykind.serve.middleware import SECURITY_HEADERS
from keykind.serve.settings import Settings
from keykind.serve.uploads import FIELD, FORM
from served import random_photo
from tiny_model import tiny_file

ROUTES = [
    *(("POST", path, mode) for path in ("/v1/recognise", "/v1/explain") for mode in GenerationMode),
    *(("GET", path, GenerationMode.POSITIVE) for path in ("/v1/health", "/v1/card")),
]
FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    model = tiny_file(tmp_path_factory.mktemp("model") / "tiny.tflite")
    return create_app(Settings(model=str(model)))


@pytest.fixture(scope="module")
def client(app):
    return TestClient(app)


@pytest.fixture(scope="module")
def api(app):
    return openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize(("method", "path", "mode"), ROUTES)
def test_every_route_conforms_to_its_description(api, method, path, mode):
    @FEW
    @given(case=api[path][method].as_strategy(generation_mode=mode))
    def conforms(case):
        # Valid data may be rejected: not all bytes are a photo.
        response = case.call_and_validate(excluded_checks=[positive_data_acceptance])
        for name, value in SECURITY_HEADERS.items():
            assert response.headers[name] == [value]

    conforms()


@FEW
@given(
    body=st.binary(max_size=2000),
    content_type=st.sampled_from(["image/jpeg", FORM, f"{FORM}; boundary=b"]),
)
def test_no_body_causes_a_server_error(client, body, content_type):
    response = client.post("/v1/recognise", content=body, headers={"content-type": content_type})
    assert response.status_code in (200, 400, 422)


@FEW
@given(
    name=st.binary(max_size=60).filter(lambda name: not set(name) & set(b'"\r\n')),
    charset=st.sampled_from(["", "; charset=utf-8", "; charset=utf-16", "; charset=x", "; charset=punycode"]),
)
def test_no_file_name_causes_a_server_error(client, name, charset):
    disposition = f'Content-Disposition: form-data; name="{FIELD}"; filename="'.encode() + name + b'"'
    body = b"--b\r\n" + disposition + b"\r\n\r\n" + random_photo() + b"\r\n--b--\r\n"
    response = client.post(
        "/v1/recognise", content=body, headers={"content-type": f"{FORM}; boundary=b{charset}"}
    )
    assert response.status_code in (200, 400, 422)
    if response.status_code == 200:
        schemas.Answers.model_validate(response.json())


def test_every_route_of_the_api_is_described_with_examples(client):
    description = client.get("/openapi.json").json()
    assert set(description["paths"]) == {"/v1/recognise", "/v1/explain", "/v1/health", "/v1/card"}
    key = description["components"]["schemas"]["Key"]["properties"]
    assert key["kind"]["examples"] == ["dimple"]
    body = description["paths"]["/v1/recognise"]["post"]["requestBody"]["content"]
    assert {FORM, "image/jpeg"} <= set(body)
    for route in description["paths"].values():
        for operation in route.values():
            assert operation["summary"]
            assert operation["description"].endswith(".")
