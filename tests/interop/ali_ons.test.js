'use strict';

// Promise: ali-ons, a RocketMQ client that nobody here wrote, sends and consumes through our name
// server and broker; counts, bodies and properties match exactly.

const assert = require('node:assert');
const crypto = require('node:crypto');
const { after, before, test } = require('node:test');

const { Cluster } = require('./lib/cluster');
const { Message, close, closeAll, sendOneway, startConsumer, startProducer } = require('./lib/ons');

const MESSAGES = 1000;
let cluster;
let producer;

before(async () => {
  cluster = await Cluster.start();
  producer = await startProducer(cluster, 'interop_producer');
});

after(async () => {
  await closeAll();
  await cluster.stop();
});

/** Sends `count` messages with some in flight at a time; returns the send results in order. */
async function sendMany(count, make) {
  const results = [];
  for (let i = 0; i < count; i += 50) {
    const some = [];
    for (let j = i; j < Math.min(i + 50, count); j++) {
      some.push(producer.send(make(j)));
    }
    results.push(...(await Promise.all(some)));
  }
  return results;
}

const bodies = messages => messages.map(message => message.body.toString()).sort();
const expectedBodies = (count, name) =>
  Array.from({ length: count }, (_, i) => `${name} ${i}`).sort();

test('plain messages come back once each, with keys and properties', async () => {
  cluster.createTopic('Plain');
  const results = await sendMany(MESSAGES, i => {
    const message = new Message('Plain', '*', `plain ${i}`);
    message.keys = [`key-${i}`, 'all'];
    message.properties.index = String(i);
    message.properties.text = 'grün 消息';
    return message;
  });
  assert.ok(results.every(result => result.sendStatus === 'SEND_OK'));
  assert.strictEqual(new Set(results.map(result => result.msgId)).size, MESSAGES);

  const { count } = await startConsumer(cluster, 'plain_group', 'Plain');
  const messages = await count(MESSAGES);
  assert.deepStrictEqual(bodies(messages), expectedBodies(MESSAGES, 'plain'));
  for (const message of messages) {
    const index = message.body.toString().split(' ')[1];
    assert.strictEqual(message.properties.index, index);
    assert.strictEqual(message.properties.text, 'grün 消息');
    assert.strictEqual(message.keys, `key-${index} all`);
    assert.strictEqual(message.topic, 'Plain');
  }
});

test('a tag expression delivers its tags only', async () => {
  cluster.createTopic('Tagged');
  await sendMany(MESSAGES, i => new Message('Tagged', `Tag${i % 4}`, `tagged ${i}`));
  const { count } = await startConsumer(cluster, 'tag_group', 'Tagged', { tags: 'Tag1 || Tag3' });
  const messages = await count(MESSAGES / 2);
  assert.ok(messages.every(message => ['Tag1', 'Tag3'].includes(message.tags)));
  assert.strictEqual(new Set(bodies(messages)).size, MESSAGES / 2);
});

test('messages of one sharding key stay in order', async () => {
  cluster.createTopic('Ordered', 8);
  const keys = ['order-1', 'order-2', 'order-3', 'order-4', 'order-5'];
  for (let i = 0; i < MESSAGES / keys.length; i++) {
    await Promise.all(
      keys.map(key => {
        const message = new Message('Ordered', '*', `${key} ${i}`);
        message.shardingKey = key;
        return producer.send(message);
      }),
    );
  }
  const { count } = await startConsumer(cluster, 'order_group', 'Ordered');
  const messages = await count(MESSAGES);
  assert.strictEqual(new Set(bodies(messages)).size, MESSAGES);
  const queues = new Map();
  for (const message of messages) {
    const queue = queues.get(message.queueId) || [];
    queue.push(message.queueOffset);
    queues.set(message.queueId, queue);
  }
  for (const offsets of queues.values()) {
    assert.deepStrictEqual(offsets, offsets.map((_, i) => i));
  }
});

test('one-way messages arrive', async () => {
  cluster.createTopic('Oneway');
  for (let i = 0; i < MESSAGES; i++) {
    await sendOneway(producer, 'Oneway', `oneway ${i}`);
  }
  const { count } = await startConsumer(cluster, 'oneway_group', 'Oneway');
  assert.deepStrictEqual(bodies(await count(MESSAGES)), expectedBodies(MESSAGES, 'oneway'));
});

