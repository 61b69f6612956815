"""Writes docs/performance.md and its plots from the results of a run. The fixed text is in
performance.template.md; nothing measured is ever typed there."""

import itertools
import os
import re

import svg
from machine import latency_of
from peers import PEERS

HERE = os.path.dirname(os.path.abspath(__file__))
KIB = 1024
NONE = "not measured"


def one_line(result):
    """For the terminal."""
    if "not_measured" in result:
        return f"{result['name']}: {NONE} ({result['not_measured']})"
    if result["name"] == "machine":
        return (f"{result['cores']} cores, {result['cpu']}, "
                f"load at start {result['load_at_start']:.2f}")
    if result["name"] == "run":
        return f"{result['seconds']} s, {len(result['failures'])} failed"
    if "functions" in result:
        return f"{result['name']}: {result['kernel_percent']:.0f} % in the kernel"
    text = f"{result['name']:<32} {result.get('messages_per_second', 0):>11,.0f} /s"
    if latency := latency_of(result):
        text += f"  p50 {micro(latency['p50'])}  p99.9 {micro(latency['p99.9'])}"
    if "ratio" in result:
        text += f"  ratio {result['ratio']:.2f}"
    if result.get("failures"):
        text += f"  {result['failures']} FAILED {result.get('stderr', '')}"
    return text


def micro(us):
    if us < 1000:
        return f"{us:.0f} us"
    return f"{us / 1000:.1f} ms" if us < 1e6 else f"{us / 1e6:.1f} s"


class Figures:
    """The results of a run by name; remembers what was asked for and is not there."""

    def __init__(self, results):
        self.by_name = {result["name"]: result for result in results}
        self.missing = []

    def __call__(self, name, key, shape="{:,.0f}"):
        """The figure as text; `key` may be a function of the result."""
        value = self.value(name, key)
        return NONE if value is None else value if isinstance(value, str) else shape.format(value)

    def value(self, name, key):
        result = self.by_name.get(name)
        try:
            value = key(result) if callable(key) else result[key]
        except (KeyError, TypeError):
            value = None
        if value is None and not (result and "not_measured" in result):
            self.missing.append(f"{name}: {key if isinstance(key, str) else 'figure'}")
        return value

    def ratio(self, above, below, key):
        upper, lower = self.value(above, key), self.value(below, key)
        return upper / lower if upper is not None and lower else None


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |",
             "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def percentile(which):
    return lambda result: latency_of(result)[which]


# ---- tables ---------------------------------------------------------------------------------

RATE, CPU, CLIENT = "messages_per_second", "server_cpu_s_per_million", "generator_cpu_s_per_million"


def limits_table(figures):
    rows = [[f"`memcpy` into a mapping, {size // KIB} KiB", figures(
        f"memcpy {size}", RATE), figures(f"memcpy {size}", "megabytes_per_second")]
        for size in (KIB, 16 * KIB)]
    rows += [[f"write and `fdatasync`, {size // KIB} KiB", figures(f"fdatasync {size}", RATE),
              figures(f"fdatasync {size}", "megabytes_per_second", "{:,.1f}")]
             for size in (KIB, 64 * KIB)]
    rows += [[f"{text} over loopback, {connections} connection(s), 32 records of 1 KiB each call",
              figures(f"{kind} {connections}", RATE),
              figures(f"{kind} {connections}", "megabytes_per_second")]
             for kind, text in (("gather", "gather write"), ("sendfile", "`sendfile`"))
             for connections in (1, 4)]
    rows += [[f"echo of frames of a 1 KiB send, {connections} connection(s)",
              figures(f"echo {connections}", RATE),
              figures(f"echo {connections}", "megabytes_per_second")]
             for connections in (1, 16, 64, 256)]
    rows.append(["echo of frames of a 1 KiB send, 64 threads that wait, 1 connection",
                 figures("echo callers 64", RATE),
                 figures("echo callers 64", "megabytes_per_second")])
    return table(["what the machine does", "per second", "MB/s"], rows)


