import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.ids import ENTROPY_BYTES, ID_LENGTH, is_id, new_id

moments = st.integers(min_value=0, max_value=2**48 - 1)
entropies = st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES)


def test_an_id_is_a_ulid_in_lower_case() -> None:
    # The example of the ULID specification: 1469918176385 is 01ARYZ6S41.
    assert new_id(1469918176385, bytes(10)) == "01aryz6s41" + "0" * 16
    assert new_id(2**48 - 1, b"\xff" * 10) == "7" + "z" * 25


@given(moments, entropies)
def test_every_id_is_recognised(now_ms: int, entropy: bytes) -> None:
    made = new_id(now_ms, entropy)
    assert len(made) == ID_LENGTH
    assert is_id(made)


@given(st.tuples(moments, entropies), st.tuples(moments, entropies))
def test_ids_sort_by_time(one: tuple[int, bytes], other: tuple[int, bytes]) -> None:
    assert (new_id(*one) < new_id(*other)) == (one < other)


@pytest.mark.parametrize("text", ["", "x", "0" * 25, "0" * 27, "u" * 26, "A" * 26, "../" + "0" * 23])
def test_other_text_is_no_id(text: str) -> None:
    assert not is_id(text)


@pytest.mark.parametrize(("now_ms", "entropy"), [(-1, bytes(10)), (2**48, bytes(10)), (0, bytes(9))])
def test_what_does_not_fit_is_refused(now_ms: int, entropy: bytes) -> None:
    with pytest.raises(ValueError):
        new_id(now_ms, entropy)
