"""Limits of rooms as an operator writes them."""

import pytest

from chat.limits import ChatLimits
from scripts.limits import PAGE, fill_in
from streamer.chat_settings import read_limits
from streamer.limits import chat_limits
from streamer.settings import Settings, SettingsError, load


def test_what_is_given_counts_and_the_rest_is_as_before() -> None:
    limits = chat_limits(Settings(chat_limits=["pins_per_room=5", "typing_ttl_s = 2.5"], messages_burst=7))
    assert (limits.pins_per_room, limits.typing_ttl_s, limits.messages_burst) == (5, 2.5, 7)
    assert limits.history_messages == ChatLimits().history_messages


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("pin=5", "'pin' is not a limit of rooms"),
        ("messages_burst=5", "'messages_burst' is not a limit"),
        ("pins_per_room=many", "pins_per_room is 'many', not a whole number more than 0"),
        ("pins_per_room=1.5", "not a whole number"),
        ("pins_per_room=0", "more than 0"),
        ("typing_ttl_s=nan", "typing_ttl_s is 'nan', not a number more than 0"),
        ("typing_ttl_s=inf", "at most 1e\\+12"),
        ("body_chars=4001", "at most 4000"),
    ],
)
def test_what_can_not_be_is_named(word: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_limits([word])


def test_a_limit_stands_there_once() -> None:
    with pytest.raises(ValueError, match="pins_per_room stands there twice"):
        read_limits(["pins_per_room=5", "pins_per_room=6"])


def test_a_wrong_one_is_refused_with_the_other_settings() -> None:
    said = r"chat_limits \(from VEZA_CHAT_LIMITS\) is not allowed: 'x' is not a limit"
    with pytest.raises(SettingsError, match=said):
        load({"VEZA_CHAT_LIMITS": "pins_per_room=5,x=1"})


def test_the_page_for_operators_has_every_limit() -> None:
    assert fill_in(PAGE.read_text()) == PAGE.read_text(), "run python -m scripts.limits"
