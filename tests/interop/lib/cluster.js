'use strict';

// A name server and a broker of ours on free loopback ports, with a data folder of their own.

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const programs =
  process.env.ROCKETMQ_PROGRAMS || path.resolve(__dirname, '../../../build/release/bin');

let nextPort = process.pid * 60;

/**
 * A port nobody listens on, below those that the system gives to outgoing connections; the broker
 * also takes the port two below for its VIP channel.
 */
function freePort() {
  nextPort += 3;
  const port = 15000 + (nextPort % 17000);
  return new Promise(resolve => {
    const server = net.createServer();
    server.on('error', () => resolve(freePort()));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });
}

class Daemon {
  constructor(name, args) {
    this.output = '';
    this.child = spawn(path.resolve(programs, name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.exited = new Promise(resolve => this.child.on('exit', resolve));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', chunk => {
        this.output += chunk;
      });
    }
  }

  /** Resolves when the daemon says that it serves; fails with its output when it ends instead. */
  ready(text = 'boot success') {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.output.includes(text)) resolve();
      };
      this.child.stdout.on('data', look);
      this.exited.then(code => reject(new Error(`ended with ${code}: ${this.output}`)));
      look();
    });
  }

  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    await this.exited;
  }
}

class Cluster {
  /** `files` are texts by path below the cluster's folder, which is ROCKETMQ_HOME to all of it. */
  static async start(brokerSettings = {}, files = {}) {
    const cluster = new Cluster();
    cluster.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rocketmq-interop-'));
    for (const [name, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(cluster.folder, name)), { recursive: true });
      fs.writeFileSync(path.join(cluster.folder, name), text);
    }
    const namesrvPort = await freePort();
    const brokerPort = await freePort();
    cluster.namesrvAddr = `127.0.0.1:${namesrvPort}`;
    cluster.brokerAddr = `127.0.0.1:${brokerPort}`;
    cluster.namesrvConf = cluster.writeConf('namesrv.conf', {
      listenPort: namesrvPort,
      bindAddress: '127.0.0.1',
      kvConfigPath: path.join(cluster.folder, 'kvConfig.json'),
      configStorePath: path.join(cluster.folder, 'namesrv.properties'),
      logDir: path.join(cluster.folder, 'logs'),
    });
    cluster.brokerConf = cluster.writeConf('broker.conf', {
      brokerClusterName: 'DefaultCluster',
      brokerName: 'broker-a',
      brokerIP1: '127.0.0.1',
      listenPort: brokerPort,
      namesrvAddr: cluster.namesrvAddr,
      rocketmqHome: cluster.folder,
      storePathRootDir: path.join(cluster.folder, 'store'),
      logDir: path.join(cluster.folder, 'logs'),
      // Retries of a consumer start at level 3; nobody waits ten seconds in a test.
      messageDelayLevel: '1s 1s 1s 1s 2s 2s 3s 3s 4s 4s 5s 5s 6s 6s 7s 7s 8s 8s',
      ...brokerSettings,
    });
    await cluster.startNamesrv();
    await cluster.startBroker();
    return cluster;
  }

  writeConf(name, settings) {
    const file = path.join(this.folder, name);
    fs.writeFileSync(
      file,
      Object.entries(settings)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    );
    return file;
  }

  async startNamesrv() {
    this.namesrv = new Daemon('rocketmq-namesrv', ['-c', this.namesrvConf]);
    await this.namesrv.ready();
  }

  async startBroker() {
    this.broker = new Daemon('rocketmq-broker', ['-c', this.brokerConf]);
    await this.broker.ready();
  }

  admin(...args) {
    return execFileSync(path.join(programs, 'rocketmq-admin'), args, {
      encoding: 'utf8',
      env: { ...process.env, NAMESRV_ADDR: this.namesrvAddr, ROCKETMQ_HOME: this.folder },
    });
  }

  /** Runs a program of the C++ client's examples to its end. */
  runExample(name) {
    return execFileSync(path.join(programs, 'examples', name), [], {
      encoding: 'utf8',
      env: { ...process.env, NAMESRV_ADDR: this.namesrvAddr },
    });
  }

  /** A consumer of the C++ client as a process of its own; what it was given is in `bodies()`. */
  async startCppConsumer(group, topic) {
    const file = path.join(this.folder, `cpp-${group}-${Date.now()}`);
    fs.writeFileSync(file, '');
    const member = new Daemon(
      process.env.ROCKETMQ_CHURN_MEMBER ||
        path.resolve(programs, '../tests/churn_member'),
      [this.namesrvAddr, topic, group, 'concurrent', file],
    );
    await member.ready('started');
    const bodies = () =>
      fs
        .readFileSync(file, 'utf8')
        .split('\n')
        .filter(line => line.startsWith('E '))
        .map(line => line.split(' ').slice(4).join(' '));
    return { bodies, stop: () => member.stop() };
  }

  createTopic(topic, queues = 4) {
    this.admin('updateTopic', '-b', this.brokerAddr, '-t', topic, '-r', String(queues), '-w', String(queues));
  }

  async stop() {
    await this.broker.stop();
    await this.namesrv.stop();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

module.exports = { Cluster };