test('a compressed body and a body of 2 MiB come back byte for byte', async () => {
  cluster.createTopic('Large');
  const compressible = 'all work and no play '.repeat(10_000);
  const random = crypto.randomBytes(2 * 1024 * 1024);
  await producer.send(new Message('Large', 'text', compressible));
  await producer.send(new Message('Large', 'random', random));
  const { count } = await startConsumer(cluster, 'large_group', 'Large');
  const byTag = new Map((await count(2)).map(message => [message.tags, message.body]));
  assert.strictEqual(byTag.get('text').toString(), compressible);
  assert.ok(byTag.get('random').equals(random));
});

test('a body above the limit is refused, and the connection lives on', async () => {
  cluster.createTopic('TooLarge');
  const body = crypto.randomBytes(4 * 1024 * 1024 + 1);
  await assert.rejects(producer.send(new Message('TooLarge', '*', body)), /13|size|large|illegal/i);
  const result = await producer.send(new Message('TooLarge', '*', 'small'));
  assert.strictEqual(result.sendStatus, 'SEND_OK');
});

test('a message whose handler failed comes again through the retry topic', async () => {
  cluster.createTopic('Retry');
  let failures = 0;
  const { count } = await startConsumer(cluster, 'retry_group', 'Retry', {
    handler: message => {
      if (message.reconsumeTimes === 0) {
        failures++;
        throw new Error('not yet');
      }
    },
  });
  await producer.send(new Message('Retry', 'TagR', 'again please'));
  const [message] = await count(1);
  assert.strictEqual(failures, 1);
  assert.strictEqual(message.body.toString(), 'again please');
  assert.strictEqual(message.reconsumeTimes, 1);
  assert.strictEqual(message.properties.RETRY_TOPIC, 'Retry');
  assert.strictEqual(message.tags, 'TagR');
});

test('two consumers share a group; when one leaves the other takes its queues', async () => {
  cluster.createTopic('Shared', 4);
  const one = await startConsumer(cluster, 'shared_group', 'Shared');
  const two = await startConsumer(cluster, 'shared_group', 'Shared');
  // Both are members once each of them has been given some messages of a steady stream.
  let sent = 0;
  while (one.messages.length === 0 || two.messages.length === 0) {
    assert.ok(sent < 20_000, 'the two consumers never shared the queues');
    await sendMany(20, () => new Message('Shared', '*', `shared ${sent++}`));
  }
  await sendMany(400, () => new Message('Shared', '*', `shared ${sent++}`));
  const all = () => new Set([...bodies(one.messages), ...bodies(two.messages)]).size;
  await Promise.race([one.until(() => all() === sent), two.until(() => all() === sent)]);

  await close(two.consumer);
  await sendMany(400, () => new Message('Shared', '*', `shared ${sent++}`));
  await one.until(() => all() === sent);
  const lastOfOne = new Set(bodies(one.messages));
  for (let i = sent - 400; i < sent; i++) {
    assert.ok(lastOfOne.has(`shared ${i}`), `message ${i} was lost after a member left`);
  }
});

test('ali-ons and the C++ client share one group, in both directions', { timeout: 90_000 }, async () => {
  cluster.createTopic('TopicTest', 4);
  const node = await startConsumer(cluster, 'mixed_group', 'TopicTest');
  const cpp = await cluster.startCppConsumer('mixed_group', 'TopicTest');
  const all = () => new Set([...bodies(node.messages), ...cpp.bodies()]);
  const untilAll = async count => {
    while (all().size < count) {
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  };
  // Both are members once each of them has been given some messages of a steady stream.
  let sent = 0;
  while (node.messages.length === 0 || cpp.bodies().length === 0) {
    assert.ok(sent < 20_000, 'the two clients never shared the queues');
    await sendMany(20, () => new Message('TopicTest', '*', `node ${sent++}`));
  }
  await sendMany(400, () => new Message('TopicTest', '*', `node ${sent++}`));
  cluster.runExample('batch_producer');
  await untilAll(sent + 1000);

  await cpp.stop();
  const before = node.messages.length;
  await sendMany(200, () => new Message('TopicTest', '*', `node ${sent++}`));
  await untilAll(sent + 1000);
  assert.ok(node.messages.length >= before + 200, 'the C++ member left its queues to nobody');

  const next = await cluster.startCppConsumer('mixed_group', 'TopicTest');
  await close(node.consumer);
  cluster.runExample('producer');
  const later = Array.from({ length: 200 }, () => `node ${sent++}`);
  await sendMany(200, i => new Message('TopicTest', '*', later[i]));
  while (!later.every(body => next.bodies().includes(body))) {
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  await next.stop();
});
