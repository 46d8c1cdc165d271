import pytest

from hls.directives import Directives, DirectivesRefused, read_directives


@pytest.mark.parametrize(
    ("query", "directives"),
    [
        ("", Directives()),
        ("token=abc", Directives()),
        ("_HLS_msn=7", Directives(7)),
        ("_HLS_msn=7&_HLS_part=0", Directives(7, 0)),
        ("a=1&_HLS_part=3&_HLS_msn=0012&_HLS_skip=YES", Directives(12, 3, True)),
        ("_HLS_skip=v2", Directives(skip=True)),
        ("_HLS_skip=v3", Directives()),
        ("_HLS_later=1", Directives()),
        ("%5FHLS_msn=1", Directives()),
        ("_HLS_msn=%37", Directives(7)),
    ],
)
def test_directives_are_read(query: str, directives: Directives):
    assert read_directives(query) == directives


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("_HLS_part=1", "_HLS_msn is missing"),
        ("_HLS_msn=", "_HLS_msn is ''"),
        ("_HLS_msn=-1", "_HLS_msn is '-1'"),
        ("_HLS_msn=1.5", "not a number"),
        ("_HLS_msn=٣", "not a number"),
        ("_HLS_msn=1&_HLS_part=x", "_HLS_part is 'x'"),
        ("_HLS_msn=1&_HLS_msn=1", "_HLS_msn stands there twice"),
        ("_HLS_msn=" + "9" * 16, "at most 15 digits"),
    ],
)
def test_what_can_not_be_followed_is_named(query: str, message: str):
    with pytest.raises(DirectivesRefused, match=message):
        read_directives(query)