def send_row(figures, label, name, ratio=None):
    return [label, figures(name, RATE), figures(name, "megabytes_per_second", "{:,.1f}"),
            ratio or "", figures(name, percentile("p50"), "{:,.0f}") if ratio != "one-way" else "",
            figures(name, percentile("p99.9"), "{:,.0f}") if ratio != "one-way" else "",
            figures(name, CPU, "{:.1f}"), figures(name, CLIENT, "{:.1f}"),
            figures(name, "context_switches_per_message", "{:.2f}")]


def shape(value):
    return NONE if value is None else f"{value:.2f}"


def send_table(figures):
    rows = [send_row(figures, f"sync, {connections} connection(s), 1 KiB", f"send {connections}",
                     figures(f"send {connections}", "ratio", "{:.2f}"))
            for connections in (1, 16, 64, 256)]
    for size, text in ((128, "128 B"), (16 * KIB, "16 KiB"), (KIB * KIB, "1 MiB")):
        rows.append(send_row(figures, f"sync, 64 connections, {text}", f"send size {size}", shape(
            figures.ratio(f"send size {size}", f"echo size {size}", RATE))))
    for name, text in (("header JSON", "64 connections, JSON headers"),
                       ("header ROCKETMQ", "64 connections, ROCKETMQ headers"),
                       ("async", "8 connections, 64 requests out on each"),
                       ("batch", "16 connections, batches of 16")):
        rows.append(send_row(figures, text, f"send {name}"))
    rows.append(send_row(figures, "one-way, 8 connections", "send one-way", "one-way"))
    rows.append(send_row(figures, "client library, sync, 64 threads",
                         "send client library, 64 threads",
                         figures("send client library, 64 threads", "ratio", "{:.2f}")))
    rows.append(send_row(figures, "client library, async, 4 threads", "send client library, async"))
    for connections in (1, 64):
        rows.append(send_row(figures, f"SYNC_FLUSH, {connections} connection(s)",
                             f"send SYNC_FLUSH {connections}"))
    for role in ("ASYNC_MASTER", "SYNC_MASTER"):
        for connections in (1, 64):
            rows.append(send_row(figures, f"{role} with a slave, {connections} connection(s)",
                                 f"send {role} {connections}"))
    for index in range(3):
        queues = figures(f"send queues {index}", "queues")
        rows.append(send_row(figures, f"64 connections, {queues} queue(s)", f"send queues {index}"))
    for row in rows:
        row[3] = "" if row[3] == "one-way" else row[3]
    return table(["send", "msg/s", "MB/s", "of echo", "p50 us", "p99.9 us", "broker CPU s / 10^6",
                  "generator CPU s / 10^6", "context switches / message"], rows)


def consume_table(figures):
    rows = []
    for label, name, with_latency in (
            ("catch-up, warm", "catch-up warm", False), ("catch-up, cold", "catch-up cold", False),
            ("push consumer of the client library, 2 threads, warm", "catch-up client library",
             False),
            ("tailing, 5,000 msg/s", "tailing", True),
            ("tailing, 100 groups, 300 msg/s sent", "tailing 100 groups", True),
            ("1,000 waiting long polls, 1,000 msg/s sent", "tailing 1,000 polls", True)):
        rows.append([label, figures(name, RATE),
                     figures(name, "megabytes_per_second", "{:,.1f}"),
                     figures(name, percentile("p50")) if with_latency else "",
                     figures(name, percentile("p99")) if with_latency else "",
                     figures(name, percentile("p99.9")) if with_latency else "",
                     figures(name, CPU, "{:.1f}"), figures(name, CLIENT, "{:.1f}")])
    return table(["consume", "msg/s", "MB/s", "p50 us", "p99 us", "p99.9 us",
                  "broker CPU s / 10^6", "generator CPU s / 10^6"], rows)


LATENCY_RUNS = (("raw echo", "latency echo"), ("sending", "latency"),
                ("with roll-over every 64 MiB", "latency roll-over"),
                ("before the cold reader", "latency before cold reader"),
                ("beside the cold reader", "latency with cold reader"),
                ("beside a plain reader of the same files", "latency with plain reader"))


