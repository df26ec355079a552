"""A wide problem, a design in numpy that counts what it is asked, and what makes two paths the same."""

import numpy as np
import reference as ref
from conftest import problem

N, P = 40, 400
SAME = 1e-10  # two solves to a gap near rounding


class Counting:
    """A design in numpy that keeps the rules of the protocol to the letter, checks that the client does, and counts."""

    def __init__(self, X):
        self.X, self.shape = ref.array(X), X.shape
        self.asked, self.read, self.fetched = [], 0, []

    def moments(self, y, root, center):
        self.asked.append("moments")
        root = np.ones(len(y)) if root is None else root
        assert y.shape == root.shape == (self.shape[0],)
        mean = (root**2 @ self.X) / (root @ root) if center else 0.0
        A = root[:, None] * (self.X - mean)
        A[:, np.ptp(self.X[root > 0.0], axis=0) == 0] *= not center
        return np.linalg.norm(A, axis=0), y @ A

    def reach(self, question):
        Q, low, high, center, columns = question
        self.asked.append("reach")
        assert Q.flags.c_contiguous
        assert Q.shape[1] == self.shape[0]
        assert not center or np.abs(Q.sum(axis=1)).max() <= 1e-12 * np.abs(Q).sum(axis=1).max()
        for limit in (low, high):
            assert np.shape(limit) in ((), (self.shape[1],))
        columns = np.arange(self.shape[1]) if columns is None else columns
        assert (np.diff(columns) > 0).all()
        self.read += len(columns)
        products = Q @ (self.X - self.X[0] * center)
        found = np.flatnonzero(((products <= low) | (products >= high)).any(axis=0))
        found = np.intersect1d(found, columns)
        return found, products[:, found]

    def columns(self, indices):
        self.asked.append("columns")
        self.fetched += indices.tolist()
        return self.X[:, indices]


def wide(n=N, p=P, seed=0, **options):
    return problem(n, p, seed, **options)


def assert_same_path(path, other, tol=SAME):
    np.testing.assert_allclose(path.alphas, other.alphas, rtol=tol)
    np.testing.assert_allclose(path.coefs, other.coefs, atol=tol * max(1.0, np.abs(other.coefs).max()))
    np.testing.assert_allclose(path.intercepts, other.intercepts, atol=tol * max(1.0, np.abs(other.intercepts).max()))
    np.testing.assert_allclose(path.deviance_ratio, other.deviance_ratio, atol=tol)
    np.testing.assert_allclose(path.log_mse, other.log_mse, atol=1e-7)
    assert (path.n_rows, path.n_features, path.n_candidates) == (other.n_rows, other.n_features, other.n_candidates)
    np.testing.assert_array_equal(path.always_in, other.always_in)
