"""Processes of a run: starting them, what they use, and that none is left behind."""

import itertools
import json
import os
import resource
import signal
import socket
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """A scenario cannot be measured; the text says why."""


# Below the ports that the system gives to outgoing connections, of which a test run beside this one
# makes thousands: one of those could take the port of a server before it starts, or while it
# restarts. A broker also takes the port two below. Runs side by side begin in parts of their own.
FIRST_PORT, LAST_PORT, PORT_STEP, PORTS_OF_PROCESS = 15_000, 32_000, 3, 60
ports_tried = itertools.count(os.getpid() * PORTS_OF_PROCESS, PORT_STEP)


def free_port():
    """A loopback port that nobody listens on right now."""
    for tried in ports_tried:
        port = FIRST_PORT + tried % (LAST_PORT - FIRST_PORT)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def raise_open_files_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Process:
    """A child in a session of its own, so that whatever it starts ends with it."""

    def __init__(self, arguments, log, env=None, stdin=subprocess.DEVNULL):
        self.log = log
        with open(log, "wb") as out:
            self.child = subprocess.Popen(
                arguments, stdin=stdin, stdout=out, stderr=subprocess.STDOUT,
                env=env, start_new_session=True)
        self.name = os.path.basename(arguments[0])
        self.pid = self.child.pid

    def output(self):
        with open(self.log, errors="replace") as text:
            return text.read()

    def await_output(self, text, seconds=30):
        self.await_true(lambda: text in self.output(), f"'{text}' in its output", seconds)

    def await_true(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if self.child.poll() is not None or time.monotonic() > end:
                raise BenchError(f"{self.name}: waited for {what}:\n{self.output()[-2000:]}")
            time.sleep(0.02)

    def await_report(self, seconds=60):
        """Of a measuring program: the last line of its output, once it has ended by itself."""
        try:
            self.child.wait(seconds)
            return json.loads(self.output().strip().splitlines()[-1])
        except (subprocess.TimeoutExpired, IndexError, ValueError) as failure:
            raise BenchError(f"{self.name} gave no report:\n{self.output()[-2000:]}") from failure

    def stop(self, seconds=30):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        try:  # What it started, or itself when it did not listen.
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()


def run_json(arguments, seconds=120):
    """Runs a measuring program to its end; its report is the last line of its output."""
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired as late:
        raise BenchError(f"{' '.join(arguments)} did not end within {seconds} s") from late
    lines = done.stdout.strip().splitlines()
    if not lines:
        raise BenchError(f"{' '.join(arguments)} failed: {done.stderr.strip()[-1000:]}")
    report = json.loads(lines[-1])
    if done.stderr.strip():
        report["stderr"] = done.stderr.strip()[-500:]
    return report


class Usage:
    """What one process has used when this was made, and what it holds."""

    def __init__(self, pid):
        with open(f"/proc/{pid}/stat") as text:
            fields = text.read().rsplit(")", 1)[1].split()
        self.cpu_seconds = (int(fields[11]) + int(fields[12])) / TICKS
        self.rss_kib = int(fields[21]) * resource.getpagesize() // 1024
        self.open_files = len(os.listdir(f"/proc/{pid}/fd"))
        self.context_switches = 0
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/status") as text:
                for line in text:
                    if "ctxt_switches" in line:
                        self.context_switches += int(line.split()[1])
        # Of the heap and stacks alone: mapped files of the store are the page cache's.
        self.anonymous_kib = 0
        with open(f"/proc/{pid}/status") as text:
            for line in text:
                if line.startswith("RssAnon"):
                    self.anonymous_kib = int(line.split()[1])


def metered(pid, measure):
    """The report of measure(), with what the process `pid` used meanwhile."""
    before = Usage(pid)
    report = measure()
    after = Usage(pid)
    messages = max(report["messages"], 1)
    report["server_cpu_s_per_million"] = (after.cpu_seconds - before.cpu_seconds) / messages * 1e6
    report["generator_cpu_s_per_million"] = report["generator_cpu_seconds"] / messages * 1e6
    report["context_switches_per_message"] = (
        after.context_switches - before.context_switches) / messages
    report["server_rss_kib"] = after.rss_kib
    report["server_anonymous_kib"] = after.anonymous_kib
    report["server_open_files"] = after.open_files
    return report


def drop_from_page_cache(folder):
    """The files of `folder`, written out first, leave the memory; nobody may have them mapped."""
    for root, _, names in os.walk(folder):
        for name in names:
            descriptor = os.open(os.path.join(root, name), os.O_RDONLY)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def latency_of(result):
    """The percentiles of a report of mqbench or the echo; None when it has none."""
    for key, value in (result or {}).items():
        if key.endswith(" latency us"):
            return value
    return None


class PlainReader:
    """Reads the files of a folder in order, so many bytes per second, and does nothing with them."""

    PIECE = 128 * 1024

    def __init__(self, folder, bytes_per_second, seconds):
        self.read_bytes = 0
        self.thread = threading.Thread(target=self.run, args=(folder, bytes_per_second, seconds))
        self.thread.start()

    def run(self, folder, bytes_per_second, seconds):
        begin = time.monotonic()
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb", buffering=0) as file:
                while file.read(self.PIECE):
                    self.read_bytes += self.PIECE
                    due = begin + self.read_bytes / bytes_per_second
                    if due > begin + seconds:
                        return
                    time.sleep(max(0, due - time.monotonic()))

    def result(self):
        self.thread.join()
        return self.read_bytes
