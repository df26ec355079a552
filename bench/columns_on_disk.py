"""Lasso over columns in a file, and on workers of dask: time, passes, bytes and memory against rows, columns and order.

    python bench/columns_on_disk.py FOLDER [--json FILE] [--quick]
    python bench/columns_on_disk.py --table FILE        a saved run as Markdown

FOLDER is where the files go, 4.5 GB in all, 2 GB at a time.  Each line is a process of its own; peak is how much more memory it
held at most than after a fit of 20 columns.  reading: the same blocks read and forgotten, the file in the cache of the system.
Of workers the columns are held by processes of one thread each, and the client's peak is that of handing them out.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ALPHAS, RATIO = 100, 0.01


def peak():
    """Bytes of memory that the process has held at most."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def write(path, n, p, order):
    """A .npy file of normal numbers, a piece at a time."""
    rng = np.random.default_rng(0)
    lines, length = (p, n) if order == "F" else (n, p)
    step = max(1, 2_000_000 // length)
    with open(path, "wb") as file:
        header = {"descr": "<f8", "fortran_order": order == "F", "shape": (n, p)}
        np.lib.format.write_array_header_1_0(file, header)
        for k in range(0, lines, step):
            file.write(rng.standard_normal((min(step, lines - k), length)).tobytes())


def measure(path, what, threads, workers):
    """One line, in this process."""
    import fastreg as fr

    design = fr.distributed.LocalColumns(path, n_threads=threads)
    n, p = design.shape
    rng = np.random.default_rng(1)
    y = design.columns(np.arange(20)).sum(axis=1) + 3.0 * rng.standard_normal(n)
    fr.distributed.lasso_path(fr.distributed.LocalColumns(design.columns(np.arange(20))), y, alphas=10)
    stored, cluster = design, None
    if workers:
        import dask.array as da
        from dask.distributed import Client, LocalCluster, wait

        cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        )
        client = Client(cluster)
        columns = da.from_array(np.load(path, mmap_mode="r"), chunks=(n, 5000), inline_array=False)
        columns = client.persist(columns.map_blocks(np.asfortranarray))
        wait(columns)
        design = fr.distributed.DaskColumns(columns, client=client)
    before = peak()
    start = time.perf_counter()
    if what == "cv":
        chosen = fr.distributed.lasso_cv(design, y, alphas=ALPHAS, alpha_min_ratio=RATIO)
        path, gap = chosen.path, chosen.dual_gap
    elif what == "path":
        path = fr.distributed.lasso_path(design, y, alphas=ALPHAS, alpha_min_ratio=RATIO)
        gap = float(np.max(path.dual_gaps / path.objectives))
    else:
        top = fr.distributed.lasso_path(design, y, alphas=1).alphas[0]
        before, start = peak(), time.perf_counter()
        path = fr.distributed.lasso_path(design, y, alphas=[top / 1000.0])
        gap = float(np.max(path.dual_gaps / path.objectives))
    seconds, taken = time.perf_counter() - start, peak() - before
    start = time.perf_counter()
    for begin in range(0, p, 4000):
        stored.columns(np.arange(begin, min(begin + 4000, p)))
    reading = time.perf_counter() - start
    if cluster is not None:
        client.close()
        cluster.close()
    return {
        "what": what, "n": n, "p": p, "threads": threads, "workers": workers, "seconds": seconds, "reading": reading,
        "passes": 1 + path.n_columns_read / p, "fetched": path.counts["columns_fetched"],
        "moved": path.counts["bytes_moved"], "peak": taken, "support": int(max(map(len, path.supports))), "gap": gap,
    }  # fmt: skip


def table(lines):
    """The run as Markdown."""
    head = ("fit", "rows", "columns", "order", "by", "seconds", "reading once", "passes", "fetched", "moved", "peak", "gap")
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    names = {"path": "path, 100 alphas", "cv": "path and 10 folds", "one": "one alpha, 1/1000"}
    for one in lines:
        by = f"{one['workers']} worker{'s' * (one['workers'] > 1)}" if one["workers"] else f"{one['threads']} thread"
        by += "s" * (one["threads"] > 1)
        cells = (
            names[one["what"]], f"{one['n']:,}", f"{one['p']:,}", one["order"], by, f"{one['seconds']:.2g}",
            f"{one['reading']:.2g}", f"{one['passes']:.1f}", f"{one['fetched']:,}", f"{one['moved'] / 1e6:,.0f} MB",
            f"{one['peak'] / 1e6:,.0f} MB" if not one["workers"] else "", f"{one['gap']:.0e}",
        )  # fmt: skip
        print("| " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="a tenth of the columns")
    parser.add_argument("--table", metavar="FILE", help="print a saved run, and measure nothing")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)  # what, threads, workers: a process of its own
    options = parser.parse_args()
    if options.table:
        with open(options.table) as stream:
            return table(json.load(stream))
    if options.one:
        what, threads, workers = options.one
        print(json.dumps(measure(options.folder, what, int(threads), int(workers))))
        return None
    if options.folder is None:
        parser.error("FOLDER is needed, for files of up to 2 GB")
    share = 10 if options.quick else 1
    files = {
        (500, 50_000, "F"): [("path", 1, 0)],
        (500, 100_000, "F"): [("path", 1, 0), ("path", 2, 0), ("path", 1, 1), ("path", 1, 2), ("cv", 1, 0), ("one", 1, 0)],
        (500, 100_000, "C"): [("path", 1, 0)],
        (2000, 50_000, "F"): [("path", 1, 0)],
        (500, 500_000, "F"): [("path", 1, 0), ("cv", 2, 0)],
    }
    lines = []
    for (n, p, order), cases in files.items():
        path = Path(options.folder) / "columns.npy"
        write(path, n, p // share, order)
        for case in cases:
            command = [sys.executable, __file__, str(path), "--one", *map(str, case)]
            run = subprocess.run(command, capture_output=True, text=True, env=os.environ)
            if run.returncode:
                raise SystemExit(run.stderr)
            lines.append(json.loads(run.stdout.splitlines()[-1]) | {"order": order})
            print(json.dumps(lines[-1]), flush=True)
        path.unlink()
    if options.json:
        with open(options.json, "w") as stream:
            json.dump(lines, stream, indent=1)
    table(lines)
    return None


if __name__ == "__main__":
    main()
