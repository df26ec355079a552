"""Elementwise maps: their twins, their problems' minima, their identities, and every dtype, layout and kind of weights."""

import signal
import threading

import numpy as np
import pytest
import reference as ref
from hypothesis import given
from hypothesis import strategies as st

from fastreg import prox
from fastreg.kernels import _prox

TWINS = {
    "l1": ref.soft_threshold,
    "squared_l2": lambda x, t: x / (1 + t),
    "elastic_net": ref.prox_elastic_net,
    "l0": ref.prox_l0,
    "l_half": np.vectorize(lambda x, t: ref.prox_of_power(x, t, 1, 2)),
    "l_two_thirds": np.vectorize(lambda x, t: ref.prox_of_power(x, t, 2, 3)),
    "mcp": np.vectorize(ref.prox_mcp),
    "scad": np.vectorize(ref.prox_scad),
    "huber": ref.prox_huber,
    "box": np.clip,
}
# parameters of each: convex ones first
PARAMETERS = {
    "l1": [(0.0,), (0.7,)],
    "squared_l2": [(0.0,), (0.7,)],
    "elastic_net": [(0.5, 0.0), (0.0, 2.0), (0.7, 0.3)],
    "huber": [(0.0, 1.0), (0.7, 0.5), (2.0, 0.0)],
    "box": [(-0.5, 1.0), (0.0, np.inf), (-np.inf, np.inf), (0.3, 0.3)],
    "l0": [(0.0,), (0.7,)],
    "l_half": [(0.0,), (0.7,), (1e-3,)],
    "l_two_thirds": [(0.0,), (0.7,), (1e-3,)],
    "mcp": [(0.7, 3.0), (0.7, 1.0), (0.7, 0.4), (0.0, 2.0), (0.7, 1.0 + 1e-9)],
    "scad": [(0.7, 3.7), (0.7, 2.0), (0.7, 1.5), (0.0, 3.7), (0.7, 2.0 + 1e-9)],
}
# with a step: parameters, and the step
STEPS = {
    "elastic_net": [(0.5, 2.0, 0.3), (0.7, 0.3, 2.5), (0.7, 0.3, 0.0)],
    "mcp": [(0.7, 3.0, 0.1), (0.7, 3.0, 2.0), (0.7, 3.0, 3.0), (0.7, 3.0, 5.0), (0.7, 0.4, 0.1), (0.7, 2.0, 0.0)],
    "scad": [(0.7, 3.7, s) for s in (0.0, 0.1, 0.9, 2.0, 2.7, 2.8, 4.0, 4.7, 5.0, 9.0)]
    + [(0.3, 1.2, s) for s in (0.1, 0.2, 3.0)],
}
CONVEX = ("l1", "squared_l2", "elastic_net", "huber", "box")
CASES = [(name, given) for name, all_of in PARAMETERS.items() for given in all_of]
every_case = pytest.mark.parametrize(("name", "parameters"), CASES, ids=[f"{name}{given}" for name, given in CASES])
every_name = pytest.mark.parametrize("name", PARAMETERS)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
GRID = np.unique([*np.linspace(-4, 4, 1601), *np.linspace(-0.02, 0.02, 201)])


def cost(name, z, x, parameters):
    return (z - x) ** 2 / 2 + ref.PENALTIES[name](z, *parameters)


