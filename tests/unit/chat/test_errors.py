"""The table of errors: what a client may conclude from a code."""

import pytest

from chat.errors import CloseCode, ErrorCode, may_reconnect


def test_every_code_explains_itself() -> None:
    for code in (*ErrorCode, *CloseCode):
        assert code.meaning.endswith("."), code


def test_error_codes_are_distinct_words() -> None:
    values = [code.value for code in ErrorCode]
    assert len(set(values)) == len(values)
    assert all(value.replace("_", "").isalpha() and value.islower() for value in values)


def test_a_close_code_is_its_number_on_the_wire() -> None:
    assert CloseCode.SLOW_READER == 4000
    assert CloseCode(1001) is CloseCode.GOING_AWAY  # type: ignore[call-arg]  # an enum is called by value
    assert all(len(code.reason.encode()) <= 123 for code in CloseCode), (
        "RFC 6455 5.5: 125 bytes with the code"
    )


@pytest.mark.parametrize("code", [1001, 1005, 1006, 1011, 1012, 1013, 4000, 4001, 4002, 4499])
def test_after_these_a_client_comes_back(code: int) -> None:
    assert may_reconnect(code)


@pytest.mark.parametrize("code", [1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 3999, 4500, 4999])
def test_after_these_it_stays_away(code: int) -> None:
    assert not may_reconnect(code)
