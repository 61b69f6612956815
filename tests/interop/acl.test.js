'use strict';

// Promise: ali-ons, a RocketMQ client that nobody here wrote, works with a broker whose ACL is on as
// soon as it has an access key and its secret key, and is refused without them.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { Cluster } = require('./lib/cluster');
const { Message, close, closeAll, sendOnce, startConsumer, startProducer } = require('./lib/ons');

const MESSAGES = 200;
const keys = { accessKeyId: 'application', accessKeySecret: 'secret-of-application' };
const files = {
  'conf/plain_acl.yml': `
accounts:
  - accessKey: administrator
    secretKey: secret-of-administrator
    admin: true
  - accessKey: application
    secretKey: secret-of-application
    topicPerms: [Mine=PUB|SUB, Theirs=DENY]
    groupPerms: [mine_group=SUB]
`,
  'conf/tools.yml': 'accessKey: administrator\nsecretKey: secret-of-administrator\n',
};
let cluster;

before(async () => {
  cluster = await Cluster.start({ aclEnable: true }, files);
  cluster.createTopic('Mine');
  cluster.createTopic('Theirs');
});

after(async () => {
  await closeAll();
  await cluster.stop();
});

test('messages go both ways, and come again through the retry topic', async () => {
  const producer = await startProducer(cluster, 'acl_producer', keys);
  for (let i = 0; i < MESSAGES; i++) {
    const result = await producer.send(new Message('Mine', '*', `mine ${i}`));
    assert.strictEqual(result.sendStatus, 'SEND_OK');
  }
  let failures = 0;
  const { count } = await startConsumer(cluster, 'mine_group', 'Mine', {
    ...keys,
    handler: message => {
      if (message.body.toString() === 'mine 7' && message.reconsumeTimes === 0) {
        failures++;
        throw new Error('not yet');
      }
    },
  });
  const bodies = (await count(MESSAGES)).map(message => message.body.toString());
  assert.strictEqual(new Set(bodies).size, MESSAGES);
  assert.strictEqual(failures, 1);
});

test('what the account may not do is refused, and the error says why', async () => {
  const producer = await startProducer(cluster, 'acl_producer', keys);
  await assert.rejects(
    sendOnce(producer, new Message('Theirs', '*', 'theirs')),
    /No permission for topic Theirs/,
  );
});

test('wrong and missing keys are refused', async () => {
  const wrong = await startProducer(cluster, 'wrong_producer', {
    ...keys,
    accessKeySecret: 'secret-of-a-stranger',
  });
  await assert.rejects(
    sendOnce(wrong, new Message('Mine', '*', 'wrong')),
    /Check signature failed for accessKey=application/,
  );
  const nobody = await startProducer(cluster, 'nobody_producer');
  await assert.rejects(
    sendOnce(nobody, new Message('Mine', '*', 'nobody')),
    /No accessKey is configured/,
  );
  // Not even their farewell is accepted.
  await assert.rejects(close(wrong), /Check signature failed/);
  await assert.rejects(close(nobody), /No accessKey is configured/);
  // Which ends the close of ali-ons half-way, with what it does from time to time still going on.
  await wrong._mqClient.close();
  await nobody._mqClient.close();
  const log = fs.readFileSync(path.join(cluster.folder, 'logs/broker.log'), 'utf8');
  assert.match(log, /ACL: /);
  assert.doesNotMatch(log, /secret-of/);
});
