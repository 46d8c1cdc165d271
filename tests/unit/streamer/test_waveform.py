import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.waveform import Peaks

pairs = st.binary(max_size=64).filter(lambda data: len(data) % 2 == 0)


def test_the_binary_format_is_audiowaveforms_version_2() -> None:
    peaks = Peaks(44100, 512, b"\x80\x7f")
    peaks.extend(b"\x00\x01")
    head = struct.unpack("<iIiiIi", peaks.to_binary()[:24])
    assert head == (2, 1, 44100, 512, 2, 1)
    assert peaks.to_binary()[24:] == b"\x80\x7f\x00\x01"


def test_the_json_format_is_audiowaveforms_version_2() -> None:
    assert json.loads(Peaks(48000, 256, b"\x80\x7f").to_json()) == {
        "version": 2,
        "channels": 1,
        "sample_rate": 48000,
        "samples_per_pixel": 256,
        "bits": 8,
        "length": 1,
        "data": [-128, 127],
    }


@given(pairs)
def test_what_was_written_is_read(data: bytes) -> None:
    written = Peaks(8000, 256, data).to_binary()
    assert Peaks.from_binary(written).to_binary() == written


@given(st.binary(max_size=80))
def test_junk_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        Peaks.from_binary(data)
