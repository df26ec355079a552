"""Maps of neighbours and of order, total_variation_1d and sorted_l1: twins, certificates of long lines, ties, extremes."""

import numpy as np
import pytest
import reference as ref
from conftest import vectors

from fastreg import prox

every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])

# Total variation


def certify_total_variation(x, z, t):
    """u = the sums of z - x obeys |u_i| <= t_i, with equality and the right sign where z bends."""
    u, scale = np.cumsum(x - z), 1e-14 * np.abs(x).sum() * 10
    assert abs(u[-1]) <= scale
    t = np.broadcast_to(t, len(x) - 1)
    assert np.all(np.abs(u[:-1]) <= t + scale)
    bends = np.diff(z)
    assert np.all(np.abs(-u[:-1] - np.sign(bends) * t)[bends != 0] <= scale)


@pytest.mark.parametrize("weighted", [False, True])
def test_total_variation_is_optimal(weighted):
    rng = np.random.default_rng(4)
    n = 5000
    cases = [
        rng.standard_normal(n),
        np.cumsum(rng.standard_normal(n)),
        np.arange(n) * 1.0,  # quadratic for direct algorithms
        (np.arange(n) - n / 2) ** 2 * 1e-3,
        np.repeat(rng.standard_normal(n // 100), 100) + 0.1 * rng.standard_normal(n),
        np.tile([1.0, -1.0], n // 2),
        np.zeros(n),
        1e9 + rng.standard_normal(n),
    ]
    for x in cases:
        for t in (0.0, 0.1, 3.0, 100.0, 1e7, 1e300):
            radii = t * rng.integers(0, 3, n - 1) if weighted else t
            z = prox.total_variation_1d(x, radii)
            if np.abs(x).max() < 1e9 or t:
                certify_total_variation(x, z, radii)
    np.testing.assert_array_equal(prox.total_variation_1d(cases[0], 0.0), cases[0])
    np.testing.assert_allclose(prox.total_variation_1d(cases[0], 1e300), cases[0].mean(), atol=1e-14)


def test_total_variation_weights_are_its_twin():
    rng = np.random.default_rng(5)
    for x in vectors(20):
        t = rng.choice([0.0, 0.5, 1.0, 3.0], len(x) - 1)
        expected = ref.prox_total_variation(x, t)
        np.testing.assert_allclose(prox.total_variation_1d(x, t), expected, rtol=1e-9, atol=1e-12 * np.abs(x).max())
    x = rng.standard_normal((4, 6))
    t = rng.random((4, 5))
    rows = np.array([prox.total_variation_1d(row, s) for row, s in zip(x, t, strict=True)])
    np.testing.assert_array_equal(prox.total_variation_1d(x, t), rows)
    np.testing.assert_array_equal(prox.total_variation_1d(x.T, t.T, axis=0), rows.T)
    np.testing.assert_array_equal(prox.total_variation_1d(x, t[:, :1])[1], prox.total_variation_1d(x[1], t[1, 0]))


# Sorted l1


def test_sorted_l1_is_its_twin_and_has_its_limits():
    rng = np.random.default_rng(6)
    for x in vectors(12):
        n = len(x)
        lam = np.sort(rng.choice([0.0, 0.5, 1.0, 2.0], n))[::-1]
        z = prox.sorted_l1(x, lam)
        np.testing.assert_allclose(z, ref.prox_sorted_l1(x, lam), rtol=1e-12, atol=1e-13 * np.abs(x).max())
        best = np.sum((z - x) ** 2) / 2 + np.sort(np.abs(z))[::-1] @ lam
        for s in (1e-3, 0.1, 1.0):
            other = z + s * rng.standard_normal(n)
            assert np.sum((other - x) ** 2) / 2 + np.sort(np.abs(other))[::-1] @ lam >= best - 1e-11 * (1 + abs(best))
        np.testing.assert_allclose(
            prox.sorted_l1(x, np.full(n, 0.7)), prox.l1(x, 0.7), rtol=1e-12, atol=1e-13 * np.abs(x).max()
        )
        first = np.where(np.arange(n) == 0, 1.5, 0.0)
        np.testing.assert_allclose(prox.sorted_l1(x, first), prox.linf(x, 1.5), atol=1e-12 * np.abs(x).max(), rtol=1e-11)
    x = rng.standard_normal((4, 5))
    lam = np.arange(5.0)[::-1] / 5
    rows = np.array([prox.sorted_l1(row, lam) for row in x])
    np.testing.assert_array_equal(prox.sorted_l1(x, lam, axis=1), rows)
    np.testing.assert_array_equal(prox.sorted_l1(x.T, lam, axis=0), rows.T)
    ties = prox.sorted_l1([2.0, -2.0, 2.0], [1.5, 0.5, 0.1])
    assert len(set(np.abs(ties))) == 1
    np.testing.assert_array_equal(prox.sorted_l1([np.inf, 1.0, -np.inf], [1.0, 1.0, 0.5]), [np.inf, 0.5, -np.inf])
    assert np.isnan(prox.sorted_l1([np.nan, 1.0], [1.0, 1.0])).all()
    assert np.isfinite(prox.sorted_l1([1.7e308] * 3, [1e308] * 3)).all()


def certify_sorted_l1(x, z, lam):
    """u = the sums of |x| - lam - z by descending |x| is <= 0, 0 where a block of equal z > 0 ends; z has the order of x."""
    order = np.argsort(np.abs(x), kind="stable")[::-1]
    size, shrunk, lam = (np.asarray(v, np.longdouble) for v in (np.abs(x)[order], np.abs(z)[order], lam))
    assert (np.diff(shrunk) <= 0).all()
    assert (np.diff(shrunk)[np.diff(size) == 0] == 0).all()  # ties stay ties
    assert (shrunk <= size).all()
    assert (np.sign(z) * np.sign(x) == (z != 0)).all()
    info = np.finfo(z.dtype)
    u, tol = (
        np.cumsum(size - lam - shrunk),
        (4 + len(x) ** 0.5) * info.eps * np.sum(size + lam) + len(x) * info.smallest_subnormal,
    )
    assert (u <= tol).all()
    ends = np.flatnonzero(np.append(shrunk[:-1] != shrunk[1:], True) & (shrunk > 0))
    assert (np.abs(u[ends]) <= tol).all()


@every_dtype
@pytest.mark.parametrize("n", [1, 2, 31, 32, 33, 1000, 20_000])
def test_sorted_l1_is_optimal_where_lines_are_long(n, dtype):
    """Below and above each way of sorting; first halves of bits that are all equal, few or many."""
    rng = np.random.default_rng(0)
    info = np.finfo(dtype)
    cases = {
        "normal": rng.standard_normal(n),
        "ties": rng.integers(-3, 4, n),
        "equal": np.full(n, -0.1),
        "close": 1 + 1e-10 * rng.standard_normal(n),
        "close to two": rng.choice([1.0, -3.0], n) * (1 + info.eps * rng.integers(0, 40, n)),
        "wide": rng.standard_normal(n) * 10.0 ** rng.integers(-30, 30, n),
        "subnormal": rng.integers(-50, 50, n) * float(info.smallest_subnormal),
        "ascending": np.arange(n),
    }
    for name, x in cases.items():
        x = x.astype(dtype)
        top = float(np.abs(x).max())
        for lam in (np.zeros(n), np.full(n, 0.5), np.linspace(1, 0, n), np.sort(rng.random(n))[::-1], np.geomspace(1, 1e-9, n)):
            lam = (lam * top).astype(dtype)
            z = prox.sorted_l1(x, lam)
            certify_sorted_l1(x, z, lam)
            if not lam.any():
                np.testing.assert_array_equal(z, x, err_msg=name)
            if lam[0] == lam[-1]:
                np.testing.assert_allclose(z, prox.l1(x, float(lam[0])), rtol=4 * info.eps * n, atol=4 * info.eps * top)


@every_dtype
def test_sorted_l1_of_every_layout(dtype):
    """Lines have the bits that they have alone; thresholds go by rank, so that all of an array may be read in any order."""
    x = np.random.default_rng(9).standard_normal((37, 5, 20)).astype(dtype)
    views = [x, x[::-1, :, ::2], np.asfortranarray(x), x.transpose(2, 0, 1), np.repeat(x, 2, axis=1)[:, ::2]]
    for view in views:
        for axis in (0, 1, -1, None):
            lines = view.reshape(1, -1) if axis is None else np.moveaxis(view, axis, -1)
            lam = np.linspace(2, 0, lines.shape[-1]) ** 2
            flat = np.array([prox.sorted_l1(line, lam) for line in lines.reshape(-1, lines.shape[-1])])
            expected = flat.reshape(view.shape) if axis is None else np.moveaxis(flat.reshape(lines.shape), -1, axis)
            np.testing.assert_array_equal(prox.sorted_l1(view, lam, axis), expected)
            for out in (np.full(view.shape, 7, dtype), np.asfortranarray(np.full_like(view, 7)), view.copy(order="K")):
                given = out if (out == view).all() else view
                assert prox.sorted_l1(given, lam, axis, out=out) is out
                np.testing.assert_array_equal(out, expected)
    overlapped = np.abs(x[0, 0]).copy()
    expected = prox.sorted_l1(x[1, 0], np.sort(overlapped)[::-1])
    overlapped = np.sort(overlapped)[::-1].copy()
    np.testing.assert_array_equal(prox.sorted_l1(x[1, 0], overlapped, out=overlapped), expected)
    assert type(prox.sorted_l1(dtype(2.0), [1.5])) is dtype
    assert prox.sorted_l1(np.empty((0, 3), dtype), []).shape == (0, 3)
    assert prox.sorted_l1(np.empty((0, 3), dtype), [2.0, 1.0, 0.0], axis=1).shape == (0, 3)
    assert prox.sorted_l1(np.empty((3, 0), dtype), [], axis=1).shape == (3, 0)


@every_dtype
def test_sorted_l1_at_extremes(dtype):
    top = np.finfo(dtype).max
    for x in ([top] * 3, [top, -top, 1.0], [top, np.inf, 0.0]):
        for lam in ([0.0] * 3, [1.0] * 3, [float(top)] * 3, [float(top), 1.0, 0.0]):
            z = prox.sorted_l1(np.array(x, dtype), lam)
            assert not np.isnan(z).any()
            assert (np.abs(z) <= np.abs(np.array(x, dtype))).all()
    np.testing.assert_array_equal(
        prox.sorted_l1(np.array([np.inf, 1e-300, -np.inf]), [1.0, 1.0, 0.0]), [np.inf, 1e-300, -np.inf]
    )
    np.testing.assert_array_equal(prox.sorted_l1(np.array([3.0, 1.0], np.float32), [1e300, 0.0]), [0.0, 0.0])
    z = prox.sorted_l1(np.array([[1.0, np.nan, 3.0], [3.0, -2.0, -0.0]], dtype), [1.0, 0.5, 0.0], axis=1)
    np.testing.assert_array_equal(z, [[np.nan] * 3, [2.0, -1.5, 0.0]])
    assert not np.signbit(z[1, 2])
    line = np.broadcast_to(dtype(0.0), 2**32 + 1)
    with pytest.raises(ValueError, match="x has 4294967297 entries in a line; at most 4294967296 have an order here"):
        prox.sorted_l1(line, line)


@pytest.mark.thread_unsafe(reason="measures memory of the process")
def test_sorted_l1_needs_one_line_of_memory():
    import tracemalloc

    x, lam = np.random.default_rng(0).standard_normal((400, 100)), np.linspace(1, 0, 100)
    out = np.empty_like(x)
    prox.sorted_l1(x, lam, 1, out=out)
    tracemalloc.start()
    prox.sorted_l1(x, lam, 1, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000
