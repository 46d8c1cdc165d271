"""ADTS: each header is read back by a reader written from the table, and units stay as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hls.adts import HEADER_BYTES, MAX_UNIT_BYTES, encode_adts
from hls.codecs import aac_config


def read_adts(data: bytes) -> list[tuple[dict[str, int], bytes]]:
    """ISO/IEC 14496-3, tables 1.A.6 and 1.A.7, field by field."""
    frames = []
    while data:
        bits = f"{int.from_bytes(data[:7], 'big'):056b}"
        widths = {
            "sync": 12, "id": 1, "layer": 2, "no_crc": 1, "profile": 2, "rate": 4, "private": 1,
            "channels": 3, "original": 1, "home": 1, "copyright": 1, "start": 1,
            "length": 13, "fullness": 11, "blocks": 2,
        }  # fmt: skip
        header, position = {}, 0
        for name, width in widths.items():
            header[name] = int(bits[position : position + width], 2)
            position += width
        frames.append((header, data[7 : header["length"]]))
        data = data[header["length"] :]
    return frames


@given(st.lists(st.binary(max_size=800), max_size=20))
def test_every_unit_has_its_header(units: list[bytes]) -> None:
    frames = read_adts(encode_adts(aac_config(48_000, 2), units))
    assert [unit for _, unit in frames] == units
    for header, unit in frames:
        assert header == {
            "sync": 0xFFF, "id": 0, "layer": 0, "no_crc": 1, "profile": 1, "rate": 3, "private": 0,
            "channels": 2, "original": 0, "home": 0, "copyright": 0, "start": 0,
            "length": len(unit) + HEADER_BYTES, "fullness": 0x7FF, "blocks": 0,
        }  # fmt: skip


def test_the_rate_and_the_channels_are_those_of_the_config() -> None:
    ((header, _),) = read_adts(encode_adts(aac_config(44_100, 1) + b"more", [b"x"]))
    assert (header["rate"], header["channels"]) == (4, 1)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (b"\x11", "at least 2 bytes, this has 1"),
        (bytes.fromhex("2990"), "object type 5 of rate 3 and channels 2"),
        (bytes.fromhex("1790"), "rate 15"),
        (bytes.fromhex("1180"), "channels 0"),
    ],
)
def test_what_adts_can_not_say(config: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        encode_adts(config, [b"x"])


def test_a_unit_has_at_most_13_bits_of_length() -> None:
    config = aac_config(48_000, 2)
    ((header, _),) = read_adts(encode_adts(config, [bytes(MAX_UNIT_BYTES)]))
    assert header["length"] == 8191
    with pytest.raises(ValueError, match="a unit of 8185 bytes"):
        encode_adts(config, [bytes(MAX_UNIT_BYTES + 1)])
