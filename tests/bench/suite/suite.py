"""What the groups of measurements share: how much of everything, clusters, loads beside each other,
medians and ratios."""

import os
import statistics
import threading

import servers
from machine import BenchError, metered, run_json

KIB = 1024
BACKLOG_BODY = KIB
BACKLOG_RECORD = BACKLOG_BODY + 100
# A broker that waits for the processor takes that for overload after 200 ms and refuses sends: on a
# machine that does something else beside a smoke run, and under valgrind.
PATIENT = {"waitTimeMillsInSendQueue": 60_000}


class Scale:
    """How much of everything: the whole suite, or a smoke run that only shows that it works."""

    def __init__(self, quick):
        self.quick = quick
        self.seconds = 1 if quick else 3
        self.limit_seconds = 0.2 if quick else 3
        self.rounds = 1 if quick else 3
        # A smoke run ends closed loops by their count, long before their second is over.
        self.bound = ["-m", 1000] if quick else []
        self.latency_seconds = 1 if quick else 10
        self.backlog = 20_000 if quick else 600_000
        self.many_queues = [1, 50, 200] if quick else [1, 1_000, 20_000]
        self.idle_connections = 100 if quick else 10_000
        self.idle_seconds = 1 if quick else 10
        self.callgrind_messages = 300 if quick else 5_000


class Suite:
    """What the scenarios of one run share."""

    def __init__(self, programs, folder, scale, with_peers=True):
        self.programs = programs
        self.folder = folder
        self.scale = scale
        self.with_peers = with_peers
        self.count = 0

    def cluster(self, settings=None, **options):
        self.count += 1
        settings = {**(PATIENT if self.scale.quick else {}), **(settings or {})}
        return servers.Cluster(self.programs, os.path.join(self.folder, f"cluster-{self.count}"),
                               settings, **options)

    def produce(self, cluster, topic, *options):
        return metered(cluster.broker.pid, lambda: run_json(cluster.mqbench(
            "produce", topic, "-d", self.scale.seconds, *self.scale.bound, *options)))

    def fill(self, cluster, topic, messages):
        report = run_json(cluster.mqbench("produce", topic, "-c", 8, "--mode", "batch", "-d", 120,
                                          "-m", messages, "-s", BACKLOG_BODY))
        if report["failures"]:
            raise BenchError(f"a backlog could not be stored: {report}")

    def pull(self, cluster, topic, *options):
        return metered(cluster.broker.pid, lambda: run_json(cluster.mqbench(
            "pull", topic, "--batch-size", 32, *options)))


class Background:
    """A measuring program that runs beside another."""

    def __init__(self, arguments):
        self.report = None
        self.error = None
        self.thread = threading.Thread(target=self.run, args=(arguments,))
        self.thread.start()

    def run(self, arguments):
        try:
            self.report = run_json(arguments)
        except BenchError as failure:
            self.error = failure

    def result(self):
        self.thread.join()
        if self.error:
            raise self.error
        return self.report


def median_of(reports, key="messages_per_second"):
    """The report whose figure is the median; its spread goes with it."""
    figure = key if callable(key) else lambda report: report[key]
    ordered = sorted(reports, key=figure)
    median = dict(ordered[len(ordered) // 2])
    median["lowest"] = figure(ordered[0])
    median["highest"] = figure(ordered[-1])
    return median


def ratio_of(above, below, key="messages_per_second"):
    """The median of the pairs' ratios."""
    figure = key if callable(key) else lambda report: report[key]
    return statistics.median(figure(a) / figure(b) for a, b in zip(above, below))


def named(name, report):
    return {"name": name, **report}
