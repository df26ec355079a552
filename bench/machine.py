"""What times depend on beside the code: processor, BLAS, instruction set, versions, load."""

import contextlib
import importlib.metadata
import os
import platform
import subprocess
import sys
import time

import numpy as np

from . import solvers
from .measure import cpu_model


def stack():
    """A dictionary for the head of a report."""
    import fastreg
    from fastreg.kernels import _design

    build = _design.build_info()
    return {
        "fastreg": fastreg.__version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": platform.platform(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "instruction set": build["instruction_set"],
        "compiler": build["compiler"],
        "flags": build["flags"],
        "BLAS": blas(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def blas():
    """Each BLAS that is loaded, with version, kernels and threads; what numpy was built with where nobody can be asked."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return [f"{built.get('name', 'unknown')} {built.get('version', '')}".strip()]
    import scipy.linalg  # noqa: F401

    found = []
    for library in threadpool_info():
        if library["user_api"] == "blas":
            kernels = f", {library['architecture']}" if library.get("architecture") else ""
            found.append(f"{library['internal_api']} {library['version']}{kernels}, threads: {library['num_threads']}")
    return sorted(set(found))


def versions(names):
    """Of the solvers of these names, and of numpy and scipy."""
    found = {name: importlib.metadata.version(name) for name in ("numpy", "scipy")}
    for name in names:
        if name not in solvers.BUILT_IN:
            with contextlib.suppress(Exception):  # a version that cannot be told is no reason to stop
                found[name] = solvers.SOLVERS[name].version()
    return found


def import_milliseconds(module, limit, most=15):
    """The least time of a process that imports numpy and this module, over that of one that imports numpy alone; in turn, for
    `limit` seconds.  None where that fails."""
    from .processes import environment

    least, begin = {}, time.perf_counter()
    for _ in range(most):
        for code in ("import numpy", f"import numpy, {module}"):
            start = time.perf_counter()
            try:
                subprocess.run(
                    [sys.executable, "-P", "-c", code], env=environment(), capture_output=True, check=True, timeout=120
                )
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
                return None
            least[code] = min(least.get(code, np.inf), time.perf_counter() - start)
        if time.perf_counter() - begin > limit:
            break
    return 1e3 * max(0.0, least[f"import numpy, {module}"] - least["import numpy"])  # a busy machine may put them out of order
