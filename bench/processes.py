"""Workers seen from outside: start one, ask it with a limit of seconds, end it."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

CODE = "import sys; from fastreg._suite import suite; suite('worker').main(sys.argv[1])"
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
    ),
    "1",
)
HELD = (  # what makes a BLAS take fewer instructions, or smaller blocks, than it would on this processor
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_DEBUG_CPU_TYPE",
    "MKL_CBWR",
)


def left_out():
    """What a worker does not inherit of this environment: a peer is timed with the BLAS that its users have."""
    return [f"{name}={os.environ[name]}" for name in HELD if name in os.environ]


def environment():
    """That of a worker: one thread, a BLAS held to nothing else, and the fastreg that runs here, wherever it was found."""
    import fastreg

    here = str(Path(fastreg.__file__).resolve().parents[1])
    rest = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    inherited = {name: value for name, value in os.environ.items() if name not in HELD}
    return {**inherited, **ONE_THREAD, "PYTHONPATH": os.pathsep.join([here, *rest])}


def end(process):
    """Kill a process that has a session of its own, and its children."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


class Process:
    """A worker for one solver, started when it is first asked, and again after it was ended.

    Its temporary files, and what it says of its end, are in a folder that goes with it: it is killed, and tidies nothing up."""

    def __init__(self, solver="", **variables):
        self.solver, self.variables, self.child, self.replies, self.folder = solver, variables, None, None, None

    def ask(self, limit, **request):
        """The reply within `limit` seconds; {"error": } also where there is none in time or the process has ended."""
        self.tell(**request)
        return self.hear(limit)

    def tell(self, **request):
        """Send a request, and leave the reply to hear(), so that several processes can be at work."""
        if self.child is None:
            self.start()
        with contextlib.suppress(OSError):  # of a process that has ended, which hear() finds out
            self.child.stdin.write(json.dumps(request) + "\n")
            self.child.stdin.flush()

    def hear(self, limit):
        """The reply to what tell() has sent."""
        try:
            line = self.replies.get(timeout=limit)
        except queue.Empty:
            self.end()
            return {"error": f"stopped after {limit:.2g} s"}
        if line:
            return json.loads(line)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.child.wait(5)
        status, words = self.child.poll(), Path(self.folder.name, "stderr").read_text(encoding="utf-8", errors="replace")
        self.end()
        last = words.strip().rpartition("\n")[2][:200]
        return {"error": f"its process ended with status {status}{last and ': ' + last}"}

    def start(self):
        self.folder = tempfile.TemporaryDirectory(prefix="fastreg-bench-", ignore_cleanup_errors=True)
        with open(Path(self.folder.name, "stderr"), "wb") as words:
            self.child = subprocess.Popen(
                [sys.executable, "-P", "-c", CODE, self.solver],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
                encoding="utf-8",
                env=environment() | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self.folder.name) | self.variables,
                start_new_session=True,  # Ctrl-C comes to the command alone, which ends the others, and what they started
            )
        self.replies = queue.Queue()
        threading.Thread(target=self._listen, args=(self.child.stdout, self.replies), daemon=True).start()

    @staticmethod
    def _listen(stream, replies):
        with stream:
            for line in stream:
                replies.put(line)
        replies.put("")

    def end(self):
        """End the process, if there is one, with its children and its folder."""
        if self.child is not None:
            end(self.child)
            self.child.wait()
            with contextlib.suppress(OSError):  # of a request that nobody has read
                self.child.stdin.close()
            self.folder.cleanup()
            self.child = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
