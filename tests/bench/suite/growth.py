"""Each cost at one size and at ten times as much."""

from machine import run_json
from suite import KIB, named


def growth(suite):
    """Each cost at one size and at ten times as much."""
    small = 0.1 if suite.scale.quick else 1
    for factor in (1, 10):
        queues = int(100 * factor * small)
        with suite.cluster() as cluster:
            cluster.create_topic("Bench", queues)
            run_json(cluster.mqbench("produce", "Bench", "-c", 16, "-m", queues, "-s", 128))
            yield named(f"growth queues {factor}", suite.produce(
                cluster, "Bench", "-c", 64, "-s", KIB) | {"size": queues})
    for factor in (1, 10):
        connections = int(64 * factor * small) or 1
        with suite.cluster() as cluster:
            cluster.create_topic("Bench")
            yield named(f"growth connections {factor}", suite.produce(
                cluster, "Bench", "-c", connections, "-s", KIB) | {"size": connections})
    for factor in (1, 10):
        groups = int(10 * factor * small) or 1
        with suite.cluster() as cluster:
            cluster.create_topic("Bench")
            suite.fill(cluster, "Bench", suite.scale.backlog // 20)
            yield named(f"growth groups {factor}", suite.pull(
                cluster, "Bench", "-c", 8, "--groups", groups, "-d", 60) | {"size": groups})
    for factor in (1, 10):
        backlog = suite.scale.backlog // 10 * factor
        with suite.cluster() as cluster:
            cluster.create_topic("Bench")
            suite.fill(cluster, "Bench", backlog)
            sent = suite.produce(cluster, "Bench", "-c", 64, "-s", KIB)
            yield named(f"growth backlog send {factor}", sent | {"size": backlog})
            yield named(f"growth backlog pull {factor}", suite.pull(
                cluster, "Bench", "-c", 4, "-d", 60) | {"size": backlog})