def sample(shape, dtype=np.float64, seed=0):
    return (2 * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


@every_dtype
@every_case
def test_is_its_twin(name, parameters, dtype):
    x = np.concatenate([sample(500, dtype), np.array([0.0, -0.0, 0.7, -0.7, 1e-3, 1e3], dtype)])
    parameters = tuple(float(dtype(p)) for p in parameters)
    z = getattr(prox, name)(x, *parameters)
    expected = TWINS[name](x.astype(np.float64), *parameters)
    assert z.dtype == dtype
    # roots of polynomials are less exact than the kernels
    atol = np.finfo(dtype).eps if name not in ("l_half", "l_two_thirds") else max(np.finfo(dtype).eps, 1e-9)
    np.testing.assert_allclose(z, expected, rtol=16 * np.finfo(dtype).eps, atol=4 * atol)
    assert not np.signbit(z[z == 0]).any() or name in ("squared_l2", "elastic_net", "huber", "box")


@every_case
def test_nothing_on_a_grid_or_nearby_is_better(name, parameters):
    rng = np.random.default_rng(1)
    x = np.concatenate([sample(300), np.linspace(-3, 3, 61)])
    z = getattr(prox, name)(x, *parameters)
    best = cost(name, z, x, parameters)
    others = [np.broadcast_to(g, x.shape) for g in GRID] + [z + s * rng.standard_normal(len(x)) for s in (1e-6, 1e-3, 1e-1, 1)]
    for other in [*others, x, 0 * x]:
        assert np.all(cost(name, other, x, parameters) >= best - 1e-9 * (1e-6 + np.abs(best)) - 1e-15)


@every_dtype
@pytest.mark.parametrize("name", STEPS)
def test_with_a_step_it_is_the_map_of_step_times_the_penalty(name, dtype):
    """By twins, by a grid, by scalar forms; with weights for each entry as well."""
    eps, function = float(np.finfo(dtype).eps), getattr(prox, name)
    x = np.concatenate([sample(200, dtype), np.linspace(-5, 5, 83, dtype=dtype)])
    for *parameters, step in STEPS[name]:
        parameters, step = tuple(float(dtype(p)) for p in parameters), float(dtype(step))
        z = function(x, *parameters, step=step)
        costs = [(g - x.astype(float)) ** 2 / 2 + step * ref.PENALTIES[name](g, *parameters) for g in (z.astype(float), *GRID)]
        assert np.all(costs[0] <= np.min(costs[1:], axis=0) + 40 * eps * (1 + np.abs(costs[0])))
        if step > 0:
            expected = [getattr(ref, f"prox_{name}")(v, *parameters, step) for v in x.astype(float)]
            np.testing.assert_allclose(z, expected, rtol=32 * eps, atol=8 * eps)
        else:
            np.testing.assert_array_equal(z, x)
        each = [np.full(x.shape, p, dtype) for p in parameters]
        for mixed in ((each[0], parameters[1]), (parameters[0], each[1]), each):
            np.testing.assert_array_equal(function(x, *mixed, step=step), z)
        if dtype is np.float64:
            kind = getattr(_prox, name.upper())
            np.testing.assert_array_equal(z, [_prox.scalar(kind, v, *parameters, step) for v in x])
        far = np.array([np.nan, np.inf, -np.inf, np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal], dtype)
        for large in (step, 1e30, 1e300):
            z = function(far, *parameters, step=large)
            assert np.isnan(z[0])
            assert list(z[1:3]) == [np.inf, -np.inf]
            assert 0 <= z[4] <= z[3] <= far[3]


@pytest.mark.parametrize("name", STEPS)
def test_a_step_of_one_is_none(name):
    for parameters in PARAMETERS[name]:
        x = sample(500)
        np.testing.assert_array_equal(getattr(prox, name)(x, *parameters, step=1), getattr(prox, name)(x, *parameters))


@pytest.mark.parametrize("name", CONVEX)
@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(-10, 10)), min_size=1, max_size=20))
def test_convex_maps_are_firmly_non_expansive(name, pairs):
    x, y = np.array(pairs).T
    for parameters in PARAMETERS[name]:
        u, v = getattr(prox, name)(x, *parameters), getattr(prox, name)(y, *parameters)
        assert np.all((u - v) ** 2 <= (u - v) * (x - y) + 1e-13)


@given(st.floats(-10, 10), st.floats(0, 5), st.floats(0, 5))
def test_moreau(x, t, u):
    """prox of f and of its conjugate add up to x: |z| and the box, z^2/2 and itself, Huber's loss"""
    assert prox.l1(x, t) + prox.box(x, -t, t) == pytest.approx(x, abs=1e-15 * (1 + abs(x)))
    assert prox.squared_l2(x, 1.0) * 2 == pytest.approx(x)
    # t times Huber's loss has the conjugate v^2 / (2 t) on |v| <= t u
    if t > 0:
        conjugate = np.clip(x / (1 + 1 / t), -t * u, t * u)
        assert prox.huber(x, t, u) + conjugate == pytest.approx(x, abs=1e-14 * (1 + abs(x)))


