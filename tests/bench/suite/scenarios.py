"""What is measured. Each function of a group yields results: dictionaries with a "name" that the
tables look up, and a report's figures."""

import shutil

import consuming
import cost
import growth
import latency
import limits
import peers
import sending


def left_out(group, suite):
    """Results that say why a group is not measured; nothing when it is."""
    if group == "callgrind" and not shutil.which("valgrind"):
        return [{"name": name, "not_measured": "valgrind is not installed"}
                for name in ("callgrind send", "callgrind pull")]
    if group == "profile" and not cost.can_profile():
        return [{"name": f"profile {load} {side}", **cost.NOT_PROFILED}
                for load in cost.LOADS for side in ("broker", "generator")]
    if group == "peers" and not suite.with_peers:
        return [{"name": f"peer {peer.name}", "not_measured": "--no-peers"} for peer in peers.PEERS]
    return []


GROUPS = {
    "limits": limits.limits,
    "send-pairs": sending.send_pairs,
    "send-sizes": sending.send_sizes,
    "send-modes": sending.send_modes,
    "send-callers": sending.send_callers,
    "send-durable": sending.send_durable,
    "send-replicated": sending.send_replicated,
    "send-queues": sending.send_queues,
    "catch-up": consuming.catch_up,
    "tailing": consuming.tailing,
    "latency": latency.latency,
    "callgrind": cost.callgrind,
    "profile": cost.profile,
    "idle": cost.idle,
    "growth": growth.growth,
    "peers": peers.peers,
}
