import multiprocessing
import os
from multiprocessing.connection import Connection

from streamer.worker_priority import stand_by, step_back


def show_turns(channel: Connection) -> None:
    step_back()
    channel.send((os.nice(0), os.sched_getscheduler(0)))


def show_place(channel: Connection) -> None:
    stand_by()
    channel.send((os.nice(0), os.sched_getscheduler(0)))


def test_a_worker_steps_back_behind_whoever_started_it():
    ours, theirs = multiprocessing.Pipe()
    worker = multiprocessing.get_context("spawn").Process(target=show_turns, args=[theirs])
    worker.start()
    nice, policy = ours.recv()
    worker.join()
    assert nice == os.nice(0) + 10
    assert policy == os.SCHED_BATCH


def test_a_machine_whose_calls_are_not_known_keeps_turns_of_the_usual_length(monkeypatch):
    calls: list[str] = []
    monkeypatch.setattr("streamer.worker_priority.os.nice", lambda more: calls.append("nice"))
    monkeypatch.setattr("streamer.worker_priority.os.sched_setscheduler", lambda *_: calls.append("batch"))
    monkeypatch.setattr("streamer.worker_priority.platform.machine", lambda: "unheard-of")
    monkeypatch.setattr("streamer.worker_priority.ctypes.CDLL", None)  # would fail if it were called
    step_back()
    assert calls == ["nice", "batch"]


def test_who_is_waited_for_stands_right_behind_the_server():
    ours, theirs = multiprocessing.Pipe()
    worker = multiprocessing.get_context("spawn").Process(target=show_place, args=[theirs])
    worker.start()
    nice, policy = ours.recv()
    worker.join()
    assert nice == os.nice(0) + 1
    assert policy == os.SCHED_OTHER
