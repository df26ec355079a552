"""Lasso and elastic net where X is not in this process: columns, or rows, on disk or on other machines."""

from fastreg.distributed._columns import LocalColumns as LocalColumns
from fastreg.distributed._protocol import Question as Question
from fastreg.distributed._protocol import WideDesign as WideDesign
from fastreg.distributed._remote import DaskColumns as DaskColumns
from fastreg.distributed._wide import elastic_net as elastic_net
from fastreg.distributed._wide import elastic_net_path as elastic_net_path
from fastreg.distributed._wide import lasso as lasso
from fastreg.distributed._wide import lasso_path as lasso_path

__all__ = ["DaskColumns", "LocalColumns", "Question", "WideDesign", "elastic_net", "elastic_net_path", "lasso", "lasso_path"]
