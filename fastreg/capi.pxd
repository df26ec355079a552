from fastreg.kernels.capi cimport *
