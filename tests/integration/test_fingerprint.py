"""The hash of a file that grows, whoever reads or feeds it, and in whatever order."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.fingerprint import Fingerprint, fingerprint

DATA = bytes(range(256)) * 40


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), max_size=12),
)
def test_fed_or_read_back_it_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool, bool]]
) -> None:
    path = tmp_path_factory.mktemp("fingerprint") / "source"
    path.touch()
    counted, written = Fingerprint(), b""
    for size, fed, read_before in steps:
        at, chunk = len(written), DATA[len(written) :][: size * 100]
        written += chunk
        path.write_bytes(written if read_before else written[:at])
        counted.catch_up(path) if read_before else None
        path.write_bytes(written)
        if fed:
            counted.feed(at, chunk)
    assert counted.finish(path) == hashlib.sha256(written).hexdigest()
    assert counted.finish(path) == fingerprint(path), "asking twice changes nothing"


def test_one_who_catches_up_met_half_a_write() -> None:
    counted = Fingerprint()
    counted.feed(0, b"ab")
    counted.feed(1, b"bcd")
    counted.feed(9, b"later, and nobody knows what comes before")
    counted.feed(2, b"cd")
    assert counted._hash.hexdigest() == hashlib.sha256(b"abcd").hexdigest()


def test_it_catches_up_beside_a_writer(tmp_path: Path) -> None:
    path, counted = tmp_path / "source", Fingerprint()
    path.write_bytes(DATA * 300)
    with ThreadPoolExecutor(1) as threads, path.open("ab", buffering=0) as file:
        catching_up = threads.submit(counted.catch_up, path)
        for _ in range(200):
            at = file.tell()
            file.write(DATA)
            counted.feed(at, DATA)
        catching_up.result()
    assert counted.finish(path) == hashlib.sha256(DATA * 500).hexdigest()


def test_a_stop_ends_it_but_never_gives_half_a_hash(tmp_path: Path) -> None:
    path, counted = tmp_path / "source", Fingerprint()
    path.write_bytes(DATA)
    counted.rest()
    counted.catch_up(path)
    assert counted._counted_bytes == 0
    assert counted.finish(path) == hashlib.sha256(DATA).hexdigest()
