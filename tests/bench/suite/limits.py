"""What the machine can do."""

from machine import run_json
from suite import KIB, named


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
