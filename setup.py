"""Extension list, compiler flags and Cython directives; everything else stands in pyproject.toml.

FASTREG_DEBUG=1 builds with bounds checks and C assertions.  Flags: -ffp-contract=off keeps results the same on every
instruction set, -fno-math-errno lets square roots vectorise; no -ffast-math, no -march=native, no OpenMP (CONTRIBUTING.md says
why).

One wheel serves all of CPython with a GIL: the limited API from 3.11 on, where buffers joined it.  Functions are not `binding`,
which makes them builtins: below 3.12 the limited API has no faster call, and kernels have no use for more.
"""

import os
import sys
import sysconfig

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("FASTREG_DEBUG") == "1"
ABI3 = not sysconfig.get_config_var("Py_GIL_DISABLED")
MAPS = ("_prox", "_line")  # who includes maps.h, a change of which compiles no others
KERNELS = [
    "_prox",
    "_line",
    "_lines",
    "_csc",
    "_design",
    "_gram",
    "_moments",
    "_groups",
    "_columns",
    "_cholesky",
    "_cross",
    "_support",
    "_krylov",
    "_newton",
    "_relax",
    "_judge",
    "_working",
    "_bounds",
    "_joining",
    "_active",
    "_solver",
    "_targets",
    "_trail",
    "_reading",
    "_folds",
    "_ridge",
    "_workspace",
    "_quadratic",
    "_rounds",
    "_normal",
    "_signs",
    "_batch",
    "capi",
]

if sys.platform == "win32":
    flags = ["/fp:precise", *(["/Od", "/UNDEBUG"] if DEBUG else ["/O2"])]
else:
    flags = ["-ffp-contract=off", "-fno-math-errno", *(["-O1", "-g", "-UNDEBUG"] if DEBUG else ["-O3"])]

extensions = [
    Extension(
        f"fastreg.kernels.{name}",
        [f"fastreg/kernels/{name}.pyx"],
        depends=[f"fastreg/kernels/{header}.h" for header in ("lanes", "sparse", "tiles", *(["maps"] if name in MAPS else []))],
        include_dirs=["fastreg/kernels"],
        extra_compile_args=flags,
        define_macros=[
            ("FR_FLAGS", '"' + " ".join(flags) + '"'),
            *([("FASTREG_DEBUG", "1")] if DEBUG else []),
            *([("Py_LIMITED_API", "0x030B0000")] if ABI3 else []),
        ],
        py_limited_api=ABI3,
    )
    for name in KERNELS
]

if __name__ == "__main__":  # the processes of cythonize may import this again
    setup(
        ext_modules=cythonize(
            extensions,
            build_dir="build/cython",
            nthreads=os.cpu_count() or 0,
            emit_linenums=DEBUG,  # gcov, gdb and sanitizers then name lines of .pyx files
            compiler_directives={
                "language_level": 3,
                "boundscheck": DEBUG,
                "wraparound": False,
                "initializedcheck": DEBUG,
                "cdivision": True,
                "binding": False,
                "embedsignature": True,
                "embedsignature.format": "clinic",
                "freethreading_compatible": True,
            },
        ),
        options={
            "build_ext": {"parallel": os.cpu_count()},
            **({"bdist_wheel": {"py_limited_api": "cp311"}} if ABI3 else {}),
        },
    )
