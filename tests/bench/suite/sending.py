"""Sends of every kind. The raw echo is what they are held against."""

import servers
from lag import SlaveLag
from machine import metered, run_json
from suite import KIB, median_of, named, ratio_of


def in_turns(suite, echo_load, send_load):
    """Reports of the raw echo and of sends to a broker in turns, so that both see the same machine,
    and the sizes of their frames."""
    echoed, sent = [], []
    with suite.cluster() as cluster:
        cluster.create_topic("Bench")
        frame, answer = cluster.frame_sizes("Bench", KIB)
        with servers.Echo(suite.programs, suite.folder, answer) as echo:
            for _ in range(suite.scale.rounds):
                echoed.append(metered(echo.process.pid, lambda: echo.run(
                    *echo_load, "--size", frame, "--seconds", suite.scale.limit_seconds)))
                sent.append(suite.produce(cluster, "Bench", "-s", KIB, *send_load))
    return echoed, sent, {"frame_bytes": frame, "answer_bytes": answer}


def send_pairs(suite):
    """The bars."""
    for connections in (1, 16, 64, 256):
        echoed, sent, sizes = in_turns(suite, ["--connections", connections], ["-c", connections])
        yield named(f"echo {connections}", median_of(echoed))
        yield named(f"send {connections}", median_of(sent) | sizes | {
            "ratio": ratio_of(sent, echoed)})


def send_sizes(suite):
    for size in (128, 16 * KIB, KIB * KIB):
        with suite.cluster() as cluster:
            cluster.create_topic("Bench")
            frame, answer = cluster.frame_sizes("Bench", size)
            with servers.Echo(suite.programs, suite.folder, answer) as echo:
                yield named(f"echo size {size}", echo.run(
                    "--connections", 64, "--size", frame, "--seconds",
                    suite.scale.limit_seconds))
            yield named(f"send size {size}",
                        suite.produce(cluster, "Bench", "-c", 64, "-s", size))


def send_modes(suite):
    runs = {
        "header JSON": ["-c", 64, "--header", "json"],
        "header ROCKETMQ": ["-c", 64, "--header", "rocketmq"],
        "async": ["-c", 8, "--pipeline", 64],
        "batch": ["-c", 16, "--mode", "batch", "--batch-size", 16],
        "one-way": ["-c", 8, "--mode", "oneway"],
        "client library, async": ["--mode", "async", "-w", 4],
    }
    for name, options in runs.items():
        with suite.cluster() as cluster:
            cluster.create_topic("Bench")
            yield named(f"send {name}", suite.produce(cluster, "Bench", "-s", KIB, *options))


def send_callers(suite):
    """Threads that wait for each answer, over one connection: the raw echo and the client library,
    in turns."""
    threads = 64
    echoed, sent, _ = in_turns(suite, ["--callers", threads], ["-w", threads])
    yield named(f"echo callers {threads}", median_of(echoed))
    yield named(f"send client library, {threads} threads",
                median_of(sent) | {"ratio": ratio_of(sent, echoed)})


def send_durable(suite):
    for connections in (1, 64):
        with suite.cluster({"flushDiskType": "SYNC_FLUSH"}) as cluster:
            cluster.create_topic("Bench")
            yield named(f"send SYNC_FLUSH {connections}",
                        suite.produce(cluster, "Bench", "-c", connections, "-s", KIB))


def send_replicated(suite):
    """Both roles with a slave that copies, in turns, and how far it was behind at most."""
    for connections in (1, 64):
        runs = {"ASYNC_MASTER": [], "SYNC_MASTER": []}
        for _ in range(suite.scale.rounds):
            for role, results in runs.items():
                with suite.cluster({"brokerRole": role}, with_slave=True) as cluster:
                    cluster.create_topic("Bench")
                    cluster.await_slave()
                    with SlaveLag(cluster.port) as lag:
                        sent = suite.produce(cluster, "Bench", "-c", connections, "-s", KIB)
                    results.append(sent | {"slave_lag_bytes": lag.largest})
        for role, results in runs.items():
            yield named(f"send {role} {connections}", median_of(results) | {
                "slave_lag_bytes": max(sent["slave_lag_bytes"] for sent in results)})


def send_queues(suite):
    for index, queues in enumerate(suite.scale.many_queues):
        with suite.cluster() as cluster:
            cluster.create_topic("Bench", queues)
            # Every queue has its file before the measurement begins.
            run_json(cluster.mqbench("produce", "Bench", "-c", 16, "-m", 2 * queues, "-d", 60,
                                     "-s", 128))
            yield named(f"send queues {index}", suite.produce(
                cluster, "Bench", "-c", 64, "-s", KIB) | {"queues": queues})
