"""Fits of data that outgrow memory or a machine, with the same certificates: no approximation, no other optimum.

    tall, rows in chunks       sums over rows, a task for each chunk, merged as a tree; solved here (gram_stats, from_chunks)
    wide, columns in blocks    the columns stay where they are; those that matter come (lasso_path of a WideDesign)

dask is imported by those who pass its arrays; nothing here imports it of itself.
"""

from fastreg.distributed._check import check_design
from fastreg.distributed._chunks import chunk_stats, from_chunks, merge_chunks, merge_stats
from fastreg.distributed._columns import LocalColumns
from fastreg.distributed._cv import elastic_net_cv, lasso_cv
from fastreg.distributed._dask import gram_stats
from fastreg.distributed._protocol import Question, WideDesign
from fastreg.distributed._remote import DaskColumns
from fastreg.distributed._tall import refine
from fastreg.distributed._wide import elastic_net, elastic_net_path, lasso, lasso_path

__all__ = [
    "DaskColumns",
    "LocalColumns",
    "Question",
    "WideDesign",
    "check_design",
    "chunk_stats",
    "elastic_net",
    "elastic_net_cv",
    "elastic_net_path",
    "from_chunks",
    "gram_stats",
    "lasso",
    "lasso_cv",
    "lasso_path",
    "merge_chunks",
    "merge_stats",
    "refine",
]
