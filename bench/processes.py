"""Workers seen from outside: start one, ask it with a limit of seconds, end it."""

import json
import os
import queue
import subprocess
import sys
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


def environment():
    """That of a worker: one thread, and the fastreg that runs here, wherever it was found."""
    import fastreg

    here = str(Path(fastreg.__file__).resolve().parents[1])
    rest = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join([here, *rest])}


class Process:
    """A worker for one solver, started when it is first asked, and again after it was ended."""

    def __init__(self, solver="", **variables):
        self.solver, self.variables, self.child, self.replies = solver, variables, None, None

    def ask(self, limit, **request):
        """The reply within `limit` seconds; {"error": } also where there is none in time or the process has ended."""
        if self.child is None:
            self.start()
        try:
            self.child.stdin.write(json.dumps(request) + "\n")
            self.child.stdin.flush()
            line = self.replies.get(timeout=limit)
        except queue.Empty:
            self.end()
            return {"error": f"stopped after {limit:.0f} s", "stopped": True}
        except OSError:
            line = ""
        if not line:
            status = self.child.wait()
            self.end()
            return {"error": f"its process ended with status {status}"}
        return json.loads(line)

    def start(self):
        self.child = subprocess.Popen(
            [sys.executable, "-c", CODE, self.solver],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=environment() | self.variables,
        )
        self.replies = queue.Queue()
        threading.Thread(target=self._listen, args=(self.child.stdout, self.replies), daemon=True).start()

    @staticmethod
    def _listen(stream, replies):
        for line in stream:
            replies.put(line)
        replies.put("")

    def end(self):
        """End the process, if there is one."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child.stdin.close()
            self.child = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
