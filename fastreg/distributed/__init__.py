"""Fits of data that outgrow memory or a machine, with the same certificates: no approximation, no other optimum.

    tall, rows in chunks       sums over rows, a task for each chunk, merged as a tree; solved here (gram_stats, from_chunks)
    wide, columns in chunks    the columns stay where they are; those that matter come (lasso, lasso_path)

dask is imported by those who pass its arrays; nothing here imports it of itself.
"""

from fastreg.distributed._chunks import chunk_stats, from_chunks, merge_chunks, merge_stats
from fastreg.distributed._cv import elastic_net_cv, lasso_cv
from fastreg.distributed._dask import gram_stats
from fastreg.distributed._tall import refine

__all__ = [
    "chunk_stats",
    "elastic_net_cv",
    "from_chunks",
    "gram_stats",
    "lasso_cv",
    "merge_chunks",
    "merge_stats",
    "refine",
]
