/* Few stocks that follow an index: a lasso, solved by fastreg without the GIL. */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000 /* one binary for Python 3.11 and all that follow */
#include <Python.h>
#include <math.h>
#include <stdlib.h>

#include "fastreg.h"

static fr_api fr;

/* follow(Q, q, l1, w) -> (status, gap): minimise 1/2 w'Qw - q'w + l1 |w|_1 from the w given and in place; float64 in C order */
static PyObject *follow(PyObject *module, PyObject *args)
{
    Py_buffer Q, q, w;
    double l1, info[FR_INFO];
    int status = FR_BAD_ARGUMENT;
    Py_ssize_t p;
    void *work;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*dw*:follow", &Q, &q, &l1, &w))
        return NULL;
    p = q.len / (Py_ssize_t)sizeof(double);
    if (p > 0 && w.len == q.len && Q.len == p * q.len) {
        Py_BEGIN_ALLOW_THREADS
        work = malloc((size_t)fr.fr_lasso_gram_worksize_f64(p, 0));
        if (work != NULL) /* NULL, 0: all columns; NAN: |y|^2 is not known; NULL: factors of 1, no bounds */
            status = fr.fr_lasso_gram_f64(p, (const double *)Q.buf, p, NULL, 0, (const double *)q.buf, NAN, l1, NULL, 0.0, NULL,
                                          NULL, NULL, (double *)w.buf, 0.0, 1e-8, 10000, work, info);
        free(work);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&Q);
    PyBuffer_Release(&q);
    PyBuffer_Release(&w);
    return Py_BuildValue("id", status, status < 0 ? NAN : info[FR_DUAL_GAP]);
}

static PyMethodDef methods[] = {
    {"follow", follow, METH_VARARGS, "follow(Q, q, l1, w) -> (status, gap)"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "few_stocks_c", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_few_stocks_c(void)
{
    if (fr_import(&fr) < 0)
        return NULL;
    return PyModule_Create(&definition);
}
