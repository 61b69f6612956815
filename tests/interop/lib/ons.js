'use strict';

// The ali-ons client as an application would use it, plus a way to wait for messages.

const ons = require('ali-ons');
const RemotingCommand = require('ali-ons/lib/protocol/command/remoting_command');
const RequestCode = require('ali-ons/lib/protocol/request_code');
const MessageDecoder = require('ali-ons/lib/message/message_decoder');
const MQProducer = require('ali-ons/lib/producer/mq_producer');

const silent = { info() {}, warn() {}, error() {}, debug() {} };
const opened = [];
let instances = 0;

function commonOptions(cluster) {
  return {
    httpclient: {},
    nameSrv: cluster.namesrvAddr,
    clientIP: '127.0.0.1',
    // One client instance each, as if every producer and consumer were a process of its own.
    instanceName: `${process.pid}-${++instances}`,
    logger: silent,
    rebalanceInterval: 300,
    pollNameServerInteval: 500,
    heartbeatBrokerInterval: 1000,
  };
}

async function startProducer(cluster, group, options = {}) {
  const producer = new ons.Producer({ ...commonOptions(cluster), producerGroup: group, ...options });
  producer.on('error', () => {});
  await producer.ready();
  opened.push(producer);
  return producer;
}

/** A consumer that keeps what its handler was given in `messages`. */
async function startConsumer(cluster, group, topic, { tags = '*', handler = () => {}, ...options } = {}) {
  const consumer = new ons.Consumer({
    ...commonOptions(cluster),
    consumerGroup: group,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    ...options,
  });
  const messages = [];
  const waiters = [];
  consumer.on('error', () => {});
  consumer.subscribe(topic, tags, async message => {
    await handler(message);
    messages.push(message);
    waiters.forEach(waiter => waiter());
  });
  await consumer.ready();
  opened.push(consumer);

  /** Resolves when `done(messages)` holds; fails after a minute, telling how far it came. */
  const until = done =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`after 60 s only ${messages.length} messages of ${topic}`)),
        60_000,
      );
      const look = () => {
        if (done(messages)) {
          clearTimeout(timer);
          resolve(messages);
        }
      };
      waiters.push(look);
      look();
    });
  return { consumer, messages, until, count: n => until(list => list.length >= n) };
}

/** What ali-ons has no public call for: a send whose frame has the one-way flag. */
async function sendOneway(producer, topic, body) {
  const publish = await producer.tryToFindTopicPublishInfo(topic);
  const queue = publish.selectOneMessageQueue();
  const address = producer._mqClient.findBrokerAddressInPublish(queue.brokerName);
  const header = {
    a: producer.producerGroup,
    b: topic,
    c: producer.createTopicKey,
    d: producer.defaultTopicQueueNums,
    e: queue.queueId,
    f: 0,
    g: Date.now(),
    h: 0,
    i: MessageDecoder.messageProperties2String({ KEYS: 'oneway' }),
    j: 0,
    k: false,
  };
  const request = RemotingCommand.createRequestCommand(RequestCode.SEND_MESSAGE_V2, header);
  request.body = Buffer.from(body);
  await producer._mqClient.invokeOneway(address, request);
}

/** A send without the client's retries, whose error hides what the broker said. */
async function sendOnce(producer, message) {
  const publish = await producer.tryToFindTopicPublishInfo(message.topic);
  return producer.sendKernelImpl(message, publish.selectOneMessageQueue());
}

async function close(client) {
  const index = opened.indexOf(client);
  if (index >= 0) {
    opened.splice(index, 1);
    await client.close();
  }
}

/** Closes every client, also the one that ali-ons opens for itself, so that the process can end. */
async function closeAll() {
  for (const client of [...opened]) {
    await close(client);
  }
  if (MQProducer.defaultProducer) {
    await MQProducer.defaultProducer.close();
    MQProducer.defaultProducer = undefined;
  }
}

module.exports = {
  Message: ons.Message,
  startProducer,
  startConsumer,
  sendOnce,
  sendOneway,
  close,
  closeAll,
};
