"""What importing costs and changes, and what a process may do around a fit: fork, threads, Ctrl-C.

Each claim about a whole process is checked in one of its own.
"""

import json
import statistics
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import problem

import fastreg as fr

pytestmark = pytest.mark.thread_unsafe(reason="is about whole processes")

DATA = """
        import numpy as np
        import fastreg as fr
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((50, 200)), rng.standard_normal(50)
"""


def run(code, cwd, timeout=120):
    """The outcome of a program (its indented text) in a fresh process."""
    code = textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False)


def output(code, cwd):
    """What a program prints, as JSON; it must succeed."""
    result = run(code, cwd)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


# Names


def test_every_public_name_resolves_and_is_listed():
    assert len(set(fr.__all__)) == len(fr.__all__)
    assert dir(fr) == sorted(fr.__all__)
    for name in fr.__all__:
        value = getattr(fr, name)
        assert isinstance(value, str) or value.__doc__
    wanted = {"lasso", "elastic_net", "lasso_path", "elastic_net_path", "ridge", "alpha_max", "soft_threshold", "certify"}
    assert wanted | {"Certificate", "Fit", "Path", "Status", "ConvergenceWarning", "prox", "__version__"} <= set(fr.__all__)


@pytest.mark.slow
def test_every_public_name_resolves_first_of_all(tmp_path):
    """A name must not depend on another having been used."""
    for name in fr.__all__:
        assert output(f"import fastreg; value = fastreg.{name}; print('true')", tmp_path)
    assert output("from fastreg import *; print('true' if callable(lasso) and callable(ridge) else 'false')", tmp_path)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'fastreg' has no attribute 'lars'$"):
        _ = fr.lars
    assert not hasattr(fr, "Lasso_")


# Cost


def test_import_loads_nothing_but_numpy(tmp_path):
    code = """
        import json, sys
        import numpy
        before = set(sys.modules)
        import fastreg
        new = {name.split(".")[0] for name in set(sys.modules) - before}
        print(json.dumps(sorted(new - set(sys.stdlib_module_names))))
    """
    assert output(code, tmp_path) == ["fastreg"]


def test_fits_load_no_other_package(tmp_path):
    code = f"""{DATA}
        import json, sys
        fr.lasso_path(X, y), fr.lasso(X, y, 0.1), fr.soft_threshold(y, 1.0), fr.ridge(X, y, 0.1), fr.ridge(X, y, 0.0)
        print(json.dumps(sorted({{name.split(".")[0] for name in sys.modules}})))
    """
    assert not set(output(code, tmp_path)) & {"sklearn", "pandas", "matplotlib", "joblib"}


def test_import_costs_at_most_15_ms_over_numpy(tmp_path):
    code = """
        import time, numpy
        start = time.perf_counter()
        import fastreg
        print(time.perf_counter() - start)
    """
    # within one process: what numpy's import takes wanders by more than fastreg's whole
    seconds = [float(output(code, tmp_path)) for _ in range(10)]
    assert statistics.median(seconds) <= 0.015


# Floating point


def test_subnormal_numbers_survive_the_import_and_a_fit(tmp_path):
    """Linking with -ffast-math would switch them off for the whole process."""
    code = f"""{DATA}
        import json
        def alive():
            tiny = np.array([5e-324, 1e-310, -1e-310])
            single = np.array([1e-40], np.float32)
            return bool((tiny * 1.0 != 0).all() and (tiny[1:] / 2 != 0).all() and single[0] * 1 != 0)
        kept = [alive()]
        fr.lasso_path(X, y), fr.ridge(X, y, 0.1), fr.soft_threshold(X, 0.5)
        print(json.dumps([*kept, alive()]))
    """
    assert output(code, tmp_path) == [True, True]


# Processes, threads, signals


