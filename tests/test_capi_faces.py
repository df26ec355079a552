"""The C functions as Python hands them on: addresses, ctypes, numba, scipy.LowLevelCallable."""

import ctypes
import gc
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy import LowLevelCallable
from scipy.integrate import quad
from test_import import output

import fastreg as fr
from fastreg import capi

TYPES = {"double": ctypes.c_double, "float": ctypes.c_float, "int": ctypes.c_int, "Py_ssize_t": ctypes.c_ssize_t, "void": None}


def lasso_gram(Q, q, l1):
    """w, status and info by ctypes."""
    p = len(q)
    w, info = np.zeros(p), np.empty(capi.FR_INFO)
    work = np.empty(capi.function("fr_lasso_gram_worksize_f64")(p, 0), np.uint8)
    status = capi.function("fr_lasso_gram_f64")(
        *(p, Q.ctypes, p, None, 0, q.ctypes.data, np.nan, l1, None, 0.0, None, None, None),
        *(w.ctypes, 0.0, 1e-10, 1000, work.ctypes, info.ctypes),
    )
    return w, status, info


def quadratic(p, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((2 * p, p))
    return X.T @ X, X.T @ rng.standard_normal(2 * p)


# Names, signatures, addresses


def test_every_function_has_a_signature_and_an_address_of_its_own():
    assert capi.names() == tuple(sorted(capi.__pyx_capi__))
    assert len({capi.address(name) for name in capi.names()}) == len(capi.names())
    for name in capi.names():
        assert name.startswith("fr_")
        assert re.fullmatch(r"(int|void|float|double|Py_ssize_t) \([\w *,]+\)", capi.signature(name))


def test_numba_finds_the_functions():
    extending = pytest.importorskip("numba.extending", reason="numba is not installed")
    for name in capi.names():
        assert extending.get_cython_function_address("fastreg.capi", name) == capi.address(name)


@pytest.mark.parametrize("use", [capi.signature, capi.address, capi.function, capi.low_level_callable])
def test_an_unknown_name_is_refused_with_those_near_it(use):
    with pytest.raises(ValueError, match=r"^fastreg has no C function 'fr_lasso_gram'; near it are fr_lasso_gram_f\d\d, .*\.$"):
        use("fr_lasso_gram")
    for name in ("", "?", None, 3, [], b"fr_abi_version"):
        with pytest.raises(ValueError, match=r"^fastreg has no C function .*\.$"):
            use(name)


def test_a_status_in_words():
    assert capi.meaning(0) == capi.meaning(0.0) == capi.meaning(np.int32(0)) == "the gap is at most what was asked"
    for status in (5, -5, 0.5, np.nan, None, "0", []):
        with pytest.raises(ValueError, match=r"^status is .*; it must be one of -4, -3, -2, -1, 0, 1, 2, 3, 4\.$"):
            capi.meaning(status)


# ctypes


def test_functions_have_the_types_of_their_signature_and_release_the_gil():
    for name in capi.names():
        function = capi.function(name)
        result, arguments = re.fullmatch(r"(\w+) \((.*)\)", capi.signature(name)).groups()
        assert function.restype is TYPES[result]
        wanted = [ctypes.c_void_p if spelled.endswith("*") else TYPES[spelled] for spelled in arguments.split(", ")]
        assert list(function.argtypes) == [kind for kind in wanted if kind is not None]
        assert not function._flags_ & ctypes._FUNCFLAG_PYTHONAPI


def test_a_call_from_ctypes():
    Q, q = quadratic(20, seed=0)
    w, status, info = lasso_gram(Q, q, 10.0)
    fit = fr.lasso_gram(Q, q, 10.0, tol=1e-10)
    assert status == info[capi.FR_STATUS] == capi.FR_CONVERGED
    assert abs(info[capi.FR_OBJECTIVE] - fit.objective) <= fit.dual_gap + info[capi.FR_DUAL_GAP]
    assert info[capi.FR_SUPPORT] == np.count_nonzero(w) == len(fit.support)
    assert np.allclose(w, fit.coef, rtol=0, atol=1e-6)


def test_an_argument_of_another_type_is_refused_by_ctypes():
    soft = capi.function("fr_soft_threshold_f64")
    for arguments in [(), (1.0,), ("1", 1.0), (None, 1.0)]:
        with pytest.raises((TypeError, ctypes.ArgumentError)):
            soft(*arguments)
    with pytest.raises(ctypes.ArgumentError):
        capi.function("fr_soft_threshold_array_f64")(1, np.zeros(1), 1.0, np.zeros(1))  # not .ctypes


def test_types_set_by_a_user_are_his_own():
    capi.function("fr_soft_threshold_f64").argtypes = [ctypes.c_int]
    assert capi.function("fr_soft_threshold_f64")(3.5, 1.0) == 2.5


def test_threads_give_the_bits_of_a_serial_run():
    problems = [quadratic(30, seed) for seed in range(8)]

    def solved(problem):
        w, status, info = lasso_gram(*problem, 5.0)
        return w.tobytes(), status, info.tobytes()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(solved, problems * 5)) == [solved(problem) for problem in problems] * 5


