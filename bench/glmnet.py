"""glmnet of R: data go to files, `Rscript glmnet.R` solves, and the time is what R's own clock takes around glmnet()."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).with_name("glmnet.R")
COMMAND = "Rscript"


class Timed:
    """An answer that comes with the seconds of each call, taken elsewhere."""

    def __init__(self, answer, seconds):
        self.answer, self.seconds = answer, seconds


def command(*arguments):
    """The program and its arguments, without a profile that would load more."""
    return [COMMAND, "--vanilla", str(SCRIPT), *map(str, arguments)]


@cache
def version():
    """That of glmnet as R tells it; an OSError or a CalledProcessError where it cannot."""
    done = subprocess.run(command(), capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def absent():
    """Why glmnet cannot run, or None."""
    if shutil.which(COMMAND) is None:
        return f"there is no {COMMAND}"
    if not SCRIPT.is_file():
        return f"{SCRIPT.name} is missing"
    try:
        version()
    except subprocess.CalledProcessError:
        return "R has no package glmnet"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{COMMAND} does not start: {error}"
    return None


def write(task, folder):
    """The data of a task, as glmnet.R reads them."""
    sparse = not isinstance(task.X, np.ndarray)
    n, p = task.X.shape
    arrays = {"y": task.y, "alphas": task.alphas, "X": task.X.data if sparse else task.X.ravel(order="F")}
    for name, values in arrays.items():
        np.asarray(values, "<f8").tofile(os.path.join(folder, f"{name}.bin"))
    if sparse:
        np.asarray(task.X.indices, "<i4").tofile(os.path.join(folder, "rows.bin"))
        np.asarray(task.X.indptr, "<i4").tofile(os.path.join(folder, "starts.bin"))
    shape = [n, p, len(task.alphas), task.l1_ratio, int(sparse)]
    Path(folder, "shape.txt").write_text(" ".join(map(str, shape)) + "\n", encoding="ascii")


def read(folder, p, K):
    """The answer of glmnet.R: coefs (p, K) and the seconds of each call."""
    coefs = np.fromfile(os.path.join(folder, "coefs.bin"), "<f8").reshape((p, K), order="F")
    return Timed(coefs, [float(line) for line in Path(folder, "seconds.txt").read_text(encoding="ascii").split()])


def path(task, tol, seconds=0.2):
    """coefs (p, K) of a task, Timed."""
    if "folder" not in task.kept:  # which goes with the task
        task.kept["folder"] = tempfile.TemporaryDirectory(prefix="fastreg-bench-")
        write(task, task.kept["folder"].name)
    folder = task.kept["folder"].name
    done = subprocess.run(command(folder, tol, seconds), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"glmnet: {' '.join(done.stderr.split())[-200:]}")
    return read(folder, task.X.shape[1], len(task.alphas))