@every_dtype
def test_where_maps_become_zero_and_ties(dtype):
    one = dtype(1.0)
    up, down = np.nextafter(one, dtype(2)), np.nextafter(one, dtype(0))
    assert [prox.l1(v, 1.0) == 0 for v in (down, one, up)] == [True, True, False]
    assert [prox.l1(v, 1.0, positive=True) == 0 for v in (-one, down, one, up)] == [True, True, True, False]
    assert [prox.l0(dtype(v), 2.0) == 0 for v in (-2.0, 2.0, 2.000001)] == [True, True, False]
    assert [prox.mcp(v, 1.0, 3.0) == 0 for v in (down, one, up)] == [True, True, False]
    assert [prox.mcp(dtype(v), 1.0, 0.25) == 0 for v in (0.5, 0.500001)] == [True, False]
    assert [prox.scad(v, 1.0, 3.7) == 0 for v in (down, one, up)] == [True, True, False]
    assert list(prox.scad(np.array([2.5, 2.500001], dtype), 1.0, 3.0)) == pytest.approx([2.0, 2.000002], rel=1e-6)
    assert list(prox.scad(np.array([1.75, 1.7500001], dtype), 1.0, 1.5)) == pytest.approx([0.75, 1.75], rel=1e-6)
    # the jumps of l_half and l_two_thirds, from 0 to 2/3 and 1/2 of x
    for function, at, share in ((prox.l_half, 1.5, 2 / 3), (prox.l_two_thirds, 2 * (2 / 3) ** 0.75, 1 / 2)):
        assert function(dtype(at * (1 - 1e-6)), 1.0) == 0
        assert function(dtype(at * (1 + 1e-6)), 1.0) == pytest.approx(at * share, rel=1e-4)


@every_dtype
@every_case
def test_nan_infinities_and_extremes(name, parameters, dtype):
    function, top = getattr(prox, name), np.finfo(dtype).max
    x = np.array([np.nan, np.inf, -np.inf, top, -top, np.finfo(dtype).smallest_subnormal], dtype)
    z = function(x, *parameters)
    assert np.isnan(z[0])
    assert not np.isnan(z[1:]).any()
    assert np.all(np.abs(z[1:]) <= np.abs(x[1:])) or name == "box"
    if name != "box":
        assert z[1] == np.inf
        assert z[2] == -np.inf
        assert z[3] == -z[4] > 0
    if name not in ("box", "huber", "elastic_net", "squared_l2"):
        assert z[5] == (x[5] if parameters[0] == 0 else 0)


@every_dtype
@pytest.mark.parametrize("given", ["number", "array"])
def test_infinite_parameters_give_the_limits_of_maps(given, dtype):
    """Zeros, soft-thresholding, weight decay, and what no bound cuts off; NaN stays NaN."""
    info = np.finfo(dtype)
    finite = np.concatenate([sample(50, dtype), np.array([0, info.max, -info.max, info.smallest_subnormal], dtype)])
    x = np.append(finite, dtype(np.nan))
    inf = np.inf if given == "number" else np.full(x.shape, np.inf)
    zeros = np.append(np.zeros(finite.shape), np.nan)
    for name in ("l1", "squared_l2", "l0", "l_half", "l_two_thirds"):
        np.testing.assert_array_equal(getattr(prox, name)(x, inf), zeros, err_msg=name)
    np.testing.assert_array_equal(prox.l1(x, inf, positive=True), zeros)
    for more in ({}, {"step": 0.3}):
        for parameters in ((inf, 0.5), (0.5, inf), (inf, inf)):
            np.testing.assert_array_equal(prox.elastic_net(x, *parameters, **more), zeros)
        np.testing.assert_array_equal(prox.scad(x, inf, **more), zeros)
        for gamma in (3.0, 0.2):
            np.testing.assert_array_equal(prox.mcp(x, inf, gamma, **more), zeros)
        soft = prox.l1(x, dtype(0.7) * dtype(more.get("step", 1.0)))
        np.testing.assert_array_equal(prox.mcp(x, 0.7, inf, **more), soft)
        np.testing.assert_array_equal(prox.scad(x, 0.7, inf, **more), soft)
    np.testing.assert_array_equal(prox.huber(x, inf, 0.5), zeros)
    np.testing.assert_array_equal(prox.huber(x, 0.7, inf), prox.squared_l2(x, 0.7))
    far = np.full(x.shape, np.inf, dtype)
    np.testing.assert_array_equal(prox.box(far, -inf, inf), far)
    np.testing.assert_array_equal(prox.box(-far, -inf, inf), -far)


