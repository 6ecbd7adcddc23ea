"""Asks DuckDB the questions of `fifty_million` about the same Parquet files.

    cargo run --release -p cordon-history --example fifty_million -- FOLDER 1 sql > questions.tsv
    python peer.py FOLDER questions.tsv      (pip install duckdb pytz)
"""

import glob
import os
import statistics
import sys
import time

import duckdb

RUNS = 1


def files(folder):
    return sorted(glob.glob(folder + "/flows/*/*/*.parquet"))


def forget(folder):
    for name in files(folder):
        fd = os.open(name, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def status(path, name):
    with open(path) as lines:
        return int(next(line for line in lines if line.startswith(name)).split()[1])


def main(folder, questions):
    database = duckdb.connect()
    database.execute("SET threads = 2; SET TimeZone = 'UTC'")
    began = time.monotonic()
    database.execute(
        f"CREATE VIEW flows AS SELECT * FROM read_parquet({files(folder)!r}, hive_partitioning = true)"
    )
    print(f"duckdb {duckdb.__version__}, open: {(time.monotonic() - began) * 1e3:.0f} ms")
    print("| search | rows | ms | CPU ms | files not in memory: ms | CPU ms | MB read | MB memory, peak |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for line in open(questions):
        name, sql = line.rstrip("\n").split("\t")
        forget(folder)
        with open("/proc/self/clear_refs", "w") as peak:
            peak.write("5")
        runs = []
        for _ in range(1 + RUNS):
            read, used, began = status("/proc/self/io", "rchar"), time.process_time(), time.monotonic()
            rows = len(database.execute(sql).fetchall())
            took, used = time.monotonic() - began, time.process_time() - used
            runs.append((took, used, status("/proc/self/io", "rchar") - read))
        cold, warm = runs[0], runs[1:]
        print(
            f"| {name} | {rows} | {statistics.median(it[0] for it in warm) * 1e3:.0f} "
            f"| {statistics.mean(it[1] for it in warm) * 1e3:.0f} | {cold[0] * 1e3:.0f} | {cold[1] * 1e3:.0f} "
            f"| {cold[2] / 1e6:.0f} | {status('/proc/self/status', 'VmHWM') / 1024:.0f} |",
            flush=True,
        )


main(*sys.argv[1:])
