"""RFC 9110 section 14: the Range field."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.ranges import MAX_RANGES, Span, Unsatisfiable, locate

SIZE = 1000


def spans(*bounds: tuple[int, int]) -> tuple[Span, ...]:
    return tuple(Span(first, last - first + 1) for first, last in bounds)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("bytes=0-499", spans((0, 499))),
        ("bytes=500-999", spans((500, 999))),
        ("bytes=0-0", spans((0, 0))),
        ("bytes=999-999", spans((999, 999))),
        ("bytes=500-", spans((500, 999))),
        ("bytes=0-", spans((0, 999))),
        ("bytes=0-999999", spans((0, 999))),
        ("bytes=-1", spans((999, 999))),
        ("bytes=-500", spans((500, 999))),
        ("bytes=0-0,-1", spans((0, 0), (999, 999))),
        ("bytes= 0-0 ,\t5-6", spans((0, 0), (5, 6))),
        ("bytes=0-0,,5-6,", spans((0, 0), (5, 6))),
        ("bytes=000-0001", spans((0, 1))),
        ("bytes=500-600,601-700", spans((500, 600), (601, 700))),
        ("BYTES=0-1", spans((0, 1))),
    ],
)
def test_rfc9110_14_1_2_byte_ranges(field: str, expected: tuple[Span, ...]) -> None:
    assert locate(field, SIZE) == expected


def test_rfc9110_14_1_2_a_suffix_longer_than_the_representation_is_all_of_it() -> None:
    assert locate("bytes=-5000", SIZE) == spans((0, 999))


@pytest.mark.parametrize(
    "field", ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=-0, 5000-", "bytes=" + "9" * 30 + "-"]
)
def test_rfc9110_14_1_1_unsatisfiable(field: str) -> None:
    assert locate(field, SIZE) == Unsatisfiable()


def test_rfc9110_14_2_what_can_be_satisfied_of_several_is() -> None:
    assert locate("bytes=2000-3000, 5-6, -0", SIZE) == spans((5, 6))


@pytest.mark.parametrize(
    "field",
    [
        "", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=--1", "bytes=1", "bytes=a-b", "bytes=1-b",
        "bytes=5-4", "bytes=1-2-3", "bytes=+1-2", "bytes=1 - 2", "bytes =1-2", "bytes=0x1-2", "bytes=1_0-20",
        "bytes=\u00b2-3", "bytes=1;2", "bytes=0-1 2-3", "items=0-1", "none", "bytes=0-1, 9-8",
    ],
)  # fmt: skip
def test_rfc9110_14_2_what_is_malformed_or_of_another_unit_is_ignored(field: str) -> None:
    assert locate(field, SIZE) is None


def test_rfc9110_14_2_too_many_ranges_are_ignored() -> None:
    many = ",".join(f"{10 * number}-{10 * number}" for number in range(MAX_RANGES))
    assert len(locate(f"bytes={many}", SIZE)) == MAX_RANGES  # type: ignore[arg-type]
    assert locate(f"bytes={many},999-999", SIZE) is None


def test_rfc9110_14_2_two_ranges_that_overlap_are_joined_and_more_are_ignored() -> None:
    assert locate("bytes=0-10, 5-20", SIZE) == spans((0, 20))
    assert locate("bytes=100-200, 0-10, 150-", SIZE) == spans((0, 10), (100, 999))
    assert locate("bytes=0-10, 5-20, 15-30", SIZE) is None
    assert locate("bytes=0-, 0-, 0-", SIZE) is None


@pytest.mark.parametrize(
    ("field", "expected"), [("bytes=0-", Unsatisfiable()), ("bytes=-5", None), ("bytes=-0", Unsatisfiable())]
)
def test_an_empty_representation(field: str, expected: object) -> None:
    assert locate(field, 0) == expected


@given(st.text(alphabet="bytes=0123456789-, ", max_size=60), st.integers(0, 10_000))
def test_whatever_is_asked_spans_lie_inside_and_apart(text: str, size: int) -> None:
    located = locate("bytes=" + text, size)
    if isinstance(located, tuple):
        assert located
        ends = sorted((span.offset_bytes, span.offset_bytes + span.size_bytes) for span in located)
        assert all(0 <= first < end <= size for first, end in ends)
        assert all(one[1] <= two[0] for one, two in pairwise(ends))


@pytest.mark.parametrize(
    "field", ["bytes=" + "9" * 1_000_000 + "-", "bytes=" + "0-1," * 300_000, "bytes=" + " " * 1_000_000]
)
def test_a_megabyte_takes_no_time(field: str) -> None:
    start = time.process_time()
    locate(field, SIZE)
    assert time.process_time() - start < 0.2