def latency_table(figures):
    columns = ("p50", "p90", "p99", "p99.9", "p99.99", "max")
    return table(["open loop, 64 connections, 1 KiB", "msg/s", *(f"{c} us" for c in columns)], [
        [label, figures(name, RATE), *(figures(name, percentile(column)) for column in columns)]
        for label, name in LATENCY_RUNS])


def cost_table(figures):
    def pair(label, key, shape_):
        return [label, figures("send 64", key, shape_), figures("catch-up warm", key, shape_)]

    return table(["cost", "send, 1 KiB, 64 connections", "pull, 1 KiB, catch-up"], [
        pair("broker CPU seconds / 10^6 messages", CPU, "{:.2f}"),
        pair("generator CPU seconds / 10^6 messages", CLIENT, "{:.2f}"),
        ["broker instructions / message (callgrind)",
         figures("callgrind send", "instructions_per_message"),
         figures("callgrind pull", "instructions_per_message")],
        ["broker allocations / message (callgrind)",
         figures("callgrind send", "allocations_per_message", "{:.2f}"),
         figures("callgrind pull", "allocations_per_message", "{:.2f}")],
        pair("context switches / message", "context_switches_per_message", "{:.3f}"),
        pair("resident MiB, mapped store included", lambda r: r["server_rss_kib"] / KIB, "{:,.0f}"),
        pair("resident MiB of its own", lambda r: r["server_anonymous_kib"] / KIB, "{:,.0f}"),
        pair("open files", "server_open_files", "{:,.0f}")])


def idle_table(figures):
    return table(["idle connections", "KiB each", "% of a core", "the raw echo's", "heartbeats / s",
                  "open files"], [
        [figures("idle", "connections"), figures("idle", "kib_per_connection", "{:.1f}"),
         figures("idle", "core_percent", "{:.1f}"), figures("idle echo", "core_percent", "{:.1f}"),
         figures("idle", "heartbeats_per_second"), figures("idle", "server_open_files")]])


PROFILES = (("send", "Sync send, 64 connections, 1 KiB", "generator"),
            ("library", "Sync send, client library, 64 threads, 1 KiB", "generator"),
            ("async", "Async send, client library, 4 threads, 1 KiB", "generator"),
            ("pull", "Catch-up, warm, 4 connections, 1 KiB", "generator"),
            ("cold", "Sends at half rate beside a cold reader (a process of its own)", "generator"),
            ("idle", "Heartbeats of the idle connections", "raw echo"))


def profile_text(figures):
    parts = []
    for load, label, other in PROFILES:
        sides = [f"profile {load} {side}" for side in ("broker", other)]
        kernel = [figures(side, "kernel_percent", "{:.0f} %") for side in sides]
        parts.append(f"{label}: of its time the broker spends {kernel[0]} in the kernel, the "
                     f"{other} {kernel[1]}.\n")
        columns = [[f"{share:.1f} %{' kernel' if in_kernel else ''}: `{name[:60]}`"
                    for share, in_kernel, name in figures.by_name.get(side, {}).get(
                        "functions", [])] for side in sides]
        parts.append(table(["broker", other], itertools.zip_longest(*columns, fillvalue=""))
                     .replace("---: |", "--- |") + "\n")
    return "\n".join(parts)


def growth_table(figures):
    rows = []
    for label, name in (("queues, send", "growth queues"), ("connections, send",
                                                             "growth connections"),
                        ("groups, pull", "growth groups"),
                        ("backlog, send", "growth backlog send"),
                        ("backlog, pull", "growth backlog pull")):
        one, ten = f"{name} 1", f"{name} 10"
        change = figures.ratio(ten, one, CPU)
        rows.append([label, figures(one, "size"), figures(one, CPU, "{:.2f}"),
                     figures(ten, "size"), figures(ten, CPU, "{:.2f}"),
                     NONE if change is None else f"{(change - 1) * 100:+.0f} %"])
    return table(["of what there is 10 times more", "size", "broker CPU s / 10^6", "10 x",
                  "broker CPU s / 10^6", "change"], rows)


