"""The same bytes to many sockets in one system call, where Linux's io_uring can be had.

A loop over `os.write` spends a third of a message's cost outside of TCP: the interpreter's turns, and a way
into the kernel and back for each socket. Here the kernel goes along a list of descriptors by itself. Every
send is one that does not wait, so all are done when the call returns: nothing is asynchronous about it.

Source: io_uring(7), io_uring_enter(2) and <linux/io_uring.h>.
"""

import ctypes
import mmap
import os
from array import array
from errno import EAGAIN, EBUSY, EINTR
from socket import MSG_DONTWAIT, MSG_NOSIGNAL
from struct import Struct

MAX_BYTES = 256 << 10  # of what is sent; more goes the usual way
_ENTRIES = 1024  # sockets in one call
# The numbers of these calls are the same on all architectures that have come since 2019, and on x86-64.
_SETUP, _ENTER = 425, 426
_OP_SEND = 26
_OFFSET_SQES = 0x10000000
_SQE_BYTES = 64
_SQE_WORDS = _SQE_BYTES // 4
_CQE = Struct("=QiI")  # struct io_uring_cqe: user_data, res, flags
_CQE_BYTES = _CQE.size
_TRIES = 100


class _Params(ctypes.Structure):
    """struct io_uring_params. The offsets are those of the rings' members in what is mapped."""

    _fields_ = [
        ("sq_entries", ctypes.c_uint32),
        ("cq_entries", ctypes.c_uint32),
        ("flags_and_more", ctypes.c_uint32 * 8),
        # head, tail, ring_mask, ring_entries, flags, dropped, array, ...
        ("sq_offsets", ctypes.c_uint32 * 10),
        # head, tail, ring_mask, ring_entries, overflow, cqes, ...
        ("cq_offsets", ctypes.c_uint32 * 10),
    ]


class Burst:
    """One ring, for one thread.

    Bound: `_ENTRIES` requests of 64 bytes, their answers, and `MAX_BYTES` of what is sent.
    """

    def __init__(self) -> None:
        """Raises OSError: this kernel, or who watches over it, does not give us one."""
        params = _Params()
        self._call = ctypes.CDLL(None, use_errno=True).syscall
        descriptor = self._call(_SETUP, _ENTRIES, ctypes.byref(params))
        if descriptor < 0:
            raise OSError(ctypes.get_errno(), "io_uring_setup")
        self._descriptor = descriptor
        try:
            self._map(params)
        except BaseException:
            os.close(descriptor)
            raise

    def _map(self, params: _Params) -> None:
        sq, cq = params.sq_offsets, params.cq_offsets
        size = max(sq[6] + 4 * params.sq_entries, cq[5] + _CQE_BYTES * params.cq_entries)
        rings = memoryview(mmap.mmap(self._descriptor, size)).cast("B")
        requests = mmap.mmap(self._descriptor, _SQE_BYTES * params.sq_entries, offset=_OFFSET_SQES)
        self._data = mmap.mmap(-1, MAX_BYTES)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._data))
        words = rings[: size // 4 * 4].cast("I")
        self._tail = words[sq[1] // 4 : sq[1] // 4 + 1]
        self._done_head = words[cq[0] // 4 : cq[0] // 4 + 1]
        self._done_tail = words[cq[1] // 4 : cq[1] // 4 + 1]
        words[sq[6] // 4 : sq[6] // 4 + params.sq_entries] = array("I", range(params.sq_entries))
        self._size, self._done_size = params.sq_entries, params.cq_entries
        # struct io_uring_sqe: opcode, flags, ioprio; fd; off; addr; len; msg_flags; user_data; ...
        fields = memoryview(requests).cast("B").cast("I")
        count = params.sq_entries
        fields[0::_SQE_WORDS] = array("I", [_OP_SEND]) * count
        fields[4::_SQE_WORDS] = array("I", [address & 0xFFFFFFFF]) * count
        fields[5::_SQE_WORDS] = array("I", [address >> 32]) * count
        fields[7::_SQE_WORDS] = array("I", [MSG_DONTWAIT | MSG_NOSIGNAL]) * count
        fields[8::_SQE_WORDS] = array("I", range(count))
        self._descriptors = memoryview(requests).cast("B").cast("i")[1::_SQE_WORDS]
        self._lengths = fields[6::_SQE_WORDS]
        self._length = 0
        self._all_taken = bytearray().join(_CQE.pack(slot, 0, 0) for slot in range(count))
        self._taken = memoryview(self._all_taken).cast("B").cast("i")[2 :: _CQE_BYTES // 4]
        self._answers = rings[cq[5] : cq[5] + _CQE_BYTES * params.cq_entries]

    def send(self, descriptors: "array[int]", data: bytes) -> dict[int, int]:
        """Send `data`, at most `MAX_BYTES`, to each socket, as far as it takes it now.

        Args:
            descriptors: an array of type "i".

        Returns:
            for each socket that did not take all of it, by its place in `descriptors`: the bytes it took, or,
            below 0, the number of the error.

        Raises:
            OSError: the ring can't be used any more; nobody knows who got what.
        """
        size = len(data)
        self._data[:size] = data
        if size != self._length:
            self._expect(size)
        short: dict[int, int] = {}
        done = 0
        while done < len(descriptors):
            place = self._tail[0] % self._size
            part = descriptors[done : done + self._size - place]
            self._descriptors[place : place + len(part)] = part
            self._submit(len(part))
            answers = self._take(len(part))
            # Nearly always; looking at each would cost half as much as what happens here otherwise.
            if answers != self._all_taken[place * _CQE_BYTES : (place + len(part)) * _CQE_BYTES]:
                for slot, result, _ in _CQE.iter_unpack(answers):
                    if result != size:
                        short[done + slot - place] = result
            done += len(part)
        return short

    def close(self) -> None:
        os.close(self._descriptor)

    def _submit(self, count: int) -> None:
        self._tail[0] = (self._tail[0] + count) & 0xFFFFFFFF
        for _ in range(_TRIES):
            taken = self._call(_ENTER, self._descriptor, count, 0, 0, None, 0)
            count -= max(taken, 0)
            if not count:
                return
            if taken < 0 and ctypes.get_errno() not in (EAGAIN, EBUSY, EINTR):
                break
        raise OSError(ctypes.get_errno(), "io_uring_enter")

    def _take(self, count: int) -> bytes:
        """The answers to what was just submitted, in any order."""
        head = self._done_head[0]
        if (self._done_tail[0] - head) & 0xFFFFFFFF != count:
            raise OSError(EBUSY, "a send that must not wait has waited")
        start = head % self._done_size * _CQE_BYTES
        answers = bytes(self._answers[start : start + count * _CQE_BYTES])
        answers += self._answers[: count * _CQE_BYTES - len(answers)]
        self._done_head[0] = (head + count) & 0xFFFFFFFF
        return answers

    def _expect(self, size: int) -> None:
        """What is sent from now on has so many bytes."""
        self._lengths[:] = array("I", [size]) * self._size
        self._taken[:] = array("i", [size]) * self._size
        self._length = size


def open_burst() -> Burst | None:
    """None where there is no io_uring: on other systems, in most containers, or where it is turned off."""
    try:
        return Burst()
    except (OSError, AttributeError, ValueError):
        return None
