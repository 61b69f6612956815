"""What a message and an idle connection cost: instructions, allocations, profiles, memory."""

import os
import re
import shutil
import subprocess
import time

import servers
from consuming import make_cold
from machine import Process, Usage, run_json
from suite import KIB, PATIENT, Background, named


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


NOT_PROFILED = {"not_measured": "perf cannot be used here"}
LOADS = ("send", "library", "async", "pull", "cold")
PERF = ["perf", "record", "-q", "-F", "997", "-o"]


def watch(pid, path, seconds):
    """Begins to record where a process spends its time, for so long."""
    return subprocess.Popen([*PERF, path, "-p", str(pid), "--", "sleep", str(seconds)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def recorded(cluster, name, seconds, load):
    """Where broker and generator spend their time under a load."""
    ours, theirs = (os.path.join(cluster.folder, f"{name}-{side}.perf")
                    for side in ("broker", "generator"))
    watching = watch(cluster.broker.pid, ours, seconds)
    report = run_json([*PERF, theirs, "--", *load])
    watching.wait(60)
    yield named(f"profile {name} broker", read_profile(ours))
    yield named(f"profile {name} generator", read_profile(theirs))
    return report


def profile(suite):
    seconds = suite.scale.seconds
    with suite.cluster() as cluster:
        cluster.create_topic("Bench")
        cluster.create_topic("Old")
        suite.fill(cluster, "Old", suite.scale.backlog)
        suite.fill(cluster, "Bench", suite.scale.backlog // 4)
        produce = cluster.mqbench("produce", "Bench", "-s", KIB, "-d", seconds)
        most = yield from recorded(cluster, "send", seconds, [*produce, "-c", "64"])
        yield from recorded(cluster, "library", seconds, [*produce, "-w", "64"])
        yield from recorded(cluster, "async", seconds, [*produce, "-w", "4", "--mode", "async"])
        yield from recorded(cluster, "pull", seconds,
                            cluster.mqbench("pull", "Bench", "-c", 4, "--batch-size", 32,
                                            "--groups", 20, "-d", seconds))
        rate = max(int(most["messages_per_second"] / 2), 100)
        make_cold(cluster)
        reader = Background(cluster.mqbench("pull", "Old", "-c", 1, "--batch-size", 32,
                                            "-r", rate, "-d", seconds))
        yield from recorded(cluster, "cold", seconds, [*produce, "-c", "64", "-r", str(rate)])
        reader.result()


def can_profile():
    """The package is there, and the kernel lets this user."""
    return shutil.which("perf") is not None and subprocess.run(
        ["perf", "record", "-q", "-o", "/dev/null", "--", "true"], capture_output=True,
        timeout=30).returncode == 0


def share_of_core(pid, seconds):
    """Percent of a core that a process takes for so long from now on, and what it holds then."""
    started = time.monotonic()
    before = Usage(pid)
    time.sleep(seconds)
    after = Usage(pid)
    elapsed = time.monotonic() - started
    return (after.cpu_seconds - before.cpu_seconds) / elapsed * 100, after


def watched(pid, path, seconds):
    """Where an idle server spends its time: seconds in which nothing else is measured."""
    if not can_profile():
        return NOT_PROFILED
    watch(pid, path, seconds).wait(60)
    return read_profile(path)


def idle(suite):
    connections = suite.scale.idle_connections
    seconds = suite.scale.idle_seconds
    with suite.cluster() as cluster:
        cluster.create_topic("Bench")
        run_json(cluster.mqbench("idle", "Bench", "-c", 10, "-d", 1))
        before = Usage(cluster.broker.pid)
        clients = Process(
            cluster.mqbench("idle", "Bench", "-c", connections, "--groups", connections // 10, "-d",
                            2 * seconds), os.path.join(cluster.folder, "idle.out"))
        try:
            clients.await_output("registered", 60)
            core_percent, later = share_of_core(cluster.broker.pid, seconds * 0.8)
            yield named("profile idle broker", watched(
                cluster.broker.pid, os.path.join(cluster.folder, "idle.perf"), seconds * 0.8))
            report = clients.await_report()
        finally:
            clients.stop()
        yield named("idle", report | {
            "connections": connections,
            "kib_per_connection": (later.anonymous_kib - before.anonymous_kib) / connections,
            "core_percent": core_percent,
            "heartbeats_per_second": report["messages_per_second"],
            "server_open_files": later.open_files})
    yield from idle_echo(suite, connections, round(report["messages_per_second"]))


def idle_echo(suite, connections, rate):
    """What as many frames of the same sizes over as many connections cost a server that does
    nothing with them."""
    heartbeat, answer = 511, 102  # mqbench's, give or take the digits of a client's id.
    seconds = suite.scale.idle_seconds
    with servers.Echo(suite.programs, suite.folder, answer) as echo:
        pid = echo.process.pid
        clients = Process(
            echo.command("--connections", connections, "--size", heartbeat, "--rate", rate,
                         "--seconds", 2 * seconds), os.path.join(suite.folder, "idle-echo.out"))
        try:
            clients.await_true(lambda: Usage(pid).open_files >= connections,
                               "its connections at the echo", 60)
            core_percent, _ = share_of_core(pid, seconds * 0.6)
            yield named("profile idle raw echo", watched(
                pid, os.path.join(suite.folder, "idle-echo.perf"), seconds * 0.8))
            report = clients.await_report()
        finally:
            clients.stop()
    yield named("idle echo", report | {"core_percent": core_percent})
