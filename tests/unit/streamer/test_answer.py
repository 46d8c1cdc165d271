"""RFC 9110: conditions, their order, ranges, and the fields of each answer."""

from pathlib import Path

import pytest

from streamer.answer import Answer, answer
from streamer.ranges import Span
from streamer.resource import FileBody, Resource

CONTENT = bytes(range(200))
MODIFIED = 784_111_777  # Sun, 06 Nov 1994 08:49:37 GMT, RFC 9110 5.6.7's own example
IN_MEMORY = Resource("text/plain", CONTENT, '"v1"', MODIFIED, "max-age=1")
ON_DISK = Resource(
    "audio/mp4", FileBody(Path("x"), 200), '"v1"', MODIFIED, "immutable", 'attachment; filename="a"'
)
SAME = "Sun, 06 Nov 1994 08:49:37 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"


def ask(method: str = "GET", resource: Resource = IN_MEMORY, **fields: str) -> Answer:
    return answer(resource, method, {name.replace("_", "-"): value for name, value in fields.items()})


def fields(result: Answer) -> dict[str, str]:
    lines = result.head.decode("latin-1").split("\r\n")
    assert lines[-1] == "" and "" not in lines[:-1]
    pairs = [line.split(": ", 1) for line in lines[1:-1]]
    assert len({name.lower() for name, _ in pairs}) == len(pairs)
    return {name.lower(): value for name, value in pairs}


def test_the_whole_in_memory() -> None:
    result = ask()
    assert (result.status, result.pieces, result.size_bytes) == (200, (CONTENT,), 200)
    assert result.head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert fields(result) == {
        "content-type": "text/plain",
        "content-length": "200",
        "etag": '"v1"',
        "last-modified": SAME,
        "accept-ranges": "bytes",
        "cache-control": "max-age=1",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "Content-Range, Content-Length, Accept-Ranges, ETag, Date",
        "x-content-type-options": "nosniff",
    }


def test_the_whole_of_a_file() -> None:
    result = ask(resource=ON_DISK)
    assert (result.pieces, result.size_bytes) == ((Span(0, 200),), 200)
    assert fields(result)["content-disposition"] == 'attachment; filename="a"'


def test_rfc9110_9_3_2_head_has_the_fields_of_get_and_no_body() -> None:
    result = ask("HEAD")
    assert (result.head, result.pieces, result.size_bytes) == (ask().head, (), 0)


def test_rfc9110_14_2_head_ignores_range() -> None:
    assert ask("HEAD", range="bytes=0-1").head == ask("HEAD").head


@pytest.mark.parametrize("resource", [IN_MEMORY, ON_DISK])
def test_rfc9110_15_3_7_1_a_single_part(resource: Resource) -> None:
    result = ask(resource=resource, range="bytes=10-19")
    assert (result.status, result.size_bytes) == (206, 10)
    assert result.pieces == ((CONTENT[10:20],) if resource is IN_MEMORY else (Span(10, 10),))
    assert fields(result)["content-range"] == "bytes 10-19/200"
    assert fields(result)["content-length"] == "10"
    assert fields(result)["content-type"] == resource.media_type


def test_rfc9110_15_3_7_2_multiple_parts() -> None:
    result = ask(range="bytes=0-1, 198-")
    media_type, _, boundary = fields(result)["content-type"].partition("; boundary=")
    assert media_type == "multipart/byteranges"
    assert "content-range" not in fields(result)
    body = b"".join(piece for piece in result.pieces if isinstance(piece, bytes))
    assert len(body) == result.size_bytes == int(fields(result)["content-length"])
    part = f"\r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes %s/200\r\n\r\n"
    expected = (part % "0-1").encode() + CONTENT[:2] + (part % "198-199").encode() + CONTENT[198:]
    assert body == expected + f"\r\n--{boundary}--\r\n".encode()


def test_rfc9110_15_3_7_2_one_range_that_is_left_of_several_is_a_single_part() -> None:
    assert fields(ask(range="bytes=5-6, 900-"))["content-range"] == "bytes 5-6/200"


def test_rfc9110_15_5_17_an_unsatisfiable_range_is_a_416_with_the_length() -> None:
    result = ask(range="bytes=200-")
    assert (result.status, fields(result)["content-range"]) == (416, "bytes */200")
    assert fields(result)["content-type"] == "application/problem+json"
    assert "etag" not in fields(result)


@pytest.mark.parametrize("field", ["bytes=5-1", "lines=1-2", "bytes=0-,0-,0-", "junk"])
def test_rfc9110_14_2_a_range_that_is_ignored_is_a_200(field: str) -> None:
    assert ask(range=field) == ask()


