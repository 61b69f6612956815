"""Consumers that catch up, and consumers at the end."""

from machine import drop_from_page_cache, metered, run_json
from suite import BACKLOG_RECORD, KIB, Background, median_of, named, ratio_of


def catch_up(suite):
    with suite.cluster() as cluster:
        cluster.create_topic("Bench")
        suite.fill(cluster, "Bench", suite.scale.backlog)
        streams, pulls = [], []
        for _ in range(suite.scale.rounds):
            streams.append(run_json([
                suite.programs.limits, "gather", "--folder", suite.folder, "--size",
                str(BACKLOG_RECORD), "--records", "32", "--connections", "4", "--seconds",
                str(suite.scale.limit_seconds)]))
            pulls.append(suite.pull(cluster, "Bench", "-c", 4, "-d", 60))
        yield named("gather stream", median_of(streams, "megabytes_per_second"))
        yield named("catch-up warm", median_of(pulls, "megabytes_per_second") | {
            "ratio": ratio_of(pulls, streams, "megabytes_per_second")})
        yield named("catch-up client library", metered(
            cluster.broker.pid, lambda: run_json(cluster.mqbench(
                "consume", "Bench", "-w", 2, "--batch-size", 32, "-m", suite.scale.backlog,
                "-d", 60))))
        make_cold(cluster)
        yield named("catch-up cold", suite.pull(cluster, "Bench", "-c", 4, "-d", 60))


def make_cold(cluster):
    """Nothing of the store is in memory, but for what the broker reads when it starts."""
    cluster.stop_broker()
    drop_from_page_cache(cluster.store)
    cluster.start_broker()
    run_json(cluster.mqbench("idle", "Bench", "-d", 1))  # The route is there again.


def tailing(suite):
    groups, polls = (10, 50) if suite.scale.quick else (100, 1_000)
    seconds = suite.scale.seconds + 1
    for name, queues, pull, rate in (
            ("tailing", 8, ["-c", 8], 5_000),
            ("tailing 100 groups", 8, ["-c", 16, "--groups", groups], 300),
            ("tailing 1,000 polls", polls, ["-c", 50], 1_000)):
        with suite.cluster() as cluster:
            cluster.create_topic("Bench", queues)
            run_json(cluster.mqbench("produce", "Bench", "-c", 8, "-m", queues, "-s", KIB))
            sender = Background(["sh", "-c", "sleep 0.5; exec \"$@\"", "sh", *cluster.mqbench(
                "produce", "Bench", "-c", 8, "-s", KIB, "-r", rate, "-d", suite.scale.seconds)])
            received = suite.pull(cluster, "Bench", "--from-end", "-d", seconds, *pull)
            sent = sender.result()
            yield named(name, received | {"sent": sent["messages"], "send_rate": rate})
