"""Rows in chunks on Ray: one task sums a chunk, one merges eight statistics, in the order of the chunks."""

import ray

import fastreg as fr
from fastreg.distributed import chunk_stats, merge_chunks, merge_stats


def gram_stats(chunks):
    """The statistics of chunks: of (X, y), (X, y, sample_weight), or of functions that read them on a worker."""
    summed, merged = ray.remote(chunk_stats), ray.remote(lambda *parts: merge_stats(parts))
    promises = [summed.remote(k, chunk) for k, chunk in enumerate(chunks)]
    return ray.get(merge_chunks(promises, lambda some: merged.remote(*some)))


def main():
    import numpy as np

    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 30))
    y = X[:, 3] - 2 * X[:, 7] + rng.standard_normal(20_000)
    chunks = [(X[i : i + 1500], y[i : i + 1500]) for i in range(0, 20_000, 1500)]
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
    try:
        stats = gram_stats(chunks)
    finally:
        ray.shutdown()
    here = fr.distributed.from_chunks(chunks)
    print(stats, stats.lasso(0.1).support, "same bits:", stats.gram.tobytes() == here.gram.tobytes())


if __name__ == "__main__":
    main()
