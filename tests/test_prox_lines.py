"""Maps and projections that tie entries together: twins, optimality, identities, axes and layouts, extremes, sentences."""

import signal
import threading

import numpy as np
import pytest
import reference as ref
from conftest import vectors
from hypothesis import given
from hypothesis import strategies as st

from fastreg import prox
from fastreg.kernels import _lines

EPS = np.finfo(np.float64).eps
THRESHOLDS = (0.0, 0.3, 1.0, 4.0, 100.0)
# function of x and a threshold or radius, its twin, and its penalty (None: a projection onto what `inside` tells)
MAPS = {
    "l2": (ref.prox_l2, lambda z, t: t * np.linalg.norm(z)),
    "linf": (ref.prox_linf, lambda z, t: t * np.abs(z).max()),
    "total_variation_1d": (ref.prox_total_variation, lambda z, t: t * np.abs(np.diff(z)).sum()),
    "project_l1_ball": (ref.project_l1_ball, lambda z, t: 0.0 if np.abs(z).sum() <= t * (1 + 1e-12) else np.inf),
    "project_l2_ball": (ref.project_l2_ball, lambda z, t: 0.0 if np.linalg.norm(z) <= t * (1 + 1e-12) else np.inf),
    "project_simplex": (
        ref.project_simplex,
        lambda z, t: 0.0 if (z >= 0).all() and abs(z.sum() - t) <= 1e-12 * (1 + t) else np.inf,
    ),
}
every_map = pytest.mark.parametrize("name", MAPS)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])


@every_map
def test_is_its_twin(name):
    function, (twin, _) = getattr(prox, name), MAPS[name]
    for x in vectors():
        for t in THRESHOLDS:
            scale = max(np.abs(x).max(), t)
            np.testing.assert_allclose(function(x, t), twin(x, t), rtol=1e-9, atol=1e-13 * scale * len(x))
            single = function(x.astype(np.float32), t)
            assert single.dtype == np.float32
            np.testing.assert_allclose(single, twin(x.astype(np.float32).astype(float), t), rtol=1e-6, atol=1e-6 * scale)


@every_map
def test_nothing_nearby_is_better(name):
    function, (_, penalty) = getattr(prox, name), MAPS[name]
    rng = np.random.default_rng(1)
    for x in vectors(10):
        for t in THRESHOLDS:
            z = function(x, t)
            best = np.sum((z - x) ** 2) / 2 + penalty(z, t)
            assert np.isfinite(best)
            others = [z + s * rng.standard_normal(len(x)) for s in (1e-4, 1e-2, 1) for _ in range(5)]
            for other in [*others, *(function(v, t) for v in others), 0 * x, x]:
                assert np.sum((other - x) ** 2) / 2 + penalty(other, t) >= best * (1 - 1e-11) - 1e-12


@every_map
@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(-10, 10)), min_size=1, max_size=12), st.sampled_from(THRESHOLDS))
def test_firmly_non_expansive(name, pairs, t):
    x, y = np.array(pairs).T
    u, v = getattr(prox, name)(x, t), getattr(prox, name)(y, t)
    assert np.sum((u - v) ** 2) <= np.sum((u - v) * (x - y)) + 1e-11


def test_moreau():
    for x in vectors(20):
        for t in THRESHOLDS:
            tol = 1e-14 * len(x) * max(np.abs(x).max(), t)
            np.testing.assert_allclose(prox.l2(x, t) + prox.project_l2_ball(x, t), x, rtol=0, atol=tol)
            np.testing.assert_allclose(prox.linf(x, t) + prox.project_l1_ball(x, t), x, rtol=0, atol=tol)
            np.testing.assert_allclose(prox.l1(x, t) + prox.project_box(x, -t, t), x, rtol=0, atol=tol)


def test_projections_end_on_the_set_to_rounding():
    rng = np.random.default_rng(2)
    for n in (1, 10, 1000, 100_000):
        for offset in (0.0, 1e8):
            for r in (1e-6, 1.0, 10.0):
                x = rng.standard_normal(n) + offset
                z = prox.project_l1_ball(x, r)
                assert abs(np.abs(z).sum() - min(r, np.abs(x).sum())) <= 8 * EPS * r
                assert prox.project_simplex(x, r).sum() == pytest.approx(r, rel=1e-14)
                size = np.linalg.norm(prox.project_l2_ball(x, r))
                assert size == pytest.approx(min(r, np.linalg.norm(x)), rel=1e-13)
    x = np.array([0.25, -0.5])
    assert (prox.project_l1_ball(x, 0.75) == x).all()
    assert (prox.project_l2_ball(x, 1.0) == x).all()


