"""Rows in chunks on a real engine: a cluster of two processes on this machine."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from rows import FRAME, LABEL, NAMES, N, P, X, Y, broken, chunks, da, dd, same_bits

import fastreg as fr

pytestmark = pytest.mark.thread_unsafe(reason="schedules work of its own")

# A cluster


@pytest.fixture(scope="session")
def client():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1", memory_limit="1GiB"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def without(part, partition_info=None):
    return part.drop(columns="x3") if partition_info["number"] == 3 else part


def slow(block):
    time.sleep(0.02)
    return block


@pytest.mark.slow
def test_a_cluster_gives_the_answers_of_memory(client):
    found = fr.distributed.gram_stats(chunks(X), chunks(Y))
    assert same_bits(found, fr.distributed.from_chunks((X[i : i + 70], Y[i : i + 70]) for i in range(0, N, 70)))
    fit, expected = found.lasso(0.05, tol=1e-12), fr.lasso(X, Y, 0.05, tol=1e-12)
    np.testing.assert_allclose(fit.coef, expected.coef, rtol=0, atol=1e-10)
    chosen = fr.distributed.lasso_cv(chunks(X), chunks(Y), cv=chunks(LABEL), tol=1e-10)
    np.testing.assert_allclose(chosen.errors, fr.lasso_cv(X, Y, cv=LABEL, tol=1e-10).errors, rtol=1e-9)
    refined = fr.distributed.refine(found, fit, chunks(X), chunks(Y)).lasso(0.05, tol=1e-12)
    np.testing.assert_allclose(refined.coef, expected.coef, rtol=0, atol=1e-10)
    by_name = fr.Lasso(0.05).fit(dd.from_pandas(FRAME[[*NAMES, "y"]], 4), "y")
    assert by_name.score(dd.from_pandas(FRAME, 3), "y") == pytest.approx(by_name.score(FRAME[NAMES], Y))
    model = fr.Lasso(0.05).fit(chunks(X), chunks(Y))
    np.testing.assert_allclose(model.predict(chunks(X)).compute(), model.predict(X))


@pytest.mark.slow
def test_a_worker_that_is_killed_leaves_the_bits_alone(client):
    expected = fr.distributed.from_chunks((X[i : i + 10], Y[i : i + 10]) for i in range(0, N, 10))
    pids, found = client.run(os.getpid), []
    data = chunks(X, 10, P).map_blocks(slow, dtype=float)
    thread = threading.Thread(target=lambda: found.append(fr.distributed.gram_stats(data, chunks(Y, 10))))
    thread.start()
    time.sleep(0.3)
    os.kill(next(iter(pids.values())), signal.SIGKILL)
    thread.join(60)
    assert same_bits(found[0], expected)
    client.wait_for_workers(2, timeout=60)
    assert set(client.run(os.getpid).values()) != set(pids.values())


@pytest.mark.slow
def test_a_chunk_that_raises_on_a_worker_names_itself(client):
    with pytest.raises(ValueError, match=r"^In chunk 4: X holds NaN at"):
        fr.distributed.gram_stats(chunks(X, 70, 1)[:, :1].map_blocks(broken, dtype=float), chunks(Y))
    model = fr.Lasso(0.1).fit(X[:, :1], Y)
    with pytest.raises(ValueError, match=r"^In chunk 4: X holds NaN at"):
        model.predict(chunks(X, 70, 1)[:, :1].map_blocks(broken, dtype=float)).compute()
    frame = dd.from_pandas(FRAME[[*NAMES, "y"]], 4)
    lacking = frame.map_partitions(without, meta=FRAME[[*NAMES, "y"]].iloc[:0], enforce_metadata=False)
    with pytest.raises(ValueError, match=r"^In chunk 3: X has no column 'x3', which the frame announces\.$"):
        fr.distributed.gram_stats(lacking, "y")


@pytest.mark.slow
def test_a_thousand_chunks_and_the_memory_of_workers(client):
    """A worker holds a few chunks of 2 MB and statistics of 80 kB, never many of the 2 GB that all chunks are."""

    def resident():
        import psutil

        return psutil.Process().memory_info().rss

    data = da.random.default_rng(0).standard_normal((1000 * 2500, 100), chunks=(2500, 100))
    before = client.run(resident)
    found = fr.distributed.gram_stats(data, data[:, 0] + data[:, 1])
    grown = [after - before.get(worker, 0) for worker, after in client.run(resident).items()]
    assert found.n_rows == 2_500_000
    assert found.lasso(0.5).support.tolist() == [0, 1]
    assert max(grown) < 200e6


@pytest.mark.slow
def test_searches_of_scikit_learn_on_the_cluster(client):
    joblib = pytest.importorskip("joblib")
    from sklearn.model_selection import GridSearchCV

    search = GridSearchCV(fr.Lasso(), {"alpha": [0.01, 0.1, 1.0]}, cv=3)
    expected = search.fit(X, Y).cv_results_["mean_test_score"]
    with joblib.parallel_config(backend="dask"):
        found = search.fit(X, Y).cv_results_["mean_test_score"]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
