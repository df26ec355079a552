"""The C functions of fastreg for other compiled code: their addresses, for numba, ctypes and scipy.LowLevelCallable.

fastreg/capi.pxd is the same module for `cimport`, and fastreg.h in `fastreg.get_include()` for C; docs/backend.md says how the
functions are called and has an example for each language.

The FR_ constants are the status of a call, 0 where the gap asked for is reached and negative where there is no answer, and the
places in its `info` array of FR_INFO numbers.  They are plain ints, so that numba can use them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import numpy as np

from fastreg.kernels.capi import __pyx_capi__ as __pyx_capi__  # where Cython and numba look for the functions

FR_ABI_VERSION = 1

FR_CONVERGED = 0
FR_PRECISION = 1
FR_MAX_ITER = 2
FR_STALLED = 3
FR_NO_ROOM = 4
FR_INTERRUPTED = -1
FR_BAD_ARGUMENT = -2
FR_OUT_OF_RANGE = -3
FR_NOT_CONVEX = -4

FR_OBJECTIVE = 0
FR_DUAL_GAP = 1
FR_N_ITER = 2
FR_SUPPORT = 3
FR_STATUS = 4
FR_YTY = 5
FR_N_NEWTON = 6
FR_N_COLUMNS = 7
FR_INFO = 8

_MEANINGS = {
    FR_CONVERGED: "the gap is at most what was asked",
    FR_PRECISION: "the gap is as small as float64 can tell, which is more than was asked",
    FR_MAX_ITER: "max_iter sweeps and steps did not reach the gap",
    FR_STALLED: "rounding keeps the gap above what was asked",
    FR_NO_ROOM: "more columns matter than the workspace has room for",
    FR_INTERRUPTED: "a signal handler has raised; only where a caller lets handlers run",
    FR_BAD_ARGUMENT: "a size, pointer, index or number that cannot be",
    FR_OUT_OF_RANGE: "q is out of the range of Q where no l2 penalty and no finite bounds make up for it",
    FR_NOT_CONVEX: "Q has a negative eigenvalue",
}

_TYPES: dict[str, Any] = {
    "double": ctypes.c_double,
    "float": ctypes.c_float,
    "int": ctypes.c_int,
    "Py_ssize_t": ctypes.c_ssize_t,
    "void": None,
}

# function objects of our own: types set on those of ctypes.pythonapi would be set for the whole process
_name_of = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", ctypes.pythonapi))
_pointer_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))


def names() -> tuple[str, ...]:
    """The names of all C functions, in alphabetical order.

    Examples
    --------
    >>> import fastreg as fr
    >>> "fr_lasso_gram_f64" in fr.capi.names()
    True
    """
    return tuple(sorted(__pyx_capi__))


def signature(name: str) -> str:
    """The result and the types of the arguments of a C function, as Cython writes them.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If there is no function of this name.

    Examples
    --------
    >>> import fastreg as fr
    >>> fr.capi.signature("fr_soft_threshold_user_f64")
    'double (double, void *)'
    """
    return str(_name_of(_capsule(name)), "ascii")


def address(name: str) -> int:
    """Where the code of a C function is in memory, for as long as the process lasts.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If there is no function of this name.

    Notes
    -----
    The same as `numba.extending.get_cython_function_address("fastreg.capi", name)`.  A call must have the types of
    `signature(name)`; nothing checks that.

    Examples
    --------
    >>> import fastreg as fr
    >>> fr.capi.address("fr_lasso_gram_f64") > 0
    True
    """
    capsule = _capsule(name)
    return int(_pointer_of(capsule, _name_of(capsule)))


def function(name: str) -> Callable[..., Any]:
    """A C function as a ctypes function, which releases the GIL while it runs; numba compiles a direct call of it.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    ctypes function
        With argtypes and restype.  A pointer may be given as `array.ctypes`, as an address, or as None for NULL (in code of
        numba 0); types, strides and lengths of the arrays are not checked.

    Raises
    ------
    ValueError
        If there is no function of this name.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg as fr
    >>> x = np.array([-3.0, 0.5, 2.0])
    >>> fr.capi.function("fr_soft_threshold_array_f64")(len(x), x.ctypes, 1.0, x.ctypes)
    >>> x
    array([-2.,  0.,  1.])
    """
    result, _, arguments = signature(name).removesuffix(")").partition(" (")
    types = [] if arguments == "void" else [_type(argument) for argument in arguments.split(", ")]
    return ctypes.CFUNCTYPE(_type(result), *types)(address(name))


def low_level_callable(name: str, user_data: Any = None) -> Any:
    """A C function as a scipy.LowLevelCallable, for integrands and the like that never enter Python.

    Parameters
    ----------
    name : str
        One of `names()`, of a signature that the taker knows; scipy.integrate.quad takes `fr_soft_threshold_user_f64`.
    user_data : ndarray, ctypes.c_void_p or capsule, optional
        What the function gets as its `void *`: for an array, the address of its numbers, which may be changed between calls.
        The array is kept alive.  `fr_soft_threshold_user_f64` needs one float64; a number will do.

    Returns
    -------
    scipy.LowLevelCallable

    Raises
    ------
    ValueError, TypeError
        If there is no function of this name, or where it needs data and there are none, or of another type.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg as fr
    >>> from scipy.integrate import quad
    >>> integrand = fr.capi.low_level_callable("fr_soft_threshold_user_f64", np.array([0.5]))
    >>> round(quad(integrand, 0.0, 1.0, points=[0.5])[0], 12)
    0.125
    """
    from scipy import LowLevelCallable

    capsule = _capsule(name)
    if name.endswith("_user_f64"):
        if user_data is None:
            raise ValueError(f"{name} needs user_data: a number, or a float64 array of one.")
        if isinstance(user_data, (int, float)):
            user_data = np.array([user_data], np.float64)
        if isinstance(user_data, np.ndarray) and (user_data.dtype != np.float64 or user_data.size < 1):
            raise TypeError(f"user_data is an array of {user_data.size} {user_data.dtype}; {name} needs one float64.")
        if isinstance(user_data, (list, tuple)):
            raise TypeError(f"user_data is a {type(user_data).__name__}; {name} needs a number, or a float64 array of one.")
    if isinstance(user_data, np.ndarray):
        user_data = user_data.ctypes.data_as(ctypes.c_void_p)
    return LowLevelCallable(capsule, user_data)


def meaning(status: float) -> str:
    """What one status of a C function, or of one of its problems in info, says in words.

    Parameters
    ----------
    status : int, or float out of info

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If no function has such a status.

    Examples
    --------
    >>> import fastreg as fr
    >>> fr.capi.meaning(fr.capi.FR_NOT_CONVEX)
    'Q has a negative eigenvalue'
    """
    for known, words in _MEANINGS.items():
        if np.ndim(status) == 0 and status == known:
            return words
    raise ValueError(f"status is {status!r}; it must be one of {', '.join(map(str, sorted(_MEANINGS)))}.")


def _capsule(name: str) -> object:
    """The entry of this name, or a sentence with those that are spelled nearly so."""
    if isinstance(name, str) and name in __pyx_capi__:
        return __pyx_capi__[name]
    near = ", ".join(get_close_matches(str(name), __pyx_capi__, n=3))
    raise ValueError(f"fastreg has no C function {name!r}; {f'near it are {near}' if near else 'names() lists those it has'}.")


def _type(spelled: str) -> Any:
    """The ctypes type of one in a signature."""
    return ctypes.c_void_p if spelled.endswith("*") else _TYPES[spelled]
