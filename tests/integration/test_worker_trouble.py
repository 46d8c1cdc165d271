"""Workers that die, hang, starve or are not wanted any more: the job ends with a reason, others go on."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from multiprocessing import forkserver
from pathlib import Path

import msgspec
import psutil
import pytest

from hls.report import Broken, Finished, Refused, SegmentCut
from streamer.worker_channel import Channel
from streamer.worker_files import COMPLETE, GREW
from streamer.worker_process import HEADER
from tests.support.audio import ROOT, make_tone
from tests.support.worker import Told, package, worker_pool


@pytest.fixture(scope="module")
def tone(tmp_path_factory) -> Path:
    return make_tone(tmp_path_factory.mktemp("tone") / "tone.flac", seconds=12)


@contextlib.asynccontextmanager
async def unfinished_job(pool, tone: Path, tmp_path: Path, name: str = "one"):
    """A job whose worker has cut a segment and waits for the rest of its source."""
    folder = tmp_path / name
    folder.mkdir()
    source = folder / "source"
    source.write_bytes(tone.read_bytes()[:-10_000])
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        told = Told(pool.package(source, folder, complete=False))
        end = tasks.create_task(told.follow())
        await told.wait_for(SegmentCut)
        yield told, end


async def finish(told: Told, tone: Path, folder: Path) -> None:
    with (folder / "source").open("ab") as file:
        file.write(tone.read_bytes()[-10_000:])
    told.job.source_completed()


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def until(holds) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - the kernel sends no event to wait for
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "the worker was killed (signal 9)"),
        (signal.SIGSEGV, "the worker crashed (signal 11)"),
    ],
)
async def test_a_killed_worker_costs_its_own_job_alone(tmp_path, tone, number, words):
    async with (
        worker_pool() as pool,
        unfinished_job(pool, tone, tmp_path, "one") as (one, one_end),
        unfinished_job(pool, tone, tmp_path, "two") as (two, two_end),
    ):
        pid = one.job.pid
        os.kill(pid, number)
        last = await one_end
        assert isinstance(last, Broken)
        assert last.reason.startswith(words)
        assert one.job.pid is None
        assert gone(pid)
        await finish(two, tone, tmp_path / "two")
        assert await two_end == Finished(12_000)


async def test_a_dead_forkserver_is_brought_up_again(tmp_path, tone):
    async with worker_pool() as pool:
        await pool.start()
        async with unfinished_job(pool, tone, tmp_path) as (told, end):
            worker = told.job.pid
            os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
            last = await end
            assert isinstance(last, Broken)
            assert "killed" in last.reason
            await until(lambda: gone(worker))
        assert (await package(pool, tone, tmp_path / "next"))[-1] == Finished(12_000)


async def test_abandoned_while_it_runs(tmp_path, tone):
    async with worker_pool() as pool, unfinished_job(pool, tone, tmp_path) as (told, end):
        pid = told.job.pid
        told.job.abandon()
        told.job.abandon()
        assert await end == Broken("the upload was cut off, or the track was deleted")
        assert gone(pid)
        told.job.source_grew()
        told.job.source_completed()
        told.job.abandon()


async def test_abandoned_before_it_began(tmp_path, tone):
    async with worker_pool() as pool:
        job = pool.package(tone, tmp_path, complete=True)
        job.abandon()
        reports = [report async for report in job]
        assert reports == [Broken("the upload was cut off, or the track was deleted")]
        assert (await package(pool, tone, tmp_path / "next"))[-1] == Finished(12_000)


async def test_jobs_take_turns_in_the_order_in_which_they_came(tmp_path, tone):
    order: list[str] = []

    async def run(pool, name: str) -> None:
        reports = await package(pool, tone, tmp_path / name)
        assert reports[-1] == Finished(12_000)
        order.append(name)

    async with worker_pool(max_workers=1) as pool, asyncio.TaskGroup() as tasks:
        async with unfinished_job(pool, tone, tmp_path, "first") as (told, end):
            waiting = [tasks.create_task(run(pool, name)) for name in ("a", "b", "c")]
            given_up = tasks.create_task(Told(pool.package(tone, tmp_path, complete=True)).follow())
            await asyncio.sleep(0)
            given_up.cancel()
            await finish(told, tone, tmp_path / "first")
            assert await end == Finished(12_000)
        await asyncio.gather(*waiting)
    assert order == ["a", "b", "c"]


async def test_a_job_abandoned_in_the_queue_ends_at_once(tmp_path, tone):
    async with (
        worker_pool(max_workers=1) as pool,
        unfinished_job(pool, tone, tmp_path) as (first, first_end),
        asyncio.TaskGroup() as tasks,
    ):
        queued = Told(pool.package(tone, tmp_path, complete=True))
        end = tasks.create_task(queued.follow())
        await asyncio.sleep(0)
        queued.job.abandon()
        assert await end == Broken("the upload was cut off, or the track was deleted")
        assert not first_end.done()
        await finish(first, tone, tmp_path / "one")


async def test_a_silent_worker_is_killed_once_its_source_is_complete(tmp_path, tone):
    async with worker_pool(stall_s=0.3) as pool, unfinished_job(pool, tone, tmp_path) as (told, end):
        pid = told.job.pid
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(0.7)  # silence is no fault while it waits for its source
        assert not end.done()
        told.job.source_completed()
        assert await end == Broken("the worker gave no sign of life for 0.3 s")
        assert gone(pid)


async def test_out_of_memory(tmp_path):
    picture = b"\0image/jpeg\0\3\0" + bytes(60 << 20)
    cover = b"APIC" + syncsafe(len(picture)) + b"\0\0" + picture
    sound = make_tone(tmp_path / "tone.mp3", seconds=2).read_bytes()
    (song := tmp_path / "song.mp3").write_bytes(b"ID3\4\0\0" + syncsafe(len(cover)) + cover + sound)
    async with worker_pool(memory_bytes=32 << 20) as pool:
        reports = await package(pool, song, tmp_path / "out")
    assert reports[-1] == Broken("it needs more memory than the 32 MiB that a job may use")


def syncsafe(size: int) -> bytes:
    """ID3v2.4.0 6.2: 28 bits in four bytes."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


