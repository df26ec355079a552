"""soft_threshold: bit for bit its twin, for every dtype, shape and memory layout, and a proximal map."""

import numpy as np
import pytest
import reference as ref
from conftest import DENSE
from hypothesis import given
from hypothesis import strategies as st

import fastreg as fr

DTYPES = (np.float64, np.float32)
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])
VALUES = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, -2.5, np.inf, -np.inf, np.nan, 5e-324, 1e-40, -1e-310, 1e38, -1e-8]


def sample(shape, dtype, seed=0):
    """Normal numbers, about a third of which are within 0.5 of zero; some exactly at the threshold."""
    x = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    x[np.abs(x) < 0.1] = 0.5
    return x


def twin(x, threshold):
    """The twin, in the dtype of x; NaN where it is one."""
    with np.errstate(invalid="ignore"):
        return ref.soft_threshold(x, x.dtype.type(threshold))


# Values


@every_dtype
@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0, 5e-324, 1e-40, 1e30, 1e300])
def test_special_values(dtype, threshold):
    with np.errstate(over="ignore"):
        x = np.array(VALUES, dtype)
    expected = np.array([twin(v, min(threshold, float(np.finfo(dtype).max))) for v in x])
    result = fr.soft_threshold(x, threshold)
    np.testing.assert_array_equal(result, expected)
    assert result.dtype == dtype
    if threshold == 0:
        np.testing.assert_array_equal(result, x)


@every_dtype
def test_entries_up_to_the_threshold_become_exactly_zero(dtype):
    t = dtype(0.1)
    x = np.array([t, -t, np.nextafter(t, dtype(1)), np.nextafter(-t, dtype(-1)), np.nextafter(t, dtype(0))])
    result = fr.soft_threshold(x, float(t))
    np.testing.assert_array_equal(result != 0, [False, False, True, True, False])


@given(st.floats(-10, 10), st.floats(0, 10), st.floats(-10, 10))
def test_is_the_minimiser_of_its_problem(x, threshold, other):
    def cost(v):
        return (v - x) ** 2 / 2 + threshold * abs(v)

    v = fr.soft_threshold(x, threshold)
    # strongly convex: away from the minimiser the cost grows by half the squared distance
    assert cost(other) >= cost(v) + (other - v) ** 2 / 2 - 1e-12


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=40), st.floats(0, 1e300))
def test_equals_the_twin(values, threshold):
    x = np.array(values)
    np.testing.assert_array_equal(fr.soft_threshold(x, threshold), twin(x, threshold))


@every_dtype
@pytest.mark.parametrize("size", [*range(71), 127, 511, 513, 4097])
def test_every_length_and_alignment(dtype, size):
    """Sizes about those of vectors and blocks, from every offset within a vector."""
    buffer, target = sample(size + 16, dtype), np.full(size + 16, 7, dtype)
    for start in (0, 1, 3, 8):
        x, out = buffer[start : start + size], target[16 - start : 16 - start + size]
        np.testing.assert_array_equal(fr.soft_threshold(x, 0.5, out=out), twin(x, 0.5))
    assert (target[:8] == 7).all()  # nothing beside out is written


@pytest.mark.parametrize(("size", "dtype"), [(2_000_003, np.float64), (4_000_003, np.float32)], ids=["f64", "f32"])
def test_arrays_beyond_the_cache(size, dtype):
    x = sample(size, dtype)
    expected = twin(x, 0.5)
    np.testing.assert_array_equal(fr.soft_threshold(x, 0.5), expected)
    buffer = np.full(size + 2, 7, dtype)
    fr.soft_threshold(x, 0.5, out=buffer[1:-1])
    np.testing.assert_array_equal(buffer[1:-1], expected)
    assert buffer[0] == buffer[-1] == 7
    assert fr.soft_threshold(x, 0.5, out=x) is x
    np.testing.assert_array_equal(x, expected)


# Shapes and layouts

SHAPES = [(), (0,), (5,), (0, 3), (3, 0), (4, 5), (1, 7), (2, 3, 4)]
VIEWS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
    "reversed": lambda x: x[..., ::-1].copy()[..., ::-1] if x.ndim else x,
    "swapped axes": lambda x: np.swapaxes(np.swapaxes(x, 0, -1).copy(), 0, -1) if x.ndim else x,
}


@every_dtype
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("view", VIEWS)
def test_every_shape_and_view(view, shape, dtype):
    plain = sample((*shape, 1), dtype)[..., 0]
    x = VIEWS[view](plain).reshape(shape)
    before, expected = x.tobytes(), twin(np.asarray(plain), 0.5)
    result = fr.soft_threshold(x, 0.5)
    np.testing.assert_array_equal(result, expected, strict=True)
    assert x.tobytes() == before
    for other in VIEWS.values():
        out = other(np.full(shape, 7, dtype)).reshape(shape)
        assert fr.soft_threshold(x, 0.5, out=out) is out
        np.testing.assert_array_equal(out, expected)
    if x.flags.writeable:
        fr.soft_threshold(x, 0.5, out=x)
        np.testing.assert_array_equal(x, expected)


def test_every_layout_is_read_and_left_as_it_was(layout):
    x = layout(sample((6, 5), np.float64))
    before = x.tobytes()
    result = fr.soft_threshold(x, 0.5)
    np.testing.assert_array_equal(result, twin(np.array(x), 0.5), strict=True)
    assert x.tobytes() == before
    assert not np.may_share_memory(result, x)


