"""The servers under load: our name server and broker, the raw echo, and the peers."""

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import time

from machine import BenchError, Process, free_port, run_json


class Programs:
    """Where everything that was built lies."""

    def __init__(self, build):
        self.broker = os.path.join(build, "bin", "rocketmq-broker")
        self.namesrv = os.path.join(build, "bin", "rocketmq-namesrv")
        self.admin = os.path.join(build, "bin", "rocketmq-admin")
        self.mqbench = os.path.join(build, "bin", "rocketmq-bench")
        self.limits = os.path.join(build, "tests", "bench_limits")
        self.rabbitmq = os.path.join(build, "tests", "peer_rabbitmq")
        self.nats = os.path.join(build, "tests", "peer_nats")
        for program in (self.broker, self.namesrv, self.admin, self.mqbench, self.limits):
            if not os.access(program, os.X_OK):
                raise BenchError(f"{program} is not built; run bin/bench")


class Cluster:
    """A name server and a broker (and a slave, if asked for) in a folder that goes at the end."""

    def __init__(self, programs, folder, settings=None, with_slave=False, wrapper=()):
        self.programs = programs
        self.folder = folder
        self.settings = settings or {}
        self.with_slave = with_slave
        self.wrapper = list(wrapper)
        self.namesrv_addr = f"127.0.0.1:{free_port()}"
        self.processes = []

    def __enter__(self):
        os.makedirs(self.folder)
        try:
            self.start_namesrv()
            self.start_broker()
            if self.with_slave:
                self.slave = self.start_one("slave", 1, free_port(), {"brokerRole": "SLAVE"})
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop()
        self.processes = []
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, program, settings, wrapper=()):
        path = os.path.join(self.folder, f"{name}.conf")
        with open(path, "w") as out:
            out.writelines(f"{key}={value}\n" for key, value in settings.items())
        arguments = list(wrapper) + [program, "-c", path]
        if program == self.programs.broker:
            arguments += ["-n", self.namesrv_addr]
        process = Process(arguments, os.path.join(self.folder, f"{name}.out"),
                          env=dict(os.environ, ROCKETMQ_HOME=self.folder))
        self.processes.append(process)
        process.await_output("boot success", 60)
        return process

    def start_namesrv(self):
        self.start("namesrv", self.programs.namesrv, {
            "listenPort": self.namesrv_addr.split(":")[1], "bindAddress": "127.0.0.1",
            "kvConfigPath": f"{self.folder}/kvConfig.json",
            "configStorePath": f"{self.folder}/namesrv.properties",
            "logDir": f"{self.folder}/logs"})

    def start_one(self, name, broker_id, port, settings):
        return self.start(name, self.programs.broker, {
            "brokerClusterName": "BenchCluster", "brokerName": "bench-broker",
            "brokerId": broker_id, "brokerIP1": "127.0.0.1", "bindAddress": "127.0.0.1",
            "listenPort": port,
            "haListenPort": free_port(), "storePathRootDir": f"{self.folder}/{name}-store",
            "logDir": f"{self.folder}/logs-{name}", "logLevel": "warn", **settings},
            self.wrapper)

    def start_broker(self):
        self.port = free_port()
        self.broker = self.start_one("broker", 0, self.port, self.settings)

    def stop_broker(self):
        self.broker.stop()
        self.processes.remove(self.broker)

    @property
    def store(self):
        return f"{self.folder}/broker-store"

    def create_topic(self, topic, queues=8):
        done = subprocess.run(
            [self.programs.admin, "updateTopic", "-n", self.namesrv_addr, "-c", "BenchCluster",
             "-t", topic, "-r", str(queues), "-w", str(queues)],
            capture_output=True, text=True, timeout=60)
        if "success" not in done.stdout:
            raise BenchError(f"topic {topic}: {done.stdout}{done.stderr}")

    def await_slave(self):
        """Returns once the master counts its slave as in sync."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            status = self.status()
            if re.search(r"haInSyncSlaveCount\s*:\s*1\b", status.stdout):
                return
            time.sleep(0.1)
        raise BenchError(f"the slave is not in sync: {status.stdout[-500:]}{status.stderr}")

    def status(self):
        return subprocess.run(
            [self.programs.admin, "brokerStatus", "-n", self.namesrv_addr, "-b",
             f"127.0.0.1:{self.port}"], capture_output=True, text=True, timeout=60)

    def mqbench(self, command, topic, *options):
        return [self.programs.mqbench, command, "-n", self.namesrv_addr, "-t", topic,
                "--no-progress", "-f", "json", *[str(option) for option in options]]

    def frame_sizes(self, topic, body_bytes):
        """Bytes of a send on the wire and of its answer, each without the length word: tried."""
        fields = {"a": "mqbench", "b": topic, "c": "TBW102", "d": "4", "e": "0", "f": "0",
                  "g": "1700000000000", "h": "0", "i": "", "j": "0", "k": "false", "m": "false"}
        header = json.dumps({"code": 310, "language": "CPP", "version": 399, "opaque": 1000,
                             "flag": 0, "serializeTypeCurrentRPC": "JSON", "extFields": fields},
                            separators=(",", ":")).encode()
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(struct.pack(">II", 4 + len(header) + body_bytes, len(header)) +
                               header + b"b" * body_bytes)
            answer = struct.unpack(">I", connection.recv(4, socket.MSG_WAITALL))[0]
        return 4 + len(header) + body_bytes, answer


class Echo:
    """The raw asio server, with as many I/O threads as the broker has."""

    def __init__(self, programs, folder, answer_bytes):
        self.programs = programs
        threads = min(os.cpu_count() or 1, 4)
        self.process = Process([programs.limits, "echo-server", "--threads", str(threads),
                                "--answer-bytes", str(answer_bytes)],
                               os.path.join(folder, "echo.out"), stdin=subprocess.PIPE)

    def __enter__(self):
        try:
            self.process.await_output("port ")
        except BaseException:
            self.__exit__()
            raise
        self.port = self.process.output().split()[1]
        return self

    def __exit__(self, *_):
        self.process.stop()

    def command(self, *options):
        return [self.programs.limits, "echo", "--port", self.port,
                *[str(option) for option in options]]

    def run(self, *options):
        return run_json(self.command(*options))


class Nats:
    """nats-server with JetStream; what it acknowledges is written, and synced every 2 minutes."""

    name = "NATS JetStream"
    package = "nats-server"
    durability = ("file storage; acknowledged when written to the file, fsync every 2 minutes "
                  "(sync_interval, the default)")
    queues = 1

    def __init__(self, programs, folder):
        self.driver = programs.nats
        self.folder = os.path.join(folder, "nats")
        self.port = free_port()

    @staticmethod
    def missing(programs):
        return not (shutil.which("nats-server") and os.access(programs.nats, os.X_OK))

    def __enter__(self):
        os.makedirs(self.folder)
        self.process = Process(
            ["nats-server", "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", self.folder],
            os.path.join(self.folder, "server.out"))
        self.pid = self.process.pid
        try:
            self.process.await_output("Server is ready")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class RabbitMq:
    """A node of its own: own folder, cookie, ports and epmd, all on loopback."""

    name = "RabbitMQ"
    package = "rabbitmq-server"
    durability = ("durable classic queues, persistent messages, publisher confirms: confirmed "
                  "when written and fsynced, many messages at a time")
    queues = 8
    script = "/usr/lib/rabbitmq/bin/rabbitmq-server"

    def __init__(self, programs, folder):
        self.driver = programs.rabbitmq
        self.folder = os.path.join(folder, "rabbitmq")
        self.port = free_port()

    @staticmethod
    def missing(programs):
        return not (os.access(RabbitMq.script, os.X_OK) and os.access(programs.rabbitmq, os.X_OK))

    def __enter__(self):
        os.makedirs(self.folder)
        epmd_port = str(free_port())
        # Started here: the one that a node starts for itself would stay behind.
        self.epmd = Process(["epmd", "-address", "127.0.0.1", "-port", epmd_port],
                            os.path.join(self.folder, "epmd.out"))
        self.process = Process([self.script], os.path.join(self.folder, "server.out"), env=dict(
            os.environ, HOME=self.folder, ERL_EPMD_PORT=epmd_port, ERL_EPMD_ADDRESS="127.0.0.1",
            RABBITMQ_NODENAME="bench@localhost", RABBITMQ_MNESIA_BASE=f"{self.folder}/mnesia",
            RABBITMQ_LOG_BASE=f"{self.folder}/log", RABBITMQ_NODE_PORT=str(self.port),
            RABBITMQ_NODE_IP_ADDRESS="127.0.0.1", RABBITMQ_DIST_PORT=str(free_port()),
            RABBITMQ_ENABLED_PLUGINS_FILE=f"{self.folder}/plugins",
            RABBITMQ_CONF_ENV_FILE="/dev/null", RABBITMQ_CONFIG_FILE=f"{self.folder}/rabbitmq",
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"))
        try:
            self.process.await_output("completed with", 60)
            self.pid = self.beam_pid()
        except BaseException:
            self.__exit__()
            raise
        return self

    def beam_pid(self):
        """The script runs the virtual machine as its child."""
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat") as text:
                        name, rest = text.read().split("(", 1)[1].rsplit(")", 1)
                except OSError:
                    continue
                if name == "beam.smp" and int(rest.split()[3]) == self.process.pid:
                    return int(entry)
        raise BenchError("RabbitMQ's virtual machine was not found")

    def __exit__(self, *_):
        self.process.stop()
        self.epmd.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
