"""The bounds that a worker is held to."""

import resource

import pytest

from streamer import worker_process

UNLIMITED = resource.RLIM_INFINITY


@pytest.mark.parametrize(("hard", "soft"), [(UNLIMITED, 18), (15, 15)])
def test_cpu_time_is_granted_anew_to_who_goes_on(monkeypatch, hard, soft):
    granted: list[tuple[int, tuple[int, int]]] = []

    class Used:
        ru_utime, ru_stime = 5.9, 1.9

    monkeypatch.setattr(resource, "getrusage", lambda _: Used)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (3, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: granted.append((kind, limits)))
    worker_process.renew_cpu(10)
    assert granted == [(resource.RLIMIT_CPU, (soft, hard))]
