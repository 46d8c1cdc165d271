import signal

import pytest

from streamer import worker_life


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (None, "the worker could not be ended"),
        (-signal.SIGXCPU, "it used more than 600 s of CPU time"),
        (-signal.SIGKILL, "the worker was killed (signal 9); the machine may have run out of memory"),
        (-signal.SIGSEGV, "the worker crashed (signal 11)"),
        (-signal.SIGABRT, "the worker crashed (signal 6)"),
        (255, "the worker was killed, together with the process that starts workers"),
        (0, "the worker ended without a word (exit code 0)"),
        (1, "the worker ended without a word (exit code 1)"),
    ],
)
def test_an_end_in_words(exit_code, words):
    assert worker_life.reason(exit_code, cpu_s=600) == words
