import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.waveform import Peaks, Zoom

pairs = st.binary(max_size=64).filter(lambda data: len(data) % 2 == 0)


def test_the_binary_format_is_audiowaveforms_version_2() -> None:
    peaks = Peaks(44100, 512, b"\x80\x7f")
    peaks.extend(b"\x00\x01")
    head = struct.unpack("<iIiiIi", peaks.to_binary()[:24])
    assert head == (2, 1, 44100, 512, 2, 1)
    assert peaks.to_binary()[24:] == b"\x80\x7f\x00\x01" + struct.pack("<I", 28)


def test_coarser_zooms_follow_and_can_be_found_from_the_end() -> None:
    peaks = Peaks(48_000, 512, bytes(range(64)))
    peaks.extend(b"\x01\x02", 2048)
    peaks.extend(b"\x03\x04", 2048)
    peaks.extend(b"\x05\x06", 8192)
    data = peaks.to_binary()
    (size,) = struct.unpack("<I", data[-4:])
    coarsest = Peaks.from_binary(data[-4 - size : -4])
    assert [(zoom.samples_per_pixel, bytes(zoom.data)) for zoom in coarsest.zooms] == [(8192, b"\x05\x06")]
    (before,) = struct.unpack("<I", data[-8 - size : -4 - size])
    assert struct.unpack_from("<iIiiIi", data, len(data) - 8 - size - before)[3:5] == (2048, 2)


def test_the_json_format_is_audiowaveforms_version_2() -> None:
    assert json.loads(Zoom(48000, 256, b"\x80\x7f").to_json()) == {
        "version": 2,
        "channels": 1,
        "sample_rate": 48000,
        "samples_per_pixel": 256,
        "bits": 8,
        "length": 1,
        "data": [-128, 127],
    }


def test_pairs_are_merged_to_the_least_and_the_most() -> None:
    zoom = Zoom(8000, 512, struct.pack("<10b", -1, 2, -128, 0, -3, 127, 4, 5, -6, -5))
    merged = zoom.merged(2)
    assert merged.samples_per_pixel == 1024
    assert struct.unpack("<6b", merged.data) == (-128, 2, -3, 127, -6, -5)
    assert zoom.merged(1) is zoom


def growing(length: int) -> Peaks:
    """Every zoom of a waveform of so many pairs, no two alike."""
    finest = Zoom(48_000, 512, bytes(place * 7 & 0xFF for place in range(2 * length)))
    peaks = Peaks(48_000, 512, bytes(finest.data))
    for times in (4, 16, 64):
        peaks.extend(bytes(finest.merged(times).data), 512 * times)
    return peaks


@given(st.integers(1, 1500), st.integers(1, 2000))
def test_a_length_is_reached_and_not_much_more(length: int, wanted: int) -> None:
    peaks = growing(length)
    found = peaks.at(length=wanted)
    assert len(found) >= min(wanted, length)
    assert len(found) <= max(2 * wanted + 1, 8 * wanted if length < 8 * wanted else 0)
    assert found.data == peaks.zooms[0].merged(found.samples_per_pixel // 512).data


@given(st.integers(1, 400), st.integers(1, 1_000_000))
def test_a_scale_is_that_or_a_little_finer(length: int, scale: int) -> None:
    peaks = growing(length)
    found = peaks.at(samples_per_pixel=scale)
    assert found.samples_per_pixel <= max(scale, 512)
    assert found.samples_per_pixel >= scale * 0.79 or scale < 4 * 512
    assert found.data == peaks.zooms[0].merged(found.samples_per_pixel // 512).data


def test_without_a_wish_the_finest_is_given() -> None:
    assert growing(100).at().samples_per_pixel == 512
    assert growing(1000).at(length=10, samples_per_pixel=700).samples_per_pixel == 512


@given(pairs, pairs)
def test_what_was_written_is_read(data: bytes, coarser: bytes) -> None:
    peaks = Peaks(8000, 256, data)
    peaks.extend(coarser, 1024)
    written = peaks.to_binary()
    assert Peaks.from_binary(written).to_binary() == written


def test_a_file_of_one_block_is_read_too() -> None:
    alone = Zoom(8000, 256, b"\1\2\3\4").to_binary()
    assert bytes(Peaks.from_binary(alone).zooms[0].data) == b"\1\2\3\4"


@given(st.binary(max_size=80))
def test_junk_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        Peaks.from_binary(data)


@pytest.mark.parametrize("cut", [1, 4, 10, 25, 40])
def test_half_a_file_is_refused(cut: int) -> None:
    with pytest.raises(ValueError):
        Peaks.from_binary(growing(3).to_binary()[:-cut])
