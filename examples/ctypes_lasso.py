"""A polygenic score from summary statistics, by ctypes: no data of persons, no compiler.

Studies publish how variants go with a trait and with one another, that is X'y / n and X'X / n.  The lasso path needs no more:
one call of a C function solves it for 30 penalties, one after another, in memory that numpy has made.

It checks itself: the duality gap of every penalty, and the last solution against fastreg.lasso_gram.
"""

import numpy as np

import fastreg as fr
from fastreg.capi import FR_DUAL_GAP, FR_INFO, FR_OBJECTIVE, FR_STATUS, FR_SUPPORT

path = fr.capi.function("fr_lasso_gram_path_f64")
worksize = fr.capi.function("fr_lasso_gram_worksize_f64")


def lasso_path(Q, q, yty, penalties, rtol=1e-8):
    """W (K, p) and info (K, FR_INFO): row k minimises 1/2 w'Qw - q'w + penalties[k] |w|_1."""
    p, K = len(q), len(penalties)
    W, info, work = np.zeros((K, p)), np.empty((K, FR_INFO)), np.empty(worksize(p, 0), np.uint8)
    # Nothing is checked from here on: arrays must be float64, in C order and of these sizes.  None is NULL: all columns,
    # factors of 1, no l2 penalties, no bounds.
    status = path(p, Q.ctypes, p, None, 0, q.ctypes, yty, K, penalties.ctypes, None, None, None, None, None,
                  W.ctypes, p, 0.0, rtol, 10_000, work.ctypes, info.ctypes)  # fmt: skip
    if status < 0:
        raise ValueError(fr.capi.meaning(status))
    return W, info


def main():
    rng = np.random.default_rng(0)
    n, p = 2000, 40
    variants = rng.binomial(2, 0.3, (n, p)).astype(float)
    variants[:, 1:] = np.where(rng.random((n, p - 1)) < 0.6, variants[:, :-1], variants[:, 1:])  # neighbours go together
    trait = variants[:, [3, 17, 30]] @ [0.5, -0.4, 0.3] + rng.standard_normal(n)
    X, y = (variants - variants.mean(0)) / variants.std(0), (trait - trait.mean()) / trait.std()
    Q, q = X.T @ X / n, X.T @ y / n  # what is published; yty is then 1

    penalties = np.geomspace(abs(q).max(), abs(q).max() / 30, 30)
    W, info = lasso_path(Q, q, 1.0, penalties)
    assert (info[:, FR_STATUS] == 0).all()
    assert (info[:, FR_DUAL_GAP] <= 1e-8 * (info[:, FR_OBJECTIVE] + 0.5)).all()
    fit = fr.lasso_gram(Q, q, penalties[-1], yty=1.0, tol=1e-10)
    assert np.allclose(W[-1], fit.coef, rtol=0, atol=1e-4)
    print("variants in the score, from the largest penalty down:", *info[::3, FR_SUPPORT].astype(int))
    print(f"largest gap {info[:, FR_DUAL_GAP].max():.1e}; as fastreg.lasso_gram to {abs(W[-1] - fit.coef).max():.1e}")


if __name__ == "__main__":
    main()
