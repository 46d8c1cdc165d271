"""streamer/pages.py: what is preloaded, which form is sent, what the policy says."""

import base64
import gzip
import hashlib

import brotli  # type: ignore[import-untyped]
import pytest

from streamer.pages import Asset, compress, content_security_policy, mount, plain, preferred_coding

TEXT = Asset("text/css; charset=utf-8", "t", {"": b"aaaa", "br": b"a", "gzip": b"aa"})
FONT = Asset("font/woff2", "f", {"": b"aaaa"})


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("", ""),
        ("identity", ""),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br; q=0.000, *", "gzip"),
        ("*", "br"),
        ("*;q=0", ""),
        (";;,,=", ""),
    ],
)
def test_preferred_coding_rfc9110_section_12_5_3(accept: str, coding: str) -> None:
    assert preferred_coding(accept, TEXT) == coding


def test_what_is_compressed_already_is_sent_as_it_is() -> None:
    assert preferred_coding("br, gzip", FONT) == ""
    font = plain(b"x" * 1000, ".woff2")
    assert font.whole
    compress(font)
    assert font.bodies == {"": b"x" * 1000}


def test_what_is_not_is_compressed_once() -> None:
    script = plain(b"x" * 1000, ".js")
    assert preferred_coding("br, gzip", script) == ""
    assert not script.whole
    compress(script)
    assert script.whole
    bodies = dict(script.bodies)
    assert gzip.decompress(bodies["gzip"]) == brotli.decompress(bodies["br"]) == bodies[""]
    assert preferred_coding("br, gzip", script) == "br"
    compress(script)
    assert all(script.bodies[coding] is body for coding, body in bodies.items())


def test_a_tree_has_another_address_when_any_byte_or_name_changes() -> None:
    trees = [{"a": b"1", "b": b"2"}, {"a": b"1", "b": b"3"}, {"a": b"1", "c": b"2"}, {"a": b"12", "b": b""}]
    assert len({mount(tree) for tree in trees}) == len(trees)
    assert mount(trees[0]) == mount(dict(trees[0]))


def test_the_policy_allows_one_inline_script_by_its_hash() -> None:
    policy = content_security_policy('{"imports":{}}')
    digest = base64.b64encode(hashlib.sha256(b'{"imports":{}}').digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
