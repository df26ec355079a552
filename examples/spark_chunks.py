"""Rows of a Spark DataFrame: each partition is summed where it is (mapInArrow), what comes back is merged in their order."""

import pickle

import pyarrow as pa

import fastreg as fr


def gram_stats(frame, target):
    """The statistics of a DataFrame of numbers, whose column `target` is y."""
    names = [name for name in frame.columns if name != target]

    def summed(batches):
        from pyspark import TaskContext

        stats = fr.GramStats()
        for batch in batches:
            stats.update(pa.Table.from_batches([batch.select(names)]), batch.column(target))
        yield pa.record_batch({"partition": [TaskContext.get().partitionId()], "stats": [pickle.dumps(stats)]})

    rows = frame.mapInArrow(summed, "partition bigint, stats binary").collect()
    return fr.distributed.merge_stats([pickle.loads(row.stats) for row in sorted(rows, key=lambda row: row.partition)])


def main():
    import numpy as np
    import pandas as pd
    from pyspark.sql import SparkSession

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((20_000, 30)), columns=[f"x{j}" for j in range(30)])
    frame["y"] = frame.x3 - 2 * frame.x7 + rng.standard_normal(20_000)
    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    stats = gram_stats(spark.createDataFrame(frame).repartition(8), "y")
    spark.stop()
    here = fr.lasso(frame.drop(columns="y"), frame.y, 0.1)
    print(stats, stats.lasso(0.1).support, "as in memory:", np.allclose(stats.lasso(0.1).coef, here.coef))


if __name__ == "__main__":
    main()