@pytest.mark.parametrize("kind", ["geometric", "equal", "two values", "harmonic", "one large"])
def test_l1_ball_of_what_is_hard_for_pivots(kind):
    n = 30_000
    x = {
        "geometric": 0.5 ** (np.arange(n) % 900),
        "equal": np.full(n, 0.1),
        "two values": np.where(np.arange(n) % 3 == 0, 1.0, 1 + 1e-12),
        "harmonic": 1 / np.arange(1.0, n + 1),
        "one large": np.where(np.arange(n) == 7, 1e15, 1.0),
    }[kind]
    for r in (1e-9, 1.0, 0.3 * x.sum()) if kind != "one large" else (100.0, 0.3 * x.sum()):
        z = prox.project_l1_ball(x, r)
        np.testing.assert_allclose(z, ref.project_l1_ball(x, r), rtol=1e-9, atol=1e-12 * min(x.max(), 1.0))
        assert z.sum() == pytest.approx(r, rel=1e-13)


def test_weighted_l1_ball():
    rng = np.random.default_rng(3)
    for x in vectors(30):
        for r in THRESHOLDS:
            w = rng.choice([0.0, 0.01, 1.0, 3.0], len(x))
            z = prox.project_l1_ball(x, r, weights=w)
            np.testing.assert_allclose(z, ref.project_l1_ball(x, r, w), rtol=1e-11, atol=1e-13 * np.abs(x).max())
            assert (z[w == 0] == x[w == 0]).all()
            scaled = prox.project_l1_ball(x, r * 2.0**900, weights=w * 2.0**900)
            np.testing.assert_array_equal(scaled, z)
    np.testing.assert_array_equal(prox.project_l1_ball([3.0, 1.0], 1.0, weights=1.0), [1.0, 0.0])


# Groups, singular values


@every_dtype
@pytest.mark.parametrize("labels", ["ascending", "mixed", "far apart", "size"])
def test_group_l2(labels, dtype):
    rng = np.random.default_rng(7)
    for shape in [(12,), (12, 3), (12, 2, 2)]:
        x = rng.standard_normal(shape).astype(dtype)
        label = {
            "ascending": np.arange(12) // 4,
            "mixed": rng.permutation(12) % 3,
            "far apart": np.array([10**12, -5, 0])[rng.permutation(12) % 3],
            "size": np.arange(12) // 5,
        }[labels]
        given = 5 if labels == "size" else label
        for t in (0.5, np.array([0.0, 0.5, 100.0])):
            expected = ref.prox_group_l2(x.astype(float), t, label)
            z = prox.group_l2(x, t, given)
            assert z.dtype == dtype
            np.testing.assert_allclose(z, expected, rtol=1e-6 if dtype == np.float32 else 1e-14)
            for out in (x.copy(), np.array(x, order="F"), np.repeat(x, 2, axis=0)[::2]):
                assert prox.group_l2(x, t, given, out=out) is out
                np.testing.assert_array_equal(out, z)
                out[...] = x
                prox.group_l2(out, t, given, out=out)
                np.testing.assert_array_equal(out, z)
    assert prox.group_l2(np.empty((0, 3)), 1.0, 2).shape == (0, 3)


@pytest.mark.parametrize("kind", ["?", "i1", "u1", "u8", ">i4"])
def test_labels_of_groups_are_integers_of_any_kind(kind):
    x, label = np.array([3.0, 0.3, 4.0, 0.4]), np.array([1, 0, 1, 0])
    np.testing.assert_array_equal(prox.group_l2(x, 2.5, label.astype(kind)), prox.group_l2(x, 2.5, label))


