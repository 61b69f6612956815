"""Latency at a steady rate: alone, over roll-overs, beside readers of cold data."""

import os

import servers
from consuming import make_cold
from machine import PlainReader, latency_of, metered, run_json
from suite import BACKLOG_RECORD, KIB, Background, median_of, named, ratio_of


def latency(suite):
    """An open loop at half of what 64 connections can send: measured here, first."""
    seconds = suite.scale.latency_seconds
    interval = ["--interval", 100]
    with suite.cluster() as cluster:
        cluster.create_topic("Bench")
        most = suite.produce(cluster, "Bench", "-c", 64, "-s", KIB)["messages_per_second"]
        rate = max(int(most / 2), 100)
        frame, answer = cluster.frame_sizes("Bench", KIB)
    load = ["-c", 64, "-s", KIB, "-r", rate, "-d", seconds, *interval]

    def produce(cluster):
        return metered(cluster.broker.pid,
                       lambda: run_json(cluster.mqbench("produce", "Bench", *load)))

    def p999(report):
        return latency_of(report)["p99.9"]

    def p99(report):
        return latency_of(report)["p99"]

    with suite.cluster() as cluster, \
            servers.Echo(suite.programs, suite.folder, answer) as echo:
        cluster.create_topic("Bench")
        echoed, sent = [], []
        for _ in range(suite.scale.rounds):
            echoed.append(echo.run("--connections", 64, "--size", frame, "--rate", rate,
                                   "--seconds", seconds, *interval))
            sent.append(produce(cluster))
        yield named("latency echo", median_of(echoed, p999))
        yield named("latency", median_of(sent, p999) | {
            "ratio": ratio_of(sent, echoed, p999), "rate_of_most": rate / most})
    with suite.cluster({"mappedFileSizeCommitLog": 64 * KIB * KIB}) as cluster:
        cluster.create_topic("Bench")
        yield named("latency roll-over", produce(cluster))
    with suite.cluster() as cluster:
        cluster.create_topic("Bench")
        cluster.create_topic("Old")
        suite.fill(cluster, "Old", suite.scale.backlog)
        before, beside, read, beside_plain = [], [], [], []
        for _ in range(suite.scale.rounds):
            make_cold(cluster)
            before.append(produce(cluster))
            reader = Background(cluster.mqbench("pull", "Old", "-c", 1, "--batch-size", 32,
                                                "-r", rate, "-d", seconds))
            beside.append(produce(cluster))
            read.append(reader.result()["messages_per_second"])
            make_cold(cluster)
            plain = PlainReader(os.path.join(cluster.store, "commitlog"),
                                rate * BACKLOG_RECORD, seconds)
            beside_plain.append(produce(cluster))
            plain.result()
        yield named("latency before cold reader", median_of(before, p99))
        yield named("latency with cold reader", median_of(beside, p99) | {
            "ratio": ratio_of(beside, before, p99), "reader_messages_per_second": min(read)})
        yield named("latency with plain reader", median_of(beside_plain, p99) | {
            "ratio": ratio_of(beside_plain, before, p99)})
