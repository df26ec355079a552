"""Cython finds fastreg/capi.pxd in the installed package: no include directory, no library to link with."""

from Cython.Build import cythonize
from setuptools import Extension, setup

setup(ext_modules=cythonize([Extension("few_stocks", ["few_stocks.pyx"])]))