# scipy


def test_a_low_level_callable_keeps_what_it_needs():
    threshold = np.array([0.5])
    integrand = capi.low_level_callable("fr_soft_threshold_user_f64", threshold)
    assert isinstance(integrand, LowLevelCallable)
    assert integrand.signature == "double (double, void *)"
    del threshold
    gc.collect()
    assert quad(integrand, 0.0, 1.0, points=[0.5])[0] == pytest.approx(1 / 8, abs=1e-14)


def test_a_low_level_callable_reads_its_data_at_every_call():
    threshold = np.array([0.5])
    integrand = capi.low_level_callable("fr_soft_threshold_user_f64", threshold)
    threshold[0] = 0.0
    assert quad(integrand, 0.0, 1.0)[0] == pytest.approx(1 / 2, abs=1e-14)
    pointer = ctypes.cast(ctypes.pointer(ctypes.c_double(0.5)), ctypes.c_void_p)
    integrand = capi.low_level_callable("fr_soft_threshold_user_f64", pointer)
    assert quad(integrand, 0.0, 1.0, points=[0.5])[0] == pytest.approx(1 / 8, abs=1e-14)


# The package


def test_importing_fastreg_loads_neither_this_nor_scipy(tmp_path):
    code = """
        import json, sys
        import fastreg
        loaded = [name for name in ("fastreg.capi", "fastreg.kernels.capi") if name in sys.modules]
        include = fastreg.get_include()
        fastreg.capi.function("fr_abi_version")()
        print(json.dumps([loaded, "fastreg.kernels.capi" in sys.modules, "scipy" in sys.modules]))
    """
    assert output(code, tmp_path) == [[], True, False]


def test_get_include_is_where_the_header_is():
    assert (Path(fr.get_include()) / "fastreg.h").is_file()


def test_a_function_that_reads_its_data_is_not_handed_out_without():
    name = "fr_soft_threshold_user_f64"
    assert quad(capi.low_level_callable(name, 0.5), 0.0, 1.0, points=[0.5])[0] == pytest.approx(0.125)
    with pytest.raises(
        ValueError, match=r"^fr_soft_threshold_user_f64 needs user_data: a number, or a float64 array of one\.$"
    ):
        capi.low_level_callable(name)
    for wrong in (np.array([0.5], np.float32), np.array([1]), np.empty(0), [0.5]):
        with pytest.raises(TypeError, match=r"^user_data is .*; fr_soft_threshold_user_f64 needs "):
            capi.low_level_callable(name, wrong)


def test_a_meaning_is_of_one_status():
    with pytest.raises(ValueError, match=r"^status is array\(\[0, 1\]\); it must be one of "):
        capi.meaning(np.array([0, 1]))
