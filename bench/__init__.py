"""Benchmarks: those that `pytest bench --benchmark-only` runs against numpy, and the suite of `fastreg bench` with its peers.

Installed as `fastreg._bench`; in a checkout `fastreg._suite` finds it beside the package.
"""
