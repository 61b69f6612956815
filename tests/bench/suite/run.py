"""The suite behind bin/bench: measures, writes results as JSON lines, then the document."""

import argparse
import fnmatch
import json
import os
import platform
import subprocess
import sys
import tempfile
import time

import render
import scenarios
import servers
from machine import BenchError, raise_open_files_limit
from suite import Scale, Suite


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bin/bench", description=(
        "Measures broker, machine and peers in one run, and writes docs/performance.md."))
    parser.add_argument("--build", default="build/release", help="folder of the built programs")
    parser.add_argument("--only", metavar="PATTERN", default="*",
                        help="groups to measure, for instance 'send-*': " +
                        ", ".join(scenarios.GROUPS) + "; the document is not written")
    parser.add_argument("--quick", action="store_true",
                        help="a smoke run: everything once and short; its figures mean nothing")
    parser.add_argument("--no-peers", action="store_true", help="without the peers")
    parser.add_argument("--out", default="build/bench", help="folder of results.jsonl")
    parser.add_argument("--docs", default="docs",
                        help="folder of performance.md and performance/*.svg")
    return parser.parse_args()


def describe_machine():
    with open("/proc/cpuinfo") as text:
        models = [line.split(":", 1)[1].strip() for line in text if line.startswith("model name")]
    with open("/proc/meminfo") as text:
        memory_kib = int(text.readline().split()[1])
    return {"name": "machine", "cores": os.cpu_count(), "cpu": models[0] if models else "unknown",
            "memory_gib": round(memory_kib / 1048576, 1), "kernel": platform.release(),
            "load_at_start": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d")}


def measure_group(name, suite, record):
    """Records the results of one group and says what went wrong. What could not be measured ends
    its group alone; a figure of a load that partly failed is kept, and named."""
    started = time.monotonic()
    print(f"== {name}", flush=True)
    failures = []
    try:
        for result in scenarios.left_out(name, suite) or scenarios.GROUPS[name](suite):
            record(result)
            if result.get("failures"):
                failures.append(f"{result['name']}: {result['failures']} failed")
    except (BenchError, OSError, KeyError, ZeroDivisionError,
            subprocess.SubprocessError) as error:
        failures.append(f"{name}: {type(error).__name__}: {error}")
        print(f"   FAILED {failures[-1]}", flush=True)
    print(f"   {time.monotonic() - started:.0f} s", flush=True)
    return failures


def measure(arguments, groups, out_path):
    results = []
    machine = describe_machine()
    with tempfile.TemporaryDirectory(prefix="data-", dir=arguments.out) as folder, \
            open(out_path, "w") as out:
        suite = Suite(servers.Programs(arguments.build), os.path.abspath(folder),
                      Scale(arguments.quick), not arguments.no_peers)

        def record(result):
            results.append(result)
            out.write(json.dumps(result) + "\n")
            out.flush()
            print("   " + render.one_line(result), flush=True)

        started = time.monotonic()
        record(machine)
        failures = [failure for name in groups for failure in measure_group(name, suite, record)]
        record({"name": "run", "seconds": round(time.monotonic() - started),
                "quick": arguments.quick, "failures": failures})
    return results, failures


def main():
    arguments = parse_arguments()
    raise_open_files_limit()
    groups = [name for name in scenarios.GROUPS if fnmatch.fnmatch(name, arguments.only)]
    if not groups:
        print(f"--only {arguments.only} matches none of: {', '.join(scenarios.GROUPS)}",
              file=sys.stderr)
        return 1
    os.makedirs(arguments.out, exist_ok=True)
    out_path = os.path.join(arguments.out, "results.jsonl")
    try:
        results, failures = measure(arguments, groups, out_path)
    except BenchError as failure:
        print(f"bin/bench: {failure}", file=sys.stderr)
        return 1
    print(f"results: {out_path}")
    if arguments.only == "*":
        missing = render.write(results, arguments.docs)
        print(f"document: {os.path.join(arguments.docs, 'performance.md')}")
        if missing:
            print("without a figure: " + ", ".join(missing), file=sys.stderr)
            failures += missing
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