async def test_out_of_time(tmp_path):
    long_tone = make_tone(tmp_path / "long.wav", seconds=60)
    async with worker_pool(cpu_s=1) as pool:
        reports = await package(pool, long_tone, tmp_path / "out")
    assert reports[-1] == Broken("it used more than 1 s of CPU time")


async def test_output_too_large(tmp_path, tone):
    async with worker_pool(max_output_bytes=100_000) as pool:
        reports = await package(pool, tone, tmp_path / "out")
    assert reports[-1] == Broken("it became larger than the 100000 bytes that a file may have")


async def test_disk_full(tmp_path, tone):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/aac128.mp4").symlink_to("/dev/full")
    async with worker_pool() as pool:
        reports = await package(pool, tone, tmp_path / "out")
    assert reports[-1] == Broken("there is no space left on the disk")


async def test_a_source_that_is_not_there(tmp_path):
    async with worker_pool() as pool:
        reports = await package(pool, tmp_path / "none", tmp_path / "out")
    assert reports == [Broken("a file could not be read or written: No such file or directory")]


async def test_nothing_can_be_opened_once_the_source_is_looked_at(tmp_path, tone):
    async with worker_pool() as pool, unfinished_job(pool, tone, tmp_path) as (told, _):
        process = psutil.Process(told.job.pid)
        assert process.rlimit(psutil.RLIMIT_NOFILE) == (0, 0)
        assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        assert process.rlimit(psutil.RLIMIT_FSIZE) == (1 << 30, 1 << 30)
        assert process.nice() > psutil.Process().nice()
        told.job.abandon()