@pytest.mark.parametrize("size", [0, 1])
def test_an_empty_resource(size: int) -> None:
    resource = Resource("text/plain", b"x" * size, '"e"', 0, "no-cache")
    assert ask(resource=resource).pieces == ((b"x",) if size else ())
    assert ask(resource=resource, range="bytes=-1").status == (206 if size else 200)


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ('"v1"', 304), ('W/"v1"', 304), ("*", 304), (" * ", 304), ('"a", "v1"', 304), ('"a" , W/"v1"', 304),
        ('"v2"', 200), ('"v1', 200), ("v1", 200), ('w/"v1"', 200), ("", 200), ('"a" "v1"', 200),
    ],
)  # fmt: skip
def test_rfc9110_13_1_2_if_none_match_compares_weakly(value: str, status: int) -> None:
    result = ask(if_none_match=value)
    assert result.status == status
    if status == 304:
        assert result.pieces == ()
        assert {"etag", "cache-control"} <= fields(result).keys()
        assert not {"content-length", "content-type", "last-modified"} & fields(result).keys()


@pytest.mark.parametrize(
    ("value", "status"),
    [('"v1"', 200), ("*", 200), ('"a", "v1"', 200), ('W/"v1"', 412), ('"v2"', 412), ("", 412)],
)
def test_rfc9110_13_1_1_if_match_compares_strongly(value: str, status: int) -> None:
    assert ask(if_match=value).status == status


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (SAME, 304), (LATER, 304), (EARLIER, 200),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 304), ("Sunday, 06-Nov-94 08:49:36 GMT", 200),
        ("Sun Nov  6 08:49:37 1994", 304), ("Sun Nov  6 08:49:36 1994", 200),
        ("yesterday", 200), ("", 200), ("9" * 1000, 200), ("Sun, 99 Nov 1994 08:49:37 GMT", 200),
    ],
)  # fmt: skip
def test_rfc9110_13_1_3_if_modified_since_in_all_formats_of_5_6_7(value: str, status: int) -> None:
    assert ask(if_modified_since=value).status == status


@pytest.mark.parametrize(("value", "status"), [(SAME, 200), (LATER, 200), (EARLIER, 412), ("junk", 200)])
def test_rfc9110_13_1_4_if_unmodified_since(value: str, status: int) -> None:
    assert ask(if_unmodified_since=value).status == status


@pytest.mark.parametrize(
    ("value", "resource", "status"),
    [
        ('"v1"', IN_MEMORY, 206), ('W/"v1"', IN_MEMORY, 200), ('"v2"', IN_MEMORY, 200),
        ('"v1", "v2"', IN_MEMORY, 200),
        (SAME, ON_DISK, 206), (LATER, ON_DISK, 200), (EARLIER, ON_DISK, 200), ("junk", ON_DISK, 200),
        (SAME, IN_MEMORY, 200),
    ],
)  # fmt: skip
def test_rfc9110_13_1_5_if_range_needs_a_strong_validator(
    value: str, resource: Resource, status: int
) -> None:
    assert ask(resource=resource, range="bytes=0-1", if_range=value).status == status


def test_rfc9110_13_1_5_if_range_without_range_is_ignored() -> None:
    assert ask(if_range='"v2"') == ask()


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"if_match": '"v2"', "if_none_match": '"v1"'}, 412),  # step 1 before 3
        ({"if_match": '"v1"', "if_unmodified_since": EARLIER}, 200),  # step 2 only without If-Match
        ({"if_match": '"v1"', "if_none_match": '"v1"'}, 304),
        ({"if_none_match": '"v2"', "if_modified_since": LATER}, 200),  # step 4 only without If-None-Match
        ({"if_unmodified_since": EARLIER, "if_modified_since": LATER}, 412),
        ({"if_none_match": '"v1"', "range": "bytes=0-1"}, 304),  # Range is last: 14.2
        ({"if_none_match": '"v1"', "range": "bytes=900-"}, 304),
        ({"if_match": '"v1"', "range": "bytes=0-1"}, 206),
        ({"range": "bytes=900-", "if_range": '"v2"'}, 200),
    ],
)
def test_rfc9110_13_2_2_precedence(conditions: dict[str, str], status: int) -> None:
    assert ask("GET", IN_MEMORY, **conditions).status == status


def test_errors_answer_head_without_a_body() -> None:
    assert ask("HEAD", if_match='"v2"').pieces == ()
    assert b"Content-Length" in ask("HEAD", if_match='"v2"').head