@every_dtype
def test_nuclear(dtype):
    rng = np.random.default_rng(8)
    for shape in [(6, 4), (4, 6), (1, 3), (5, 5)]:
        X = rng.standard_normal(shape).astype(dtype)
        for t in (0.0, 0.5, 1.5, 100.0):
            Z = prox.nuclear(X, t)
            assert Z.dtype == dtype
            np.testing.assert_allclose(Z, ref.prox_nuclear(X.astype(float), t), atol=20 * np.finfo(dtype).eps * 5)
            out = X.copy(order="F")
            assert prox.nuclear(out, t, out=out) is out
            np.testing.assert_allclose(out, Z, atol=20 * np.finfo(dtype).eps * 5)
    assert (prox.nuclear(np.eye(3), 1.0) == 0).all()
    assert np.isnan(prox.nuclear([[np.nan, 1.0]], 1.0)).all()
    assert np.isfinite(prox.nuclear(np.full((2, 2), 1e308), 1.0)).all()
    assert prox.nuclear(np.empty((0, 3)), 1.0).shape == (0, 3)


# Axes, layouts, extremes


@every_dtype
@every_map
def test_lines_of_every_layout(name, dtype):
    """Each line has the bits that it has alone, whatever its strides, also side by side with its neighbours."""
    function = getattr(prox, name)
    x = np.random.default_rng(9).standard_normal((37, 5, 20)).astype(dtype)
    views = [x, x[::-1, :, ::2], np.asfortranarray(x), x.transpose(2, 0, 1), np.repeat(x, 2, axis=1)[:, ::2]]
    for view in views:
        for axis in (0, 1, -1):
            lines = np.moveaxis(view, axis, -1)
            t = np.random.default_rng(10).random(lines.shape[:-1])
            expected = np.array([function(line, 0.8) for line in lines.reshape(-1, lines.shape[-1])]).reshape(lines.shape)
            each = np.array(
                [function(line, s) for line, s in zip(lines.reshape(-1, lines.shape[-1]), t.ravel().astype(dtype), strict=True)]
            ).reshape(lines.shape)
            thresholds = np.expand_dims(t, axis) if name == "total_variation_1d" else t
            np.testing.assert_array_equal(np.moveaxis(function(view, 0.8, axis=axis), axis, -1), expected)
            np.testing.assert_array_equal(np.moveaxis(function(view, thresholds, axis=axis), axis, -1), each)
            out = np.asfortranarray(np.full_like(view, 7))
            assert function(view, 0.8, axis=axis, out=out) is out
            np.testing.assert_array_equal(np.moveaxis(out, axis, -1), expected)
            same = view.copy(order="K")
            function(same, 0.8, axis=axis, out=same)
            np.testing.assert_array_equal(np.moveaxis(same, axis, -1), expected)


@pytest.mark.parametrize("name", [name for name in MAPS if name != "total_variation_1d"])
def test_all_of_an_array(name):
    function = getattr(prox, name)
    x = np.random.default_rng(11).standard_normal((6, 8))
    expected = function(x.reshape(-1), 1.5).reshape(x.shape)
    for view in (x, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2], x[::-1]):
        wanted = expected[::-1] if view.strides[0] < 0 else expected
        np.testing.assert_allclose(function(view, 1.5), wanted, rtol=1e-13)
        out = np.repeat(np.zeros_like(x), 2, axis=0)[::2]
        function(view, 1.5, out=out)
        np.testing.assert_allclose(out, wanted, rtol=1e-13)
    buffer = np.arange(20.0)
    shifted = function(buffer[:-1].copy(), 3.0)
    function(buffer[:-1], 3.0, out=buffer[1:])
    np.testing.assert_array_equal(buffer[1:], shifted)
    assert function(np.empty((0, 3)), 1.0).shape == (0, 3)
    assert type(function(2.0, 1.0)) is np.float64


@every_dtype
@every_map
def test_extremes(name, dtype):
    function, info = getattr(prox, name), np.finfo(dtype)
    top = float(info.max)
    for x in ([top] * 5, [top, -top, 1.0, 0.0], [float(info.smallest_subnormal)] * 3, [top, top / 2], [1e-30, 1.0, 1e30]):
        for t in (0.0, 1.0, top / 4, 1e-40):
            given = np.array(x, dtype)
            z = function(given, t)
            assert np.isfinite(z).all(), (x, t)
            assert float(np.abs(z).max()) <= max(float(np.abs(given).max()), float(dtype(t)))
    for bad in (np.nan, np.inf):
        x = np.array([[1.0, bad, 2.0], [1.0, 2.0, 3.0]], dtype)
        z = function(x, 1.0, axis=1)
        assert np.isnan(z[0]).all() or (name == "l2" and bad == np.inf)
        assert np.isfinite(z[1]).all()
    if name == "l2":
        np.testing.assert_array_equal(prox.l2([np.inf, 1.0], 1.0), [np.inf, 1.0])
        np.testing.assert_allclose(prox.l2([3e200, 4e200], 2.5e200), [1.5e200, 2e200])
        np.testing.assert_allclose(prox.l2([3e-200, 4e-200], 2.5e-200), [1.5e-200, 2e-200])


