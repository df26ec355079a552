"""Compiled kernels; no function here is public."""

try:
    from fastreg.kernels import _design as _design
except ImportError as error:
    raise ImportError(
        f"no compiled kernels in {__path__[0]}: run from outside the source folder, or install it with `pip install -e .`"
    ) from error
