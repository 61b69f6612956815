"""What is measured. Each function measures one group and yields results: dictionaries with a
"name" that the tables look up, and a report's figures."""

import os
import re
import shutil
import statistics
import subprocess
import threading
import time

import servers
from machine import (BenchError, PlainReader, Process, Usage, drop_from_page_cache, latency_of,
                     metered, run_json)

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


# ---- the machine ----------------------------------------------------------------------------

def limits(suite):
    seconds = suite.scale.limit_seconds

    def measure(*options):
        return run_json([suite.programs.limits, *[str(option) for option in options],
                         "--folder", suite.folder, "--seconds", str(seconds)])

    for size in (KIB, 16 * KIB):
        yield named(f"memcpy {size}", measure("memcpy", "--size", size))
    for size in (KIB, 64 * KIB):
        yield named(f"fdatasync {size}", measure("fdatasync", "--size", size))
    for connections in (1, 4):
        for kind in ("gather", "sendfile"):
            yield named(f"{kind} {connections}", measure(
                kind, "--size", KIB, "--records", 32, "--connections", connections))


# ---- sending --------------------------------------------------------------------------------

def in_turns(suite, cluster, echo, frame, echo_load, send_load):
    """Reports of the raw echo and of sends of 1 KiB, one after the other."""
    echoed, sent = [], []
    for _ in range(suite.scale.rounds):
        echoed.append(metered(echo.process.pid, lambda: echo.run(
            *echo_load, "--size", frame, "--seconds", suite.scale.limit_seconds)))
        sent.append(suite.produce(cluster, "Bench", "-s", KIB, *send_load))
    return echoed, sent


def send_pairs(suite):
    """The bars: echo and broker in turns, so that both see the same machine."""
    for connections in (1, 16, 64, 256):
        with suite.cluster() as cluster:
            cluster.create_topic("Bench")
            frame, answer = cluster.frame_sizes("Bench", KIB)
            with servers.Echo(suite.programs, suite.folder, answer) as echo:
                echoed, sent = in_turns(suite, cluster, echo, frame, ["--connections", connections],
                                        ["-c", connections])
            yield named(f"echo {connections}", median_of(echoed))
            yield named(f"send {connections}", median_of(sent) | {
                "ratio": ratio_of(sent, echoed),
                "frame_bytes": frame, "answer_bytes": answer})


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
    with suite.cluster() as cluster:
        cluster.create_topic("Bench")
        frame, answer = cluster.frame_sizes("Bench", KIB)
        with servers.Echo(suite.programs, suite.folder, answer) as echo:
            echoed, sent = in_turns(suite, cluster, echo, frame, ["--callers", threads],
                                    ["-w", threads])
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
    """Both roles with a slave that copies, in turns."""
    for connections in (1, 64):
        runs = {"ASYNC_MASTER": [], "SYNC_MASTER": []}
        for _ in range(suite.scale.rounds):
            for role, results in runs.items():
                with suite.cluster({"brokerRole": role}, with_slave=True) as cluster:
                    cluster.create_topic("Bench")
                    cluster.await_slave()
                    results.append(suite.produce(cluster, "Bench", "-c", connections, "-s", KIB))
        for role, results in runs.items():
            yield named(f"send {role} {connections}", median_of(results))


def send_queues(suite):
    for index, queues in enumerate(suite.scale.many_queues):
        with suite.cluster() as cluster:
            cluster.create_topic("Bench", queues)
            # Every queue has its file before the measurement begins.
            run_json(cluster.mqbench("produce", "Bench", "-c", 16, "-m", 2 * queues, "-d", 60,
                                     "-s", 128))
            yield named(f"send queues {index}", suite.produce(
                cluster, "Bench", "-c", 64, "-s", KIB) | {"queues": queues})


# ---- consuming ------------------------------------------------------------------------------

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


# ---- latency --------------------------------------------------------------------------------

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


# ---- cost -----------------------------------------------------------------------------------

ALLOCATORS = re.compile(r"^(malloc|calloc|realloc|aligned_alloc|posix_memalign|memalign)(@.*)?$")


def read_callgrind(path):
    """Instructions and calls of the allocator in one dump."""
    instructions, allocations = 0, 0
    names = {}
    called = None
    with open(path, errors="replace") as text:
        for line in text:
            if line.startswith(("fn=", "cfn=")):
                number, _, name = line.strip().split("=", 1)[1].partition(" ")
                if name:
                    names[number] = name
                if line.startswith("cfn="):
                    called = names.get(number, "")
            elif line.startswith("calls=") and called and ALLOCATORS.match(called):
                allocations += int(line[6:].split()[0])
            elif line.startswith(("summary:", "totals:")):
                instructions = int(line.split()[1])
    return instructions, allocations