def peers_table(figures):
    rows = []
    for peer, flush in (("NATS JetStream", "ASYNC_FLUSH"), ("RabbitMQ", "SYNC_FLUSH")):
        for step, label in (("sync", "send, 64 connections, 1 request each"),
                            ("pipelined", "send, 8 connections, 64 requests each"),
                            ("consume", "consume what was sent")):
            theirs, ours = f"peer {peer} {step}", f"peer ours {flush} {step}"
            if "not_measured" in figures.by_name.get(f"peer {peer}", {}):
                rows.append([f"{peer}: {label}", flush, NONE, NONE])
                continue
            rows.append([f"{peer}: {label}", flush, shape(figures.ratio(ours, theirs, RATE)),
                         shape(figures.ratio(ours, theirs, CPU))])
    return table(["ours divided by", "our flush", "messages per second (more is better)",
                  "server CPU per message (less is better)"], rows)


# ---- bars -----------------------------------------------------------------------------------

# Send p99 beside a reader of what is not in memory, divided by that before it.
COLD_READER_BAR = 1.5


def bars(figures):
    """(what, bar as text, measured, met)"""
    send_64 = figures.value("send 64", "ratio")
    spread = figures.ratio("send 256", "send 64", "ratio")
    catch_up = figures.value("catch-up warm", "ratio")
    tail = figures.value("latency", "ratio")
    cold = figures.value("latency with cold reader", "ratio")
    replicated = figures.ratio("send SYNC_MASTER 64", "send ASYNC_MASTER 64", RATE)
    alone = [figures.value(f"send {role}_MASTER 1", percentile("p50")) for role in ("SYNC", "ASYNC")]
    added = None if None in alone else (alone[0] - alone[1]) / 1000
    lag = figures.value("send ASYNC_MASTER 64", "slave_lag_bytes")
    speed = figures.value("send ASYNC_MASTER 64", "megabytes_per_second")
    behind = None if lag is None or not speed else lag / (speed * 1000)
    plain = figures.value("latency with plain reader", "ratio")
    allocations = figures.value("callgrind send", "allocations_per_message")
    thousands = [None if rate is None else rate / 1000 for rate in (
        figures.value("send client library, 64 threads", RATE),
        figures.value("send client library, async", RATE))]
    pushed = figures.value("catch-up client library", "megabytes_per_second")
    kib = figures.value("idle", "kib_per_connection")
    core = figures.value("idle", "core_percent")
    bare = figures.value("idle echo", "core_percent")
    return [
        ("sync send, 64 connections, 1 KiB / raw echo", ">= 0.6", send_64,
         lambda v: v >= 0.6),
        ("the same ratio with 256 connections / with 64", "0.85 to 1.15, or more", spread,
         lambda v: v >= 0.85),
        ("catch-up, 1 KiB, warm / raw gather writes, bytes", ">= 0.6", catch_up,
         lambda v: v >= 0.6),
        ("send p99.9 at half of the most / echo p99.9 under the same load", "< 3", tail,
         lambda v: v < 3),
        (f"send p99 beside a cold reader / before it (a plain reader: {shape(plain)})",
         f"< {COLD_READER_BAR}", cold, lambda v: v < COLD_READER_BAR),
        ("SYNC_MASTER / ASYNC_MASTER, both with a slave, 64 connections", ">= 0.7", replicated,
         lambda v: v >= 0.7),
        ("p50 of SYNC_MASTER less that of ASYNC_MASTER, 1 connection, ms", "< 0.5", added,
         lambda v: v < 0.5),
        ("a slave behind its ASYNC_MASTER at most, 64 connections, ms of their sending", "< 100",
         behind, lambda v: v < 100),
        ("client library, sync sends of 64 threads, thousands per second", ">= 100", thousands[0],
         lambda v: v >= 100),
        ("client library, async sends of 4 threads, thousands per second", ">= 200", thousands[1],
         lambda v: v >= 200),
        ("client library, push consumer of a warm backlog, MB/s", ">= 500", pushed,
         lambda v: v >= 500),
        ("allocations of the broker for each send", "< 0.1", allocations, lambda v: v < 0.1),
        ("KiB for each idle connection", "< 20", kib, lambda v: v < 20),
        (f"% of a core for the idle connections (the raw echo: {shape(bare)})", "< 2", core,
         lambda v: v < 2),
    ]


