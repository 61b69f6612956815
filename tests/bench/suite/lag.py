"""How far a slave is behind while messages are sent."""

import json
import re
import socket
import struct
import threading

from machine import BenchError

GET_BROKER_RUNTIME_INFO = 28
PERIOD_S = 0.02


class SlaveLag:
    """Asks the master, from a thread of its own and over one connection, for the bytes of log that
    its slave has not acknowledged, every 20 ms from `with` to its end: `largest` of them."""

    def __init__(self, port):
        self.port = port
        self.largest = None
        self.problem = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        self.thread.join()
        if kind is None and self.problem:
            raise BenchError(f"how far the slave is behind: {self.problem}")

    def run(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
                while True:
                    lag = ask(connection)
                    self.largest = lag if self.largest is None else max(self.largest, lag)
                    if self.ended.wait(PERIOD_S):
                        return
        except (OSError, ValueError, BenchError) as problem:
            self.problem = problem


def ask(connection):
    header = json.dumps({"code": GET_BROKER_RUNTIME_INFO, "language": "CPP", "version": 399,
                         "opaque": 1, "flag": 0, "serializeTypeCurrentRPC": "JSON"}).encode()
    connection.sendall(struct.pack(">II", 4 + len(header), len(header)) + header)
    answer = receive(connection, struct.unpack(">I", receive(connection, 4))[0])
    lag = re.search(rb'"haSlaveLag_[^"]*"\s*:\s*"(\d+)"', answer)
    if not lag:
        raise BenchError(f"no slave is there: {answer[-500:]}")
    return int(lag.group(1))


def receive(connection, size):
    received = b""
    while len(received) < size:
        piece = connection.recv(size - len(received))
        if not piece:
            raise BenchError("the broker has closed the connection")
        received += piece
    return received
