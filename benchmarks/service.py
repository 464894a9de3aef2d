"""The service under load: photos a second at 1, 4 and 16 clients beside its bare networks.

    python benchmarks/service.py [METHOD] [--seconds 10] [--rounds 3]

"CPU of bare" compares processor time a photo instead: what the service would reach on cores that
nobody else uses. Each answer is checked against its own photo: depth, neighbours and weights are
those that the library gave for it beforehand. The clients share the cores with the service.

A new service takes memory for the results that it keeps, which the system may be slow to give; once
they fill their bound, the oldest one's is used again. It is measured then; the row "new" is from
before, with 4 clients.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import write_pairs
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from neardepth import DepthEstimator

PHOTOS = 16
CLIENTS = (1, 4, 16)


def main() -> None:
    """Measure in rounds, so that a busy moment hits all alike, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("method", nargs="?", default="kernel")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1, "blas"):
        paths = sorted((write_pairs(Path(folder) / "site", PHOTOS) / "rgb").iterdir())
        photos = [path.read_bytes() for path in paths]
        estimator = DepthEstimator(None, given.method)
        expected = [facts(estimator(photo).summary()) for photo in photos]
        prepared = [estimator.prepare(photo)[1] for photo in photos]
        limit: list[Rate] = []
        library: list[Rate] = []
        runs: dict[int, list[Run]] = {clients: [] for clients in CLIENTS}
        with service(given.method) as (port, _):
            filling = fill(port, photos, expected)
            for _ in range(given.rounds):
                for clients, run in runs.items():
                    limit.append(rate(lambda n: estimator.describe(prepared[n]), given.seconds))
                    run.append(load(port, photos, expected, clients, given.seconds))
                library.append(rate(lambda n: estimator(photos[n]), given.seconds))
    rows = {"new": filling, **{str(clients): run for clients, run in runs.items()}}
    report(given.method, limit, library, rows)


@dataclass(frozen=True)
class Rate:
    """Photos a second, and seconds of processor time a photo."""

    rate: float
    cpu: float


class Run:
    """What the clients of one run saw."""

    def __init__(
        self, seconds: float, cpu: float, latencies: list[float], wrong: int, failed: int
    ) -> None:
        self.rate = len(latencies) / seconds
        self.cpu = cpu / len(latencies)
        self.latencies, self.wrong, self.failed = latencies, wrong, failed


def report(method: str, limit: list[Rate], library: list[Rate], runs: dict[str, list[Run]]) -> None:
    """Print medians over the rounds."""
    bare, cpu = middle(limit)
    own, own_cpu = middle(library)
    console = Console(width=100)
    console.print(
        f"{method}, {os.cpu_count()} cores\n"
        f"bare networks {bare:.1f} photos/s, {cpu * 1000:.0f} ms of CPU a photo\n"
        f"library, from bytes to depth {own:.1f} photos/s ({own / bare:.0%}), "
        f"{own_cpu * 1000:.0f} ms of CPU ({cpu / own_cpu:.0%})",
        highlight=False,
    )
    table = Table(box=None)
    for heading in ("clients", "photos/s", "of bare", "CPU ms", "CPU of bare", "CPU of library",
                    "p50 ms", "p99 ms", "sent", "lost", "mixed"):  # fmt: skip
        table.add_column(heading, justify="right")
    for clients, run in runs.items():
        speed, spent = middle(run)
        times = np.concatenate([each.latencies for each in run]) * 1000
        table.add_row(
            clients, f"{speed:.1f}", f"{speed / bare:.0%}",
            f"{spent * 1000:.0f}", f"{cpu / spent:.0%}", f"{own_cpu / spent:.0%}",
            f"{np.percentile(times, 50):.0f}", f"{np.percentile(times, 99):.0f}",
            str(len(times) + sum(each.failed for each in run)),
            str(sum(each.failed for each in run)), str(sum(each.wrong for each in run)),
        )  # fmt: skip
    console.print(table, highlight=False)
    if any(each.wrong or each.failed for run in runs.values() for each in run):
        sys.exit("answers were lost or mixed up")


