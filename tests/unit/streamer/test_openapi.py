"""The description of the API, made from the routes without running any."""

import json
from typing import Any

import pytest

from streamer.collection import Collection
from streamer.openapi import document
from streamer.openapi_page import render
from streamer.problems import TABLE
from streamer.route import Route
from streamer.routes_account import AccountRoutes
from streamer.routes_comments import CommentRoutes
from streamer.routes_covers import CoverRoutes
from streamer.routes_media import MediaRoutes
from streamer.routes_metadata import MetadataRoutes
from streamer.routes_order import OrderRoutes
from streamer.routes_policies import PolicyRoutes
from streamer.routes_rooms import RoomRoutes
from streamer.routes_status import StatusRoutes
from streamer.routes_system import SystemRoutes
from streamer.routes_tracks import TrackRoutes
from streamer.routes_uploads import UploadRoutes

NOTHING: Any = None
ROUTES: list[Route] = [
    *TrackRoutes(NOTHING, NOTHING, NOTHING, NOTHING).routes(),
    *CommentRoutes(NOTHING, NOTHING, NOTHING).routes(),
    *RoomRoutes(NOTHING, NOTHING).routes(),
    *PolicyRoutes(NOTHING).routes(),
    *OrderRoutes(NOTHING).routes(),
    *CoverRoutes(NOTHING, NOTHING, NOTHING, NOTHING).routes(),
    *Collection(*[NOTHING] * 6).routes(NOTHING),
    *AccountRoutes(NOTHING, NOTHING).routes(),
    *UploadRoutes(NOTHING, NOTHING).routes(),
    *MediaRoutes(NOTHING).routes(),
    *MetadataRoutes(*[NOTHING] * 4).routes(),
    *StatusRoutes(NOTHING, NOTHING).routes(),
    *SystemRoutes(NOTHING, NOTHING, NOTHING, NOTHING).routes(),
]
DOCUMENT = document(ROUTES, "1.2.3")


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["$ref"]} if "$ref" in value else set()
        return found.union(*(references(item) for item in value.values()))
    return set().union(*(references(item) for item in value)) if isinstance(value, list) else set()


def test_it_is_json_of_version_3_1() -> None:
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["version"] == "1.2.3"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_is_described(route: Route) -> None:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    assert operation["operationId"] == route.name
    assert operation["summary"].endswith(".")
    in_path = {
        parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"
    }
    assert in_path == {part[1:].partition("}")[0] for part in route.path.split("/") if part.startswith("{")}
    assert all(parameter["description"] for parameter in operation.get("parameters", ()))
    for status, reply in operation["responses"].items():
        assert reply["description"]
        if int(status) >= 400:
            assert list(reply["content"]) == ["application/problem+json"]


def test_operations_have_names_of_their_own() -> None:
    names = [route.name for route in ROUTES]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere() -> None:
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert references(DOCUMENT) <= known


def test_the_bounds_that_decode_a_query_are_the_ones_described() -> None:
    parameters = DOCUMENT["paths"]["/api/v1/tracks"]["get"]["parameters"]
    limit = next(parameter for parameter in parameters if parameter["name"] == "limit")
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}


def test_every_problem_can_happen_somewhere_and_is_explained_on_the_page() -> None:
    page = render(DOCUMENT)
    described = {
        (int(status), text)
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        for status, reply in operation["responses"].items()
        for text in reply["description"].split(" Or: ")
    }
    for problem, (status, slug, _) in TABLE.items():
        assert (status, problem.__doc__) in described
        assert f'id="{slug}"' in page


def test_the_page_runs_no_script_and_escapes_what_it_shows() -> None:
    evil = document(ROUTES, "<script>alert(1)</script>")
    page = render(evil)
    assert "<script" not in page and "style=" not in page
    assert "&lt;script&gt;" in page