@pytest.mark.thread_unsafe(reason="raises a signal")
@pytest.mark.parametrize(
    "kind", ["L2", "LINF", "L1_BALL", "SIMPLEX", "TOTAL_VARIATION", "SORTED_L1", "NORM", "NORM of one line"]
)
def test_ctrl_c_ends_many_lines_and_long_ones(kind, ctrl_c):
    """lines on top of one another: the second of the first axis is reached only if nobody looks for signals in the first"""
    many, n = (1, 2**33) if kind == "NORM of one line" else (2**33, 5)
    out = np.full(10, 7.0)
    target = np.lib.stride_tricks.as_strided(out, (2, many, 1 if kind.startswith("NORM") else n), (40, 0, 8))
    x = np.broadcast_to(np.float64(2.0), (2, many, n))
    w = np.ones(n) if kind == "SORTED_L1" else None
    threading.Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        _lines.along(getattr(_lines, kind.split()[0]), x, 3.0, None if w is None else np.broadcast_to(w, x.shape), target, 2)
    assert out[5] == 7


@pytest.mark.thread_unsafe(reason="raises a signal")
def test_ctrl_c_ends_many_groups(ctrl_c):
    x, out = np.full(10_000_000, 2.0), np.full(10_000_000, 7.0)
    ends = np.arange(10, len(x) + 1, 10)

    def fill():
        for _ in range(1000):
            out[-1] = 7.0
            _lines.segments(_lines.NORMALIZE, x, ends, 3.0, out)

    threading.Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        fill()
    assert out[-1] == 7


def test_exact_zeros_and_ties():
    assert (prox.l2([3.0, 4.0], 5.0) == 0).all()
    assert (prox.linf([1.0, -2.0], 3.0) == 0).all()
    z = prox.linf([5.0, -5.0, 4.9, 1.0], 3.0)
    assert len({*np.abs(z[:3])}) == 1
    z = prox.total_variation_1d(np.random.default_rng(12).standard_normal(1000), 2.0)
    assert len(np.unique(z)) < 200
    np.testing.assert_array_equal(prox.project_l1_ball([1.0, -1.0, 1.0], 0.0), [0, 0, 0])
    np.testing.assert_array_equal(prox.project_simplex([1.0, -np.inf, 1.0]), [0.5, 0.0, 0.5])
    assert np.isnan(prox.project_simplex([-np.inf, -np.inf])).all()
    for dtype in (np.float64, np.float32):
        z = prox.project_l2_ball(np.array([-3.0, 4.0, -1e-300], dtype), 0.0)
        assert (z == 0).all()
        assert not np.signbit(z).any()
    assert np.isnan(prox.project_l2_ball([-np.inf, 1.0], 0.0)).all()


@every_dtype
def test_infinite_thresholds_and_radii(dtype):
    """Zeros, or the mean, and x itself; NaN stays NaN."""
    x = np.random.default_rng(13).standard_normal((4, 5)).astype(dtype)
    for inf in (np.inf, [np.inf] * 4):
        for function in (prox.l2, prox.linf):
            np.testing.assert_array_equal(function(x, inf, axis=1), np.zeros_like(x))
        for function in (prox.project_l1_ball, prox.project_l2_ball):
            np.testing.assert_array_equal(function(x, inf, axis=1), x)
            far = np.array([[np.inf, 1, -np.inf, np.finfo(dtype).max, 0], [np.nan, 1, 2, 3, 4], *x[:2]], dtype)
            z = function(far, inf, axis=1)
            np.testing.assert_array_equal(z[[0, 2, 3]], far[[0, 2, 3]])
            assert np.isnan(z[1]).all()
    np.testing.assert_array_equal(prox.project_l1_ball(x, np.inf, weights=np.arange(5.0)), x)
    for t in (np.inf, [0.0, np.inf]):
        z = prox.group_l2(x, t, [0, 1, 0, 1])
        np.testing.assert_array_equal(z[1::2], 0.0)
    assert (prox.nuclear(x, np.inf) == 0).all()
    z = prox.total_variation_1d(x, np.inf)
    np.testing.assert_allclose(z, np.repeat(x.mean(axis=1, keepdims=True), 5, axis=1), rtol=1e-5, atol=1e-7)
    for call in (lambda: prox.project_simplex(x, np.inf), lambda: prox.total_variation_1d(x, [np.inf] * 4)):
        with pytest.raises(ValueError, match="finite number"):
            call()


