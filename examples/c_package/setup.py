"""The header is in the installed fastreg; there is no library to link with."""

from setuptools import Extension, setup

import fastreg

few_stocks = Extension("few_stocks_c", ["few_stocks_c.c"], include_dirs=[fastreg.get_include()], py_limited_api=True)
setup(ext_modules=[few_stocks])
