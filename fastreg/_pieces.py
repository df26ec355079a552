"""Many problems in pieces, one after another or in threads; it must not know what a problem is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

PIECE = 20_000_000  # what a piece is worth: some 10 ms, after which Ctrl-C is heard
MOST = 4096
PER_THREAD = 4  # pieces, so that no thread waits for long


def in_pieces(solve: Callable[[int, int, bool], None], size: int, work: float, n_threads: int) -> None:
    """solve(start, end, alone) for pieces of so many problems, each worth so much work.

    alone: no other thread solves, so that the kernel itself should look for Ctrl-C.  Among threads it is answered at once,
    while pieces at work end unseen."""
    length = min(MOST, int(PIECE / max(work, 1.0)) + 1)
    if n_threads > 1:
        length = max(1, min(length, size // (PER_THREAD * n_threads)))
    starts = range(0, size, length)
    if n_threads == 1 or len(starts) < 2:
        for start in starts:
            solve(start, min(start + length, size), True)
        return
    stopped = Event()

    def one(start: int) -> None:
        if not stopped.is_set():
            solve(start, min(start + length, size), False)

    pool = ThreadPoolExecutor(min(n_threads, len(starts)))
    try:
        for _ in pool.map(one, starts):
            pass
    except BaseException:
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
