"""Statistics and lasso of rows in chunks on a local cluster: time and bytes against rows, columns, chunks and workers.

    python bench/rows_in_chunks.py [--json FILE] [--quick]
    python bench/rows_in_chunks.py --table FILE         a saved run as Markdown, with a model fitted to it

Processes of one thread each on this machine, the data persisted on the workers before the clock runs.  fetched: bytes that
workers had from one another in one call, by dask's own log; to_client: the statistics.  dask-ml, where installed, fits the same
lasso on the same cluster; its gap is computed here, from all rows, by `fastreg.certify`.
"""

import argparse
import json
import statistics
import time

import dask.array as da
import numpy as np
from dask.distributed import Client, LocalCluster, wait

import fastreg as fr

ROUNDS = 5


def cluster_of(workers):
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1", memory_limit="4GiB"
    )


def data(client, n, p, chunks):
    """X, y on the workers: columns that share a factor, 10 coefficients, noise"""
    rows = -(-n // chunks)
    rng = da.random.default_rng(0)
    X = rng.standard_normal((n, p), chunks=(rows, p)) + rng.standard_normal((n, 1), chunks=(rows, 1))
    w = np.zeros(p)
    w[:: max(1, p // 10)] = 1.0
    y = X @ w + rng.standard_normal(n, chunks=rows)
    X, y = client.persist([X, y])
    wait([X, y])
    return X, y


def moved(client):
    """Bytes that workers have fetched from one another"""

    def fetched(dask_worker):
        return sum(one["total"] for one in dask_worker.transfer_incoming_log)

    return sum(client.run(fetched).values())


def timed(client, function):
    """The least and the median time, the bytes of one call, and its result"""
    found = function()
    before = moved(client)
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        found = function()
        seconds.append(time.perf_counter() - start)
    return min(seconds), statistics.median(seconds), (moved(client) - before) / ROUNDS, found


def measure(workers, n, p, chunks):
    """One line: statistics of all rows, and a lasso of them"""
    with cluster_of(workers) as cluster, Client(cluster) as client:
        X, y = data(client, n, p, chunks)
        least, median, fetched, stats = timed(client, lambda: fr.distributed.gram_stats(X, y))
        start = time.perf_counter()
        fit = stats.lasso(0.05, tol=1e-8)
        solved = time.perf_counter() - start
    size = 4 * (p + 1) * (p + 2) + 16 * (p + 1)
    return {
        "workers": workers, "n": n, "p": p, "chunks": chunks, "seconds": least, "median": median, "solve": solved,
        "fetched": fetched, "to_client": size, "gap": fit.dual_gap / fit.objective,
        "gflops": n * (p + 1) ** 2 / least / 1e9,
    }  # fmt: skip


def rivals(n, p, chunks):
    """The lasso without an intercept of fastreg and of the solvers of dask-ml, each with its gap"""
    alpha = 0.05
    with cluster_of(2) as cluster, Client(cluster) as client:
        X, y = data(client, n, p, chunks)
        lines = []

        def ours():
            return fr.distributed.gram_stats(X, y).lasso(alpha, fit_intercept=False, tol=1e-8).coef

        solvers = {"fastreg": ours}
        try:
            from dask_ml.linear_model import LinearRegression
        except ImportError:
            print("dask-ml is not installed")
        else:
            # its objective is |y - Xw|^2 + |w|_1 / C
            for name, iterations in (("proximal_grad", 30), ("proximal_grad", 100)):

                def theirs(name=name, iterations=iterations):
                    model = LinearRegression(
                        penalty="l1",
                        solver=name,
                        C=1 / (2 * n * alpha),
                        fit_intercept=False,
                        max_iter=iterations,
                        tol=1e-10,
                        solver_kwargs={"normalize": False},  # else it penalises scaled columns
                    )
                    return model.fit(X, y).coef_

                solvers[f"dask-ml {name}, {iterations} iterations"] = theirs
        inside = X.compute(), y.compute()
        for name, solve in solvers.items():
            start = time.perf_counter()
            try:
                coef = solve()
            except Exception as error:
                print(name, "ended in", type(error).__name__, error)
                continue
            seconds = time.perf_counter() - start
            judged = fr.certify(*inside, np.asarray(coef), alpha, fit_intercept=False)
            lines.append(
                {
                    "solver": name,
                    "n": n,
                    "p": p,
                    "chunks": chunks,
                    "seconds": seconds,
                    "gap": judged.dual_gap / judged.objective,
                }
            )
            print(json.dumps(lines[-1]), flush=True)
    return lines


def model(lines):
    """(a, b, rate) of seconds = a + b chunks + n (p + 1)^2 / (rate workers), relative errors least, and the largest of them"""
    A = np.array([[1.0, one["chunks"], one["n"] * (one["p"] + 1) ** 2 / one["workers"]] for one in lines])
    seconds = np.array([one["median"] for one in lines])
    from scipy.optimize import nnls

    a, b, c = (nnls(A / seconds[:, None] / np.abs(A).max(axis=0), np.ones(len(lines)))[0] / np.abs(A).max(axis=0)).tolist()
    errors = A @ [a, b, c] / seconds - 1.0
    return a, b, 1.0 / c if c else np.inf, float(np.abs(errors).max())


def table(saved):
    """The run as Markdown"""
    lines = saved["statistics"]
    print(
        "| workers | rows | columns | chunks | seconds: least (median) | solve | fetched | to client | gap |\n"
        + "|---" * 9
        + "|"
    )
    for one in lines:
        spread, solve = f"{one['seconds']:.3g} ({one['median']:.3g})", f"{one['solve'] * 1e3:.2g} ms"
        fetched, home = (f"{one[name] / 1e3:,.0f} kB" for name in ("fetched", "to_client"))
        cells = (one["workers"], f"{one['n']:,}", one["p"], one["chunks"], spread, solve, fetched, home, f"{one['gap']:.0e}")
        print("| " + " | ".join(map(str, cells)) + " |")
    print("\n| solver | rows | columns | seconds | gap |\n|---|---|---|---|---|")
    for one in saved["lasso"]:
        print(f"| {one['solver']} | {one['n']:,} | {one['p']} | {one['seconds']:.3g} | {one['gap']:.0e} |")
    a, b, rate, error = model(lines)
    print(
        f"\nModel: {a:.2g} s + {b * 1e3:.2g} ms for each chunk + n (p + 1)^2 / ({rate / 1e9:.2g} G/s for each worker); "
        f"within {error:.0%} of every median above."
    )
    for n, p, chunks, workers in ((10**9, 100, 10_000, 100), (10**9, 1000, 10_000, 100)):
        seconds = a + b * chunks + n * (p + 1) ** 2 / (rate * workers)
        print(f"Extrapolated, not measured: {n:,} x {p} in {chunks:,} chunks on {workers} workers: {seconds:,.0f} s.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--lasso", action="store_true", help="nothing but the lasso of fastreg and of dask-ml")
    parser.add_argument("--table", metavar="FILE", help="print a saved run, and measure nothing")
    options = parser.parse_args()
    if options.table:
        with open(options.table) as stream:
            return table(json.load(stream))
    unit = 10_000 if options.quick else 100_000
    grid = [(2, unit * k, 100, 40) for k in (1, 2, 4, 8)]
    grid += [(2, unit, p, 40) for p in (50, 200, 400, 800)]
    grid += [(2, 4 * unit, 100, chunks) for chunks in (4, 160, 640)]
    grid += [(1, 4 * unit, 100, 40), (1, unit, 400, 40)]
    lines = []
    for case in grid if not options.lasso else ():
        lines.append(measure(*case))
        print(json.dumps(lines[-1]), flush=True)
    peers = rivals(unit // 2, 50, 20)
    if options.json:
        with open(options.json, "w") as stream:
            json.dump({"statistics": lines, "lasso": peers}, stream, indent=1)
    return None


if __name__ == "__main__":
    main()
