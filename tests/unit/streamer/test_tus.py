"""tus 1.0, judged without a socket."""

import base64
import hashlib
from typing import Any

import pytest
from multidict import CIMultiDict

from streamer.problems import (
    MediaTypeUnsupported,
    OffsetWrong,
    Problem,
    RequestInvalid,
    TusVersionUnsupported,
    UploadTooLarge,
)
from streamer.tus import (
    ALGORITHMS,
    BODY_TYPE,
    Addition,
    Creation,
    Standing,
    answer_headers,
    check_version,
    judge,
    look_headers,
    read_addition,
    read_checksum,
    read_creation,
    read_metadata,
)

MAX = 1000


def headers(**named: Any) -> CIMultiDict[str]:
    return CIMultiDict({name.replace("_", "-").lower(): str(value) for name, value in named.items()})


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def standing(
    offset: int = 5,
    length: int | None = 10,
    *,
    metadata: str | None = None,
    expires_at: int | None = None,
) -> Standing:
    return Standing("u", offset, length, metadata, expires_at)


def test_version_2_2() -> None:
    check_version(headers(Tus_Resumable="1.0.0"))
    for wrong in (headers(), headers(Tus_Resumable="1.0.1"), headers(Tus_Resumable="")):
        with pytest.raises(TusVersionUnsupported):
            check_version(wrong)


def test_a_creation_as_it_is_read() -> None:
    said = f"filename {encode('C:/Für Elise.flac')},filetype {encode('audio/flac')},ref {encode('r')},empty"
    assert read_creation(headers(Upload_Length=7, Upload_Metadata=said), MAX) == Creation(
        7, said, "Für Elise.flac", "audio/flac", "r", has_body=False
    )
    assert read_creation(headers(Upload_Defer_Length=1), MAX) == Creation(
        None, None, "untitled", "application/octet-stream", None, has_body=False
    )
    with_body = headers(Upload_Length=7, Content_Length=3, Content_Type=BODY_TYPE)
    assert read_creation(with_body, MAX).has_body
    assert not read_creation(headers(Upload_Length=7, Content_Length=0), MAX).has_body


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, RequestInvalid),
        ({"Upload_Length": "x"}, RequestInvalid),
        ({"Upload_Length": "-1"}, RequestInvalid),
        ({"Upload_Length": "1e3"}, RequestInvalid),
        ({"Upload_Length": "٣"}, RequestInvalid),
        ({"Upload_Length": "9" * 19}, RequestInvalid),
        ({"Upload_Length": 1, "Upload_Defer_Length": 1}, RequestInvalid),
        ({"Upload_Defer_Length": 2}, RequestInvalid),
        ({"Upload_Length": MAX + 1}, UploadTooLarge),
        ({"Upload_Length": 1, "Upload_Metadata": f"ref {encode('a' * 129)}"}, RequestInvalid),
        ({"Upload_Length": 1, "Content_Length": 1}, MediaTypeUnsupported),
        ({"Upload_Length": 1, "Transfer_Encoding": "chunked", "Content_Type": "a/b"}, MediaTypeUnsupported),
    ],
)
def test_what_creates_nothing(said: dict[str, Any], problem: type[Problem]) -> None:
    with pytest.raises(problem):
        read_creation(headers(**said), MAX)


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("", {}),
        (" ", {}),
        ("a", {"a": ""}),
        ("a YQ==", {"a": "a"}),
        ("a YQ==, b Yg==", {"a": "a", "b": "b"}),
        ("a /w==", {"a": "\ufffd"}),
    ],
)
def test_metadata(said: str, known: dict[str, str]) -> None:
    assert read_metadata(said) == known


@pytest.mark.parametrize(
    "said", ["a YQ==,", ",", "a YQ==,a Yg==", "a YQ", "a Y Q==", "ä YQ==", "a " + "A" * 4096]
)
def test_metadata_that_breaks_the_rules(said: str) -> None:
    with pytest.raises(RequestInvalid):
        read_metadata(said)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checksum(algorithm: str) -> None:
    digest = hashlib.new(algorithm, b"x").digest()
    checksum = read_checksum(headers(Upload_Checksum=f"{algorithm} {base64.b64encode(digest).decode()}"))
    assert checksum is not None
    fed = checksum.new_hash()
    fed.update(b"x")
    assert fed.digest() == checksum.digest


@pytest.mark.parametrize("said", ["", "crc32 AAAA", "sha1", "sha1 AAAA", "sha1 %", "SHA1 AAAA"])
def test_a_checksum_that_is_none(said: str) -> None:
    with pytest.raises(RequestInvalid):
        read_checksum(headers(Upload_Checksum=said))


def test_an_addition_as_it_is_read() -> None:
    said = headers(Upload_Offset=3, Upload_Length=9, Content_Type=f"{BODY_TYPE}; charset=x")
    assert read_addition(said, MAX) == Addition(3, 9, None)
    for wrong, problem in (
        (headers(Upload_Offset=3), MediaTypeUnsupported),
        (headers(Content_Type=BODY_TYPE), RequestInvalid),
        (headers(Content_Type=BODY_TYPE, Upload_Offset="0x3"), RequestInvalid),
        (headers(Content_Type=BODY_TYPE, Upload_Offset=3, Upload_Length=MAX + 1), UploadTooLarge),
    ):
        with pytest.raises(problem):
            read_addition(wrong, MAX)


@pytest.mark.parametrize(
    ("now", "addition", "body_bytes", "verdict"),
    [
        (standing(), Addition(5, None, None), 5, 5),
        (standing(), Addition(5, None, None), None, 5),
        (standing(), Addition(5, 10, None), 0, 5),
        (standing(), Addition(5, None, None), 6, UploadTooLarge),
        (standing(), Addition(4, None, None), 1, OffsetWrong),
        (standing(), Addition(6, None, None), 1, OffsetWrong),
        (standing(), Addition(5, 11, None), 1, RequestInvalid),
        (standing(length=None), Addition(5, None, None), None, MAX - 5),
        (standing(length=None), Addition(5, 9, None), 4, 4),
        (standing(length=None), Addition(5, 5, None), 0, 0),
        (standing(length=None), Addition(5, 4, None), 0, RequestInvalid),
        (standing(10), Addition(10, None, None), 0, 0),
        (standing(10), Addition(10, None, None), 1, UploadTooLarge),
    ],
)
def test_the_room_that_there_is(
    now: Standing, addition: Addition, body_bytes: int | None, verdict: int | type[Problem]
) -> None:
    if isinstance(verdict, int):
        assert judge(now, addition, body_bytes, MAX) == verdict
    else:
        with pytest.raises(verdict):
            judge(now, addition, body_bytes, MAX)


def test_answers() -> None:
    assert answer_headers(standing()) == {"Upload-Offset": "5"}
    assert answer_headers(standing(expires_at=1_700_000_000_999)) == {
        "Upload-Offset": "5",
        "Upload-Expires": "Tue, 14 Nov 2023 22:13:20 GMT",
    }
    assert look_headers(standing()) == {"Upload-Offset": "5", "Upload-Length": "10"}
    assert look_headers(standing(length=None, metadata="a YQ==")) == {
        "Upload-Offset": "5",
        "Upload-Defer-Length": "1",
        "Upload-Metadata": "a YQ==",
    }
