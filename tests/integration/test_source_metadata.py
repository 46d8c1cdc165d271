"""Titles over HTTP, with a stage that remembers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from ipaddress import ip_address

from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from streamer import middleware, route
from streamer.ingest.wrong_keys import WrongKeys
from streamer.lane import DatabaseFailed
from streamer.routes_metadata import MetadataRoutes
from tests.support.stage import KEY, FakeStage

SOURCE = {"Authorization": encode_basic_auth("source", KEY)}
MOUNT = "mode=updinfo&mount=/live/den"


@contextlib.asynccontextmanager
async def admin() -> AsyncIterator[tuple["TestClient[web.Request, web.Application]", FakeStage]]:
    stage, app = FakeStage(), web.Application()
    middleware.install(app, frozenset())
    address = ip_address("8.8.8.8")
    routes = MetadataRoutes(stage, WrongKeys(), lambda request: address, asyncio.get_running_loop().time)
    route.register(app, routes.routes())
    async with TestClient(TestServer(app)) as client:
        yield client, stage


async def test_a_title_by_get_and_by_post() -> None:
    async with admin() as (client, stage):
        response = await client.get(f"/admin/metadata?{MOUNT}&song=a%20b%FC", headers=SOURCE)
        assert (response.status, response.content_type) == (200, "text/xml")
        assert (await response.text()).endswith("successful</message><return>1</return></iceresponse>\n")
        form = {"mode": "updinfo", "mount": "live/den", "artist": "Ü", "title": "T"}
        assert (await client.post("/admin/metadata", data=form, headers=SOURCE)).status == 200
        assert (
            await client.post(f"/admin/metadata?{MOUNT}", data={"song": "c"}, headers=SOURCE)
        ).status == 200
        assert stage.announced == [
            ("den", None, None, "a bü"),
            ("den", "Ü", "T", None),
            ("den", None, None, "c"),
        ]


async def test_shoutcasts_spelling() -> None:
    async with admin() as (client, stage):
        assert (await client.get(f"/admin.cgi?mode=updinfo&pass={KEY}&song=a")).status == 200
        assert stage.announced == [("den", None, None, "a")]


async def test_who_may_not_hears_why() -> None:
    async with admin() as (client, stage):
        response = await client.get(f"/admin/metadata?{MOUNT}&song=a")
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith('Basic realm="veza"')
        assert "<return>0</return>" in await response.text()
        wrong = {"Authorization": encode_basic_auth("source", "wrong")}
        statuses = [
            (await client.get(f"/admin/metadata?{MOUNT}&song=a", headers=wrong)).status for _ in range(22)
        ]
        assert statuses == [401] * 21 + [429]
        assert (await client.get(f"/admin/metadata?{MOUNT}&song=a", headers=SOURCE)).status == 429
        assert stage.announced == []


async def test_what_is_wrong_is_said() -> None:
    async with admin() as (client, stage):
        assert (await client.get(f"/admin/metadata?{MOUNT}", headers=SOURCE)).status == 400
        form = {"song": "x" * 10_000}
        assert (await client.post(f"/admin/metadata?{MOUNT}", data=form, headers=SOURCE)).status == 413
        stage.failure = DatabaseFailed("away")
        assert (await client.get(f"/admin/metadata?{MOUNT}&song=a", headers=SOURCE)).status == 503
        evil = {"Origin": "http://evil"}
        assert (await client.post(f"/admin/metadata?{MOUNT}&song=a", headers=SOURCE | evil)).status == 403