@every_dtype
@pytest.mark.parametrize("exponent", range(-30, 31, 3))
def test_powers_at_every_scale(exponent, dtype):
    """Both problems scale: t^(2/3) and t^(3/4) are the units of x."""
    for name, power, p in (("l_half", 2 / 3, 1 / 2), ("l_two_thirds", 3 / 4, 2 / 3)):
        t = float(dtype(10.0**exponent))
        x = (np.array([1.6, 2.0, 5.0, 100.0]) * t**power).astype(dtype)
        z = getattr(prox, name)(x, t).astype(np.float64)
        assert np.all(z > 0)
        # z is where the derivative is 0
        np.testing.assert_allclose(z - x.astype(np.float64) + t * p * z ** (p - 1), 0, atol=30 * np.finfo(dtype).eps * x.max())


@every_name
def test_scalar_forms_have_the_bits_of_the_arrays(name):
    kind = getattr(_prox, name.upper())
    x = np.concatenate([sample(300), 10.0 ** np.arange(-300, 300, 30), [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324]])
    for parameters in PARAMETERS[name]:
        z = getattr(prox, name)(x, *parameters)
        a, b = (*parameters, 0.0)[:2]
        np.testing.assert_array_equal(z, [_prox.scalar(kind, v, a, b) for v in x])


# Weights and layouts

LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda x: np.repeat(np.repeat(x, 2, 0), 3, 1)[::2, ::3],
    "reversed": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "mixed": lambda x: np.asfortranarray(np.repeat(x, 2, 0))[::2],
}


@every_dtype
@every_name
@pytest.mark.parametrize("layout", LAYOUTS)
def test_weights_for_each_entry(name, layout, dtype):
    function, parameters = getattr(prox, name), PARAMETERS[name][0 if name == "box" else 1]
    x = LAYOUTS[layout](sample((6, 5), dtype))
    rng = np.random.default_rng(3)
    for shape in [(6, 5), (5,), (6, 1), (1, 1)]:
        arrays = [(p + rng.random(shape)).astype(dtype) for p in parameters]
        full = [np.broadcast_to(a, x.shape) for a in arrays]
        expected = np.array([[function(x[i, j], *(float(f[i, j]) for f in full)) for j in range(5)] for i in range(6)])
        np.testing.assert_array_equal(function(x, *arrays), expected, strict=True)
        np.testing.assert_array_equal(function(x, *(a.astype(np.float64) for a in arrays)), expected)
        for other in LAYOUTS.values():
            out = other(np.full_like(x, 7))
            assert function(x, *arrays, out=out) is out
            np.testing.assert_array_equal(out, expected)
        same = LAYOUTS[layout](x.copy())
        function(same, *arrays, out=same)
        np.testing.assert_array_equal(same, expected)


