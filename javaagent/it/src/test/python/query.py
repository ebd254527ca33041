"""Runs one query until standard input ends: query.py NAME INTERVAL [ADDRESS of a Spark Connect server]."""
import sys

from pyspark.sql import SparkSession

name, interval = sys.argv[1:3]
if len(sys.argv) > 3:
    spark = SparkSession.builder.remote(sys.argv[3]).getOrCreate()
else:
    spark = SparkSession.builder.appName("it").getOrCreate()
rows = spark.readStream.format("rate").option("numPartitions", 1).load()
query = rows.writeStream.format("noop").queryName(name).trigger(processingTime=interval).start()
print("started", query.runId, flush=True)
sys.stdin.read()
query.stop()
print("stopped", flush=True)