def bars_table(figures):
    return table(["bar", "wanted", "measured", "result"], [
        [what, wanted, shape(value),
         NONE if value is None else "met" if is_met(value) else "**missed**"]
        for what, wanted, value, is_met in bars(figures)])


def reader_text(figures):
    """Whose the rest is that a reader costs the sends."""
    cold = figures.value("latency with cold reader", "ratio")
    plain = figures.value("latency with plain reader", "ratio")
    if cold is None or plain is None:
        return "Not measured in this run."
    if plain >= COLD_READER_BAR:
        return ("In this run the plain reader misses the bar, too: that takes a third core, or a "
                "disk whose reads cost\nthis machine's cores nothing.")
    if cold >= COLD_READER_BAR:
        return ("In this run the plain reader meets the bar and the broker's does not: the "
                "difference is what the broker\nmakes of its reads.")
    return "In this run both meet the bar."


def machine_text(figures):
    run = figures.by_name["run"]
    quick = (" **This was a smoke run (`--quick`): its figures mean nothing.**"
             if run["quick"] else "")
    failed = "".join(f" **Failed: {failure.splitlines()[0]}.**" for failure in run["failures"])
    return (f"{figures('machine', 'cores')} cores ({figures('machine', 'cpu')}), "
            f"{figures('machine', 'memory_gib', '{:.1f}')} GiB, Linux "
            f"{figures('machine', 'kernel')}, {figures('machine', 'date')}; load average at the "
            f"start {figures('machine', 'load_at_start', '{:.2f}')} (0 is a quiet machine); the "
            f"run took {run['seconds']} s.{quick}{failed}")


def durability_text(_figures):
    return "\n".join(f"- {peer.name}: {peer.durability}." for peer in PEERS)


TEXTS = {"machine": machine_text, "bars": bars_table, "limits": limits_table, "send": send_table,
         "consume": consume_table, "latency": latency_table, "reader": reader_text,
         "cost": cost_table, "idle": idle_table, "profile": profile_text, "growth": growth_table,
         "peers": peers_table, "durability": durability_text}


# ---- plots ----------------------------------------------------------------------------------

def plots(figures):
    percentiles = ("p50", "p99", "p99.9", "p99.99")
    panels = {}
    for label, name in LATENCY_RUNS:
        if steps := figures.by_name.get(name, {}).get("intervals"):
            panels[label] = {percentile: [(step["at"], step[percentile]) for step in steps]
                             for percentile in percentiles}
    yield "latency.svg", svg.panels_over_time(
        "Latency of each 100 ms, open loop at half of the most", panels)
    groups = {}
    for connections in (1, 16, 64, 256):
        for kind, label in (("echo", "echo"), ("send", "sync send")):
            if result := figures.by_name.get(f"{kind} {connections}"):
                groups.setdefault(f"{connections} connection" + "s" * (connections > 1), []).append(
                    (result[RATE], f"{result[RATE]:,.0f} / s, {label}"))
    yield "send.svg", svg.bars("Raw echo (grey) and sync send of 1 KiB, messages per second", groups)


def write(results, docs):
    """Writes everything; returns what had no figure."""
    figures = Figures(results)
    with open(os.path.join(HERE, "performance.template.md")) as text:
        template = text.read()
    document = re.sub(r"\{\{(\w+)\}\}", lambda match: TEXTS[match.group(1)](figures), template)
    os.makedirs(os.path.join(docs, "performance"), exist_ok=True)
    with open(os.path.join(docs, "performance.md"), "w") as out:
        out.write(document)
    for name, content in plots(figures):
        with open(os.path.join(docs, "performance", name), "w") as out:
            out.write(content)
    return sorted(set(figures.missing))