def callgrind(suite):
    messages = suite.scale.callgrind_messages
    suite.count += 1
    out = os.path.join(suite.folder, f"callgrind-{suite.count}")
    wrapper = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    with suite.cluster(PATIENT, wrapper=wrapper) as cluster:
        cluster.create_topic("Bench")

        def control(option):
            subprocess.run(["callgrind_control", option, str(cluster.broker.pid)], check=True,
                           capture_output=True, timeout=60)

        def counted(number, arguments):
            run_json(arguments)  # Tables, queues and code are warm.
            control("--zero")
            report = run_json(arguments)
            control("--dump")
            instructions, allocations = read_callgrind(f"{out}.{number}")
            return report | {"instructions_per_message": instructions / report["messages"],
                             "allocations_per_message": allocations / report["messages"]}

        send = cluster.mqbench("produce", "Bench", "-c", 4, "-s", KIB, "-m", messages, "-d", 60)
        yield named("callgrind send", counted(1, send))
        pull = cluster.mqbench("pull", "Bench", "-c", 1, "--batch-size", 32, "-d", 60)
        yield named("callgrind pull", counted(2, pull))


PROFILE_LINE = re.compile(r"^\s*([\d.]+)%\s+\[([.k])\]\s+(.+?)(\s{2,}-\s+-)?\s*$")


def read_profile(path):
    """Shares of the functions in a profile, the largest first, and of the kernel as a whole."""
    text = subprocess.run(
        ["perf", "report", "-i", path, "--stdio", "--no-children", "--sort", "symbol"],
        capture_output=True, text=True, timeout=60, check=True).stdout
    lines = [match.groups()[:3] for match in map(PROFILE_LINE.match, text.splitlines()) if match]
    return {"kernel_percent": sum(float(share) for share, kind, _ in lines if kind == "k"),
            "functions": [(float(share), kind == "k", name) for share, kind, name in lines[:15]]}


def profile(suite):
    """Where broker and generator spend their time."""
    seconds = suite.scale.seconds
    perf = ["perf", "record", "-q", "-F", "997", "-o"]
    with suite.cluster() as cluster:
        cluster.create_topic("Bench")
        suite.fill(cluster, "Bench", suite.scale.backlog // 4)
        loads = {"send": cluster.mqbench("produce", "Bench", "-c", 64, "-s", KIB, "-d", seconds),
                 "library": cluster.mqbench("produce", "Bench", "-w", 64, "-s", KIB, "-d", seconds),
                 "pull": cluster.mqbench("pull", "Bench", "-c", 4, "--batch-size", 32, "--groups",
                                         20, "-d", seconds)}
        for name, load in loads.items():
            ours, theirs = (os.path.join(cluster.folder, f"{name}-{side}.perf")
                            for side in ("broker", "generator"))
            watching = subprocess.Popen(
                [*perf, ours, "-p", str(cluster.broker.pid), "--", "sleep", str(seconds)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            run_json([*perf, theirs, "--", *load])
            watching.wait(60)
            yield named(f"profile {name} broker", read_profile(ours))
            yield named(f"profile {name} generator", read_profile(theirs))


def idle(suite):
    connections = suite.scale.idle_connections
    with suite.cluster() as cluster:
        cluster.create_topic("Bench")
        run_json(cluster.mqbench("idle", "Bench", "-c", 10, "-d", 1))
        before = Usage(cluster.broker.pid)
        clients = Process(
            cluster.mqbench("idle", "Bench", "-c", connections, "--groups", connections // 10, "-d",
                            suite.scale.idle_seconds), os.path.join(cluster.folder, "idle.out"))
        try:
            clients.await_output("registered", 60)
            started = time.monotonic()
            opened = Usage(cluster.broker.pid)
            time.sleep(suite.scale.idle_seconds * 0.8)
            later = Usage(cluster.broker.pid)
            elapsed = time.monotonic() - started
            report = clients.await_report()
        finally:
            clients.stop()
        yield named("idle", report | {
            "connections": connections,
            "kib_per_connection": (later.anonymous_kib - before.anonymous_kib) / connections,
            "core_percent": (later.cpu_seconds - opened.cpu_seconds) / elapsed * 100,
            "heartbeats_per_second": report["messages_per_second"],
            "server_open_files": later.open_files})


# ---- growth ---------------------------------------------------------------------------------

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


# ---- peers ----------------------------------------------------------------------------------

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


def can_profile():
    """The package is there, and the kernel lets this user."""
    return shutil.which("perf") is not None and subprocess.run(
        ["perf", "record", "-q", "-o", "/dev/null", "--", "true"], capture_output=True,
        timeout=30).returncode == 0


def left_out(group, suite):
    """Results that say why a group is not measured; nothing when it is."""
    if group == "callgrind" and not shutil.which("valgrind"):
        return [{"name": name, "not_measured": "valgrind is not installed"}
                for name in ("callgrind send", "callgrind pull")]
    if group == "profile" and not can_profile():
        return [{"name": f"profile {load} {side}", "not_measured": "perf cannot be used here"}
                for load in ("send", "library", "pull") for side in ("broker", "generator")]
    if group == "peers" and not suite.with_peers:
        return [{"name": f"peer {peer.name}", "not_measured": "--no-peers"} for peer in PEERS]
    return []


GROUPS = {
    "limits": limits,
    "send-pairs": send_pairs,
    "send-sizes": send_sizes,
    "send-modes": send_modes,
    "send-callers": send_callers,
    "send-durable": send_durable,
    "send-replicated": send_replicated,
    "send-queues": send_queues,
    "catch-up": catch_up,
    "tailing": tailing,
    "latency": latency,
    "callgrind": callgrind,
    "profile": profile,
    "idle": idle,
    "growth": growth,
    "peers": peers,
}