def middle(runs: Sequence[Rate | Run]) -> tuple[float, float]:
    """Medians of the rates and of the processor time."""
    rates, cpus = [each.rate for each in runs], [each.cpu for each in runs]
    return statistics.median(rates), statistics.median(cpus)


def facts(summary: dict[str, Any]) -> dict[str, Any]:
    """What tells one photo's answer from another's."""
    weights = {each["id"]: round(each["weight"], 3) for each in summary["neighbours"]}
    return {**{key: float(value) for key, value in summary["depth"].items()}, **weights}


def same(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether two answers agree but for rounding."""
    return found.keys() == expected.keys() and all(
        abs(found[key] - value) < 2e-3 * max(1, abs(value)) for key, value in expected.items()
    )


def rate(work: Callable[[int], object], seconds: float) -> Rate:
    """Work from as many threads as there are cores, or from one where that is faster."""
    tried = [_rate(work, seconds / 2, threads) for threads in (1, os.cpu_count() or 1)]
    return max(tried, key=lambda each: each.rate)


def _rate(work: Callable[[int], object], seconds: float, threads: int) -> Rate:
    done = [0] * threads
    end = time.perf_counter() + seconds

    def repeat(thread: int) -> None:
        for number in itertools.cycle(range(PHOTOS)):
            if time.perf_counter() > end:
                return
            work(number)
            done[thread] += 1

    start, spent = time.perf_counter(), time.process_time()
    in_threads(repeat, threads)
    spent = time.process_time() - spent
    return Rate(sum(done) / (time.perf_counter() - start), spent / sum(done))


def fill(port: int, photos: list[bytes], expected: list[dict[str, Any]]) -> list[Run]:
    """Ask in runs of a second until the service keeps no more results than before."""
    runs: list[Run] = []
    kept, before = 0.0, -1.0
    while kept > before:
        runs.append(load(port, photos, expected, 4, 1))
        kept, before = figure(port, "neardepth_kept_results"), kept
    print(f"a new service is full with {kept:.0f} results after {len(runs) - 1} s")
    return runs[:-1]


def load(
    port: int, photos: list[bytes], expected: list[dict[str, Any]], clients: int, seconds: float
) -> Run:
    """Ask from so many clients at a time, each with one connection, one photo after the other."""
    latencies: list[list[float]] = [[] for _ in range(clients)]
    wrong, failed = [0] * clients, [0] * clients
    end = time.perf_counter() + seconds

    def client(place: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        for number in itertools.count(place * 5):
            start = time.perf_counter()
            if start > end:
                break
            connection.request("POST", "/v1/depth", photos[number % PHOTOS])
            response = connection.getresponse()
            answer = response.read()
            if response.status != 200:
                failed[place] += 1
                continue
            latencies[place].append(time.perf_counter() - start)
            found = facts(json.loads(answer)["summary"])
            wrong[place] += not same(found, expected[number % PHOTOS])
        connection.close()

    start, spent = time.perf_counter(), service_cpu(port)
    in_threads(client, clients)
    taken, spent = time.perf_counter() - start, service_cpu(port) - spent
    return Run(taken, spent, list(itertools.chain(*latencies)), sum(wrong), sum(failed))


def service_cpu(port: int) -> float:
    """Seconds of processor time that the service has taken."""
    return figure(port, "process_cpu_seconds_total")


def figure(port: int, name: str) -> float:
    """Read one of the service's figures."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    found = re.search(rf"^{name} (\S+)", text, re.MULTILINE)
    if found is None:
        sys.exit(f"the service does not tell {name} on this system")
    return float(found[1])


def in_threads(work: Callable[[int], None], count: int) -> None:
    """Run the same in so many threads, each told its place."""
    threads = [threading.Thread(target=work, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def service(method: str) -> Iterator[tuple[int, int]]:
    """Run `neardepth serve` and give its port and process."""
    command = [sys.executable, "-m", "neardepth", "serve", "--port", "0", "--method", method]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r":(\d+)/", process.stdout.readline())
            if found is None:
                sys.exit("the service did not start")
            yield int(found[1]), process.pid
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
