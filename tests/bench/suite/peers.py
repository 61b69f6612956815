"""Other brokers with the same load, beside ours."""

import subprocess

import servers
from machine import BenchError, metered, run_json
from suite import KIB, named


PEERS = (servers.Nats, servers.RabbitMq)


def peers(suite):
    with suite.cluster() as cluster:
        yield from ours(suite, cluster, "ASYNC_FLUSH")
    with suite.cluster({"flushDiskType": "SYNC_FLUSH"}) as cluster:
        yield from ours(suite, cluster, "SYNC_FLUSH")
    for kind in PEERS:
        if kind.missing(suite.programs):
            yield {"name": f"peer {kind.name}", "not_measured": f"{kind.package} is not installed"}
            continue
        with kind(suite.programs, suite.folder) as peer:
            yield from theirs(suite, peer)


def ours(suite, cluster, flush):
    cluster.create_topic("Bench")
    sync = suite.produce(cluster, "Bench", "-c", 64, "-s", KIB)
    yield named(f"peer ours {flush} sync", sync)
    window = suite.produce(cluster, "Bench", "-c", 8, "--pipeline", 64, "-s", KIB)
    yield named(f"peer ours {flush} pipelined", window)
    yield named(f"peer ours {flush} consume",
                suite.pull(cluster, "Bench", "-c", 8, "-d", 30))


def theirs(suite, peer):
    def run(command, connections, window, *options):
        return metered(peer.pid, lambda: run_json([
            peer.driver, command, "--port", str(peer.port), "--connections", str(connections),
            "--pipeline", str(window), "--size", str(KIB), "--queues", str(peer.queues), *options]))

    prepared = subprocess.run(
        [peer.driver, "prepare", "--port", str(peer.port), "--queues", str(peer.queues)],
        capture_output=True, text=True, timeout=60)
    if prepared.returncode != 0:
        raise BenchError(f"{peer.name}: {prepared.stderr}")
    seconds = ["--seconds", str(suite.scale.seconds)]
    bound = ["--messages", "2000"] if suite.scale.quick else []
    sync = run("produce", 64, 1, *seconds, *bound)
    yield named(f"peer {peer.name} sync", sync)
    window = run("produce", 8, 64, *seconds, *bound)
    yield named(f"peer {peer.name} pipelined", window)
    stored = sync["messages"] + window["messages"]
    yield named(f"peer {peer.name} consume", run(
        "consume", peer.queues, 1, "--seconds", "30", "--messages", str(stored)))