def test_every_layout_can_receive_the_result():
    x = sample((6, 5), np.float64)
    for name in sorted(DENSE.keys() - {"readonly"}):
        out = DENSE[name](np.zeros((6, 5)), np.float64)
        fr.soft_threshold(x, 0.5, out=out)
        np.testing.assert_array_equal(out, twin(x, 0.5), err_msg=name)
        if name == "strided":  # what lies between stays as it was
            assert np.isnan(out.base[1::2]).all()
            assert np.isnan(out.base[:, 1::2]).all()


OVERLAPS = {
    "one later": lambda a: (a[:-1], a[1:]),
    "one earlier": lambda a: (a[1:], a[:-1]),
    "backwards": lambda a: (a, a[::-1]),
    "the same again": lambda a: (a, a[:]),
    "interleaved": lambda a: (a[:-1:2], a[1::2]),
    "transposed": lambda a: (a.reshape(20, 50), a.reshape(50, 20).T),
    "one row later": lambda a: (a.reshape(20, 50)[:-1], a.reshape(20, 50)[1:]),
}


@every_dtype
@pytest.mark.parametrize("name", OVERLAPS)
def test_overlapping_out(name, dtype):
    x, out = OVERLAPS[name](sample(1000, dtype))
    expected = twin(x.copy(), 0.5)
    fr.soft_threshold(x, 0.5, out=out)
    np.testing.assert_array_equal(out, expected)


# Types


@pytest.mark.parametrize("dtype", ["i1", "u2", "i4", "i8", "u8", "f2", "g", "?", "O", ">f8", ">i4"])
def test_other_real_dtypes_become_float64(dtype):
    x = np.array([0, 1, 3, 100]).astype(dtype)
    result = fr.soft_threshold(x, 0.5)
    np.testing.assert_array_equal(result, twin(x.astype(np.float64), 0.5), strict=True)


def test_byte_swapped_float32_stays_float32():
    x = sample(9, np.float32)
    np.testing.assert_array_equal(fr.soft_threshold(x.astype(">f4"), 0.5), twin(x, 0.5), strict=True)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_unaligned_input_is_read(dtype):
    x = sample(9, dtype)
    unaligned = np.frombuffer(b"\0" + x.tobytes(), dtype=np.uint8)[1:].view(dtype)
    assert not unaligned.flags.aligned
    np.testing.assert_array_equal(fr.soft_threshold(unaligned, 0.5), twin(x, 0.5), strict=True)


@pytest.mark.parametrize("x", [2, -3.5, True, np.float64(2), np.int8(-2)])
def test_a_scalar_gives_a_scalar(x):
    result = fr.soft_threshold(x, 0.5)
    assert type(result) is np.float64
    assert result == ref.soft_threshold(float(x), 0.5)


def test_a_float32_scalar_stays_float32():
    result = fr.soft_threshold(np.float32(2), 0.5)
    assert type(result) is np.float32
    assert result == 1.5


def test_lists_are_arrays():
    np.testing.assert_array_equal(fr.soft_threshold([[-3, 0.5], [2, 0]], 1), [[-2.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(fr.soft_threshold([], 1), np.empty(0), strict=True)


# Errors


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (np.zeros(4), ValueError, r"out has shape \(4,\) and dtype float64; \(3,\) and float64 are needed"),
        (np.zeros((3, 1)), ValueError, r"out has shape \(3, 1\)"),
        (np.zeros(3, np.float32), ValueError, "dtype float32; .* float64 are needed"),
        (np.zeros(3, ">f8"), ValueError, "dtype >f8"),
        (np.broadcast_to(0.0, 3), ValueError, "out is read-only; a writable array is needed"),
        (np.zeros(25, np.uint8)[1:].view(np.float64), ValueError, "out is not aligned"),
        ([0.0, 0.0, 0.0], TypeError, "out is a list; a numpy array is needed"),
        (np.ma.zeros(3), TypeError, "out is a MaskedArray"),
    ],
)
def test_out_that_does_not_fit(out, error, message):
    with pytest.raises(error, match=message):
        fr.soft_threshold(np.ones(3), 0.5, out=out)


def test_out_for_integers_is_float64():
    out = np.zeros(3)
    fr.soft_threshold([1, 2, 3], 0.5, out=out)
    np.testing.assert_array_equal(out, [0.5, 1.5, 2.5])
    with pytest.raises(ValueError, match="float64 are needed"):
        fr.soft_threshold([1, 2, 3], 0.5, out=np.zeros(3, int))


@pytest.mark.parametrize(
    ("threshold", "error", "message"),
    [
        (-1e-9, ValueError, "threshold is -1e-09; a number >= 0 is needed"),
        (np.nan, ValueError, "threshold is nan"),
        (-np.inf, ValueError, "threshold is -inf"),
        ("1", TypeError, r"threshold is '1' \(str\); a single real number is needed"),
        (True, TypeError, "threshold is True"),
        (1j, TypeError, "threshold is 1j"),
        (None, TypeError, "threshold is None"),
        ([1.0], TypeError, "threshold is .*list"),
        (np.ones(1), TypeError, "threshold is .*ndarray"),
    ],
)
def test_threshold_must_be_one_real_number(threshold, error, message):
    with pytest.raises(error, match=message):
        fr.soft_threshold(np.ones(3), threshold)


@pytest.mark.parametrize("x", [1j, np.ones(2, complex), "text", ["a", "b"], [object()], [[1], [1, 2]]])
def test_x_must_be_real(x):
    with pytest.raises(TypeError, match=r"^x "):
        fr.soft_threshold(x, 0.5)
