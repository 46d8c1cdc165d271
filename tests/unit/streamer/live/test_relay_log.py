from streamer.live.relay_log import RelayLog


def filled(entries: int, every: int, *, joints: int = 2, max_bytes: int = 1000) -> RelayLog:
    """Entries of one byte, of which each `every`-th is a joint, the first one too."""
    log = RelayLog(joints, max_bytes)
    for number in range(entries):
        log.add(b"%d" % (number % 10), joint=number % every == 0)
    return log


def test_entries_are_numbered_from_one() -> None:
    log = RelayLog(2, 100)
    assert (log.first, log.last, log.after(0, 10)) == (1, 0, [])
    log.add(b"a", joint=True)
    log.add(b"b", joint=False)
    assert (log.first, log.last, log.size_bytes) == (1, 2, 2)
    assert log.after(0, 10) == [(1, b"a"), (2, b"b")]
    assert log.after(0, 1) == [(1, b"a")]
    assert log.after(1, 10) == [(2, b"b")]
    assert log.after(2, 10) == []


def test_the_oldest_entry_is_always_a_joint() -> None:
    for entries in range(1, 60):
        log = filled(entries, 5)
        assert log.first % 5 == 1
        assert log.last == entries
        # Two whole runs, and the one that grows.
        assert log.last - log.first < 15
        assert log.first == 1 or log.last - log.first >= 10


def test_who_was_away_for_too_long_gets_what_there_is() -> None:
    log = filled(31, 5)
    assert log.first == 21
    assert log.after(3, 2) == [(21, b"0"), (22, b"1")]


def test_what_is_too_many_bytes_goes_run_by_run() -> None:
    log = filled(31, 5, max_bytes=7)
    assert (log.first, log.last, log.size_bytes) == (26, 31, 6)


def test_without_a_joint_that_fits_nothing_is_kept() -> None:
    log = RelayLog(2, 5)
    log.add(b"123456", joint=True)
    assert (log.first, log.last, log.size_bytes, log.after(0, 9)) == (2, 1, 0, [])
    log.add(b"123456", joint=False)
    assert (log.first, log.last, log.size_bytes) == (3, 2, 0)
    log.add(b"1", joint=True)
    assert log.after(0, 9) == [(3, b"1")]