def test_a_total_beyond_float32_is_its_largest_number():
    x = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    z = prox.project_simplex(x, 1e300, axis=1)
    assert np.isfinite(z).all()
    np.testing.assert_array_equal(z, prox.project_simplex(x, [1e300, 1e300], axis=1))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: prox.l2([1.0], -1.0), ValueError, "threshold is -1.0"),
        (
            lambda: prox.l2(np.ones((2, 3)), [1.0, 2.0]),
            ValueError,
            r"threshold has shape \(2,\); a number is needed, or an axis",
        ),
        (lambda: prox.l1(1.0, [1.0, 2.0]), ValueError, r"threshold has shape \(2,\); a number is needed\."),
        (lambda: prox.nuclear(np.ones((2, 3)), [1.0, 2.0]), ValueError, r"threshold has shape \(2,\); a number is needed"),
        (lambda: prox.l2(np.ones((2, 3)), [1.0, 2.0, 3.0], axis=1), ValueError, r"broadcasts to \(2,\)"),
        (lambda: prox.l2([1.0], 1.0, axis=1), ValueError, "axis is 1; x has 1 dimension"),
        (lambda: prox.l2([1.0], 1.0, axis=0.5), TypeError, "axis is 0.5"),
        (lambda: prox.linf([1j], 1.0), TypeError, "x is complex"),
        (lambda: prox.project_l1_ball([1.0], np.nan), ValueError, "radius is nan"),
        (lambda: prox.project_l1_ball([1.0], 1.0, weights=[-1.0]), ValueError, "weights holds -1.0"),
        (lambda: prox.project_simplex([1.0], -1.0), ValueError, "total is -1.0"),
        (lambda: prox.total_variation_1d(1.0, 1.0), ValueError, "axis is -1; x has 0 dimensions"),
        (lambda: prox.total_variation_1d([1.0, 2.0], [1.0, 2.0]), ValueError, r"broadcasts to \(1,\)"),
        (lambda: prox.sorted_l1([1.0, 2.0], [1.0]), ValueError, r"thresholds has shape \(1,\); \(2,\) is needed"),
        (lambda: prox.sorted_l1([1.0, 2.0], [1.0, 2.0]), ValueError, "thresholds is not a descending sequence"),
        (lambda: prox.group_l2([1.0, 2.0], 1.0, [0]), ValueError, r"groups has shape \(1,\)"),
        (
            lambda: prox.group_l2([1.0, 2.0], 1.0, [0.0, 1.0]),
            TypeError,
            "groups has dtype float64; integers are needed, such as np.uni",
        ),
        (lambda: prox.group_l2([1.0, 2.0], 1.0, ["a", "b"]), TypeError, r"groups has dtype <U1; .*return_inverse=True\)\[1\]"),
        (lambda: prox.group_l2(np.ones(3), 1.0, [[0, 1], [2]]), ValueError, "groups has rows of unequal lengths; a size, or"),
        (
            lambda: prox.group_l2(np.ones(3), 1.0, [[0, 1, 2]]),
            ValueError,
            r"groups has shape \(1, 3\); a size, or \(3,\) labels",
        ),
        (lambda: prox.group_l2([1.0, 2.0], 1.0, 0), ValueError, "groups is 0; an integer >= 1 is needed"),
        (lambda: prox.group_l2(1.0, 1.0, 1), ValueError, "x has no dimension"),
        (lambda: prox.nuclear([1.0], 1.0), ValueError, r"X has shape \(1,\); a 2-d array is needed"),
        (lambda: prox.l2([1.0], 1.0, out=np.broadcast_to(0.0, 1)), ValueError, "out is read-only"),
    ],
)
def test_arguments_that_cannot_be(call, error, message):
    with pytest.raises(error, match=message):
        call()