async def test_close_lets_a_running_job_finish_and_sends_the_waiting_away(tmp_path, tone):
    async with worker_pool(max_workers=1) as pool, asyncio.TaskGroup() as tasks:
        async with unfinished_job(pool, tone, tmp_path) as (told, end):
            queued = tasks.create_task(Told(pool.package(tone, tmp_path, complete=True)).follow())
            await asyncio.sleep(0)
            closing = tasks.create_task(pool.close(30))
            assert await queued == Broken("the server is stopping")
            await finish(told, tone, tmp_path / "one")
            assert await end == Finished(12_000)
        await closing
        late = [report async for report in pool.package(tone, tmp_path, complete=True)]
        assert late == [Broken("the server is stopping")]


async def test_close_kills_what_does_not_finish_in_time(tmp_path, tone):
    async with worker_pool() as pool, unfinished_job(pool, tone, tmp_path) as (told, end):
        pid = told.job.pid
        await pool.close(0.05)
        assert await end == Broken("the server is stopping")
        assert gone(pid)


async def test_who_stops_listening_ends_the_job(tmp_path, tone):
    async with worker_pool(max_workers=1) as pool:
        async with unfinished_job(pool, tone, tmp_path) as (told, end):
            pid = told.job.pid
            end.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await end
        await until(lambda: gone(pid))
        assert (await package(pool, tone, tmp_path / "next"))[-1] == Finished(12_000)


async def test_cancelled_while_the_worker_starts(tmp_path, tone):
    async with worker_pool(max_workers=1) as pool:
        for _ in range(5):
            job = asyncio.create_task(Told(pool.package(tone, tmp_path, complete=False)).follow())
            await asyncio.sleep(0.001)
            job.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await job
        assert (await package(pool, tone, tmp_path / "next"))[-1] == Finished(12_000)
        helpers = psutil.Process(forkserver._forkserver._forkserver_pid)
        await until(lambda: not helpers.children())


async def test_nothing_is_left_behind(tmp_path, tone):
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    async with worker_pool() as pool:
        await package(pool, tone, tmp_path / "warm")
        before = descriptors()
        for number in range(4):
            async with unfinished_job(pool, tone, tmp_path, str(number)) as (told, _):
                if number % 2:
                    told.job.abandon()
                else:
                    await finish(told, tone, tmp_path / str(number))
        await until(lambda: descriptors() <= before)
        assert psutil.Process(forkserver._forkserver._forkserver_pid).children() == []


SERVER = """
import asyncio, sys
from pathlib import Path
from tests.support.worker import worker_pool
from hls.report import SegmentCut

async def main():
    async with worker_pool() as pool:
        job = pool.package(Path(sys.argv[1]), Path(sys.argv[2]), complete=False)
        async for report in job:
            if isinstance(report, SegmentCut):
                print(job.pid, flush=True)

asyncio.run(main())
"""


async def test_no_worker_outlives_the_server(tmp_path, tone):
    command = [sys.executable, "-c", SERVER, str(tone), str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            pid = int(await asyncio.to_thread(server.stdout.readline))
            helpers = psutil.Process(server.pid).children(recursive=True)
            assert pid in [helper.pid for helper in helpers]
        finally:
            server.kill()
    await until(lambda: all(gone(helper.pid) for helper in helpers))


async def test_what_a_worker_said_last_is_heard_whatever_it_is_told_afterwards():
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    _, channel = await loop.create_unix_connection(lambda: Channel(loop, ours.send), sock=ours)
    refused = Refused("no")
    data = msgspec.msgpack.encode(refused)
    theirs.sendall(HEADER.pack(len(data)) + data)
    theirs.close()
    channel.say(GREW)
    channel.insist(COMPLETE)
    assert await channel.receive() == refused
    assert await channel.receive() is None
    channel.insist(COMPLETE)