def test_a_forked_child_can_fit_after_its_parent_has(tmp_path):
    code = f"""{DATA}
        import json, os, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork in a process with (BLAS) threads
        def fits():
            return [fr.lasso_path(X, y, alphas=20).coefs.tobytes(), fr.ridge(X, y, 0.1).coef.tobytes()]
        expected = fits()
        child = os.fork()
        if child == 0:
            os._exit(0 if fits() == expected else 1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([status, fits() == expected]))
    """
    assert output(code, tmp_path) == [0, True]


def assert_same_in_threads(fits, data):
    """fits gives the same of each of data, whether one after another or two at once."""
    serial = [fits(Xy) for Xy in data]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(fits, data)) == serial


def test_threads_give_the_bits_of_a_serial_run():
    """Other problems and the same one, at once."""
    data = [problem(60, 300, seed, correlation=0.5) for seed in (0, 1, 0, 2, 0, 3, 0, 4)]

    def fits(Xy):
        X, y = Xy
        path = fr.lasso_path(X, y, alphas=50)
        return path.coefs.tobytes(), path.dual_gaps.tobytes(), fr.ridge(X, y, 0.1).coef.tobytes()

    assert_same_in_threads(fits, data)


@pytest.mark.parametrize("shape", [(60, 300), (400, 30)])
def test_threads_give_the_bits_of_a_serial_run_of_ridge_and_statistics(shape):
    """Each has a path and statistics of its own, which read the same X at once."""
    data = [problem(*shape, seed) for seed in (0, 1, 0, 2, 0, 3, 0, 4)]

    def fits(Xy):
        X, y = Xy
        path, stats = fr.ridge_path(X, y, 50), fr.GramStats()
        for i in range(0, len(y), 20):
            stats.update(X[i : i + 20], y[i : i + 20])
        return [part.tobytes() for part in (path.coefs, path.dual_gaps, path.loo, stats.mean, stats.gram, stats.xty)]

    assert_same_in_threads(fits, data)


@pytest.mark.slow
@pytest.mark.parametrize("gram_columns", [0, 4096], ids=["residual", "gram"])
def test_ctrl_c_ends_a_fit_that_would_take_minutes(tmp_path, gram_columns):
    """Columns that nearly agree, an alpha near 0 and no tolerance: coordinate descent alone would go on for hours."""
    code = f"""
        import signal, sys, threading
        import numpy as np
        import fastreg as fr
        import fastreg._lasso
        fastreg._descent.choose_form = lambda n, p, *_: fastreg._descent.Form(False, {gram_columns}, 0)
        rng = np.random.default_rng(0)
        X, y = np.cumsum(rng.standard_normal((1000, 3000)), axis=1), rng.standard_normal(1000)
        before = X.tobytes(), y.tobytes()
        alpha = 1e-5 * fr.alpha_max(X, y)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell starts this in the background
        threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
        try:
            fr.lasso(X, y, alpha, tol=0, max_iter=10**9)
        except KeyboardInterrupt:
            print("interrupted" if (X.tobytes(), y.tobytes()) == before else "changed")
    """
    result = run(code, tmp_path)
    assert (result.returncode, result.stdout.strip()) == (0, "interrupted"), result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no timers")
def test_ctrl_c_is_nothing_else_wherever_it_comes_among_many_targets(tmp_path):
    """Many columns without a penalty: what is begun with takes long, too."""
    code = """
        import signal, warnings
        import numpy as np
        import fastreg as fr
        warnings.simplefilter("ignore")
        rng = np.random.default_rng(0)
        X, Y = rng.standard_normal((800, 1400)), rng.standard_normal((800, 4))
        v = np.where(np.arange(1400) < 700, 0.0, 1.0)
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        ends = []
        for delay in np.linspace(0.001, 0.06, 40):
            try:
                signal.setitimer(signal.ITIMER_REAL, delay)
                fr.lasso(X, Y, 0.3, penalty_factor=v, max_iter=2)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except BaseException as end:
                ends.append(type(end).__name__)
        print(*sorted(set(ends)))
    """
    result = run(code, tmp_path)
    assert (result.returncode, result.stdout.strip()) == (0, "KeyboardInterrupt"), result.stderr