@pytest.mark.thread_unsafe(reason="measures memory of the process")
def test_no_temporary_arrays():
    """Neither strides nor weights cost memory beside out."""
    import tracemalloc

    x, t = sample((300, 400))[::-1, ::2], sample((400, 300)).T[:, ::2] ** 2
    out = np.empty((300, 200), order="F")
    prox.l1(x, t, out=out)
    tracemalloc.start()
    prox.l1(x, t, out=out)
    prox.elastic_net(x, t, 0.5, out=out)
    prox.l_half(x, t, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000


def test_weights_that_are_out_or_overlap_it():
    buffer = np.abs(sample(101))
    x, t = sample(100, seed=1), buffer[:-1].copy()
    expected = prox.l1(x, t)
    out = buffer[1:]
    prox.l1(x, buffer[:-1], out=out)
    np.testing.assert_array_equal(out, expected)
    prox.l1(x, t, out=t)
    np.testing.assert_array_equal(t, expected)


def test_more_than_three_axes_and_empty_arrays():
    x = sample((2, 3, 1, 4, 5)).transpose(4, 0, 2, 3, 1)[::2, :, :, ::-1]
    t = np.abs(sample((2, 1, 4, 1), seed=2))
    np.testing.assert_array_equal(prox.l1(x, t), ref.soft_threshold(x, t))
    for shape in [(0,), (3, 0), (0, 3, 2)]:
        assert prox.scad(np.empty(shape), np.ones(shape)).shape == shape
    assert type(prox.l0(3.0, 1.0)) is np.float64


@pytest.mark.thread_unsafe(reason="raises a signal")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_ctrl_c_ends_large_arrays(dtype, ctrl_c):
    """one entry, as often as it takes: the second row is reached only if nobody looks for signals in the first"""
    out = np.full(2, 7, dtype)
    many = np.lib.stride_tricks.as_strided(out, (2, 2**33), (out.itemsize, 0))
    threading.Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        prox.l_half(np.broadcast_to(dtype(5), many.shape), 1.0, out=many)
    assert out[1] == 7


# Errors


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: prox.l1([1.0], -1.0), ValueError, "threshold is -1.0; a number >= 0 is needed"),
        (lambda: prox.l1([1.0], [-1.0]), ValueError, "threshold holds -1.0; numbers >= 0 are needed"),
        (lambda: prox.l1([1.0], [np.nan]), ValueError, "threshold holds NaN"),
        (lambda: prox.l1([1.0], [-np.inf]), ValueError, "threshold holds -inf"),
        (
            lambda: prox.l1([1.0], [1.0, 2.0]),
            ValueError,
            r"threshold has shape \(2,\); a number or a shape that broadcasts to \(1,\)",
        ),
        (lambda: prox.l1([1.0], "1"), TypeError, "threshold is '1'"),
        (lambda: prox.l1([1j], 1.0), TypeError, "x is complex"),
        (lambda: prox.l1([1.0], [1j]), TypeError, "threshold is complex"),
        (lambda: prox.l1([1.0], 1.0, positive=1), TypeError, "positive is 1"),
        (lambda: prox.mcp([1.0], 1.0, -2), ValueError, "gamma is -2; a number > 0 is needed"),
        (lambda: prox.mcp([1.0], 1.0, 0.0), ValueError, "gamma is 0.0; a number > 0 is needed"),
        (lambda: prox.mcp([1.0], 1.0, [0.0]), ValueError, "gamma holds 0.0; numbers > 0 are needed"),
        (lambda: prox.scad([1.0], 1.0, 1.0), ValueError, "a is 1.0; a number > 1 is needed"),
        (lambda: prox.scad([1.0], 1.0, np.nan), ValueError, "a is nan; a number > 1 is needed"),
        (lambda: prox.scad([1.0], 1.0, step=-1.0), ValueError, "step is -1.0; a finite number >= 0 is needed"),
        (lambda: prox.mcp([1.0], 1.0, 3.0, step=[1.0]), TypeError, r"step is \[1.0\] \(list\); a single real number"),
        (lambda: prox.huber([1.0], 1.0, -1.0), ValueError, "delta is -1.0"),
        (lambda: prox.box([1.0], 2.0, 1.0), ValueError, "lower is above upper; lower <= upper is needed"),
        (lambda: prox.box([1.0], np.nan, 1.0), ValueError, "lower is nan; a number is needed"),
        (lambda: prox.box([1.0, 2.0], [0.0, np.nan], 1.0), ValueError, "lower holds NaN; numbers are needed"),
        (lambda: prox.l0([1.0], 1.0, out=np.broadcast_to(0.0, 1)), ValueError, "out is read-only"),
        (lambda: prox.elastic_net([1.0], 1.0, -1.0), ValueError, "l2 is -1.0"),
    ],
)
def test_arguments_that_cannot_be(call, error, message):
    with pytest.raises(error, match=message):
        call()
