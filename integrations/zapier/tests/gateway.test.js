'use strict';

// The app against a running gateway. `GATEWAY_URL` and `GATEWAY_API_KEY` say where it
// is; behind `ROOM_URL` stands a room with people in it who do what they are told.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { app, failure, inbox, listening, run } = require('./support.js');

const { GATEWAY_URL, GATEWAY_API_KEY, ROOM_URL } = process.env;
const skip = GATEWAY_URL === undefined && 'GATEWAY_URL is not set';
const ROOM = 'lobby';

const bundle = (inputData = {}, more = {}) => ({
  authData: { base_url: GATEWAY_URL, api_key: GATEWAY_API_KEY },
  inputData,
  ...more,
});

const does = (part, ...rest) => run(part.operation.perform, bundle(...rest));

/** Asks the room for something: `join`, `leave`, `say` or `heard`. */
const room = async (what, asked) => {
  const body = JSON.stringify(asked);
  const response = await fetch(`${ROOM_URL}/${what}`, { method: 'POST', body });
  assert.equal(response.status, 200, `${what}: ${await response.clone().text()}`);
  return response.json();
};

/** Somebody who is in the room, and known to the gateway, until the test ends. */
const joined = async (t, name) => {
  await room('join', { name });
  t.after(() => room('leave', { name }));
  return {
    says: (message, type = 'chat') => room('say', { name, type, message }),
    hears: () => room('heard', { name }),
  };
};

/** The gateway's webhooks at an address, asked for without the app. */
const webhooksAt = async (url) => {
  const query = new URLSearchParams({ target_url: url });
  const headers = { 'X-API-Key': GATEWAY_API_KEY };
  const response = await fetch(`${GATEWAY_URL}/webhooks?${query}`, { headers });
  const { webhooks } = await response.json();
  return webhooks;
};

/** A trigger that is switched on, until the test ends. */
const subscribed = async (t, { operation }, inputData = {}) => {
  const hook = await inbox(t);
  const target = { targetUrl: hook.url };
  const subscribeData = await run(operation.performSubscribe, bundle(inputData, target));
  const off = () => run(operation.performUnsubscribe, bundle({}, { subscribeData }));
  t.after(off);
  return { ...hook, off, subscribeData };
};

/** What a trigger makes of a post. */
const triggered = ({ operation }, post) =>
  run(operation.perform, bundle({}, { cleanedRequest: post }));

test('the connection is named after the room', { skip }, async () => {
  const me = await run(app.authentication.test, bundle());

  assert.equal(me.label, `${ROOM} at ${new URL(GATEWAY_URL).host}`);
});

test('a wrong key is told in the words of the gateway', { skip }, async () => {
  const wrong = bundle();
  wrong.authData.api_key = 'mgw_wrong';

  const error = await failure(run(app.authentication.test, wrong));

  assert.deepEqual([error.name, error.status], ['AppError', 401]);
  assert.match(error.message, /key/i);
});

test('what is said in the room triggers a Zap', { skip }, async (t) => {
  const { message } = app.triggers;
  const alice = await joined(t, 'alice');
  const hook = await subscribed(t, message);

  await alice.says({ text: 'déjà vu 🦊' });
  const [item] = await triggered(message, await hook.next());

  assert.deepEqual(Object.keys(item).sort(), Object.keys(message.operation.sample).sort());
  assert.deepEqual(
    [item.event, item.room, item.type, item.text, item.from_name],
    ['message.received', ROOM, 'chat', 'déjà vu 🦊', 'alice'],
  );
});

test('a trigger hears what it was asked for alone', { skip }, async (t) => {
  const alice = await joined(t, 'alice');
  const bob = await joined(t, 'bob');
  const wanted = { types: ['order', ' '], from: 'alice', room: ROOM };
  const hook = await subscribed(t, app.triggers.message, wanted);

  await alice.says({ n: 1 });
  await bob.says({ n: 2 }, 'order');
  await alice.says({ n: 3 }, 'order');

  assert.deepEqual((await hook.next()).message, { n: 3 });
});

test('subscribing again leaves one webhook, unsubscribing none', { skip }, async (t) => {
  const { performSubscribe } = app.triggers.message.operation;
  const hook = await subscribed(t, app.triggers.message);

  const again = await run(performSubscribe, bundle({}, { targetUrl: hook.url }));
  const left = await webhooksAt(hook.url);
  hook.subscribeData.id = again.id;
  await hook.off();
  const twice = await hook.off();

  assert.deepEqual(Object.keys(again), ['id']);
  assert.deepEqual(left.map(({ id }) => id), [again.id]);
  assert.deepEqual(await webhooksAt(hook.url), []);
  assert.deepEqual(twice, { id: again.id });
});

test('the editor shows the latest messages, newest first', { skip }, async (t) => {
  const { message } = app.triggers;
  const carol = await joined(t, 'carol');
  const hook = await subscribed(t, message, { from: ['carol'] });
  await carol.says({ text: 'first' }, 'note');
  await carol.says({ text: 'second' }, 'note');
  const posts = [await hook.next(), await hook.next()];

  const asked = bundle({ types: ['note'], from: ['carol'], room: ROOM });
  const items = await run(message.operation.performList, asked);

  assert.deepEqual(items.map(({ text }) => text), ['second', 'first']);
  assert.deepEqual(
    items.map(({ id }) => id).sort(),
    posts.map(({ id }) => id).sort(),
  );
});

test('whoever joins triggers a Zap', { skip }, async (t) => {
  const trigger = app.triggers.joined;
  const hook = await subscribed(t, trigger, { room: ROOM });

  await joined(t, 'dave');
  const [item] = await triggered(trigger, await hook.next());
  const samples = await run(trigger.operation.performList, bundle());

  assert.deepEqual([item.event, item.from_name], ['participant.joined', 'dave']);
  assert.equal(item.message.participant.id, item.from_id);
  for (const sample of samples) {
    assert.deepEqual(Object.keys(sample).sort(), Object.keys(item).sort());
  }
  assert.ok(samples.length > 0);
});

test('the drop-downs have each name and each room once', { skip }, async (t) => {
  await joined(t, 'alice');

  const people = await does(app.triggers.participants, { room: ROOM });
  const rooms = await does(app.triggers.rooms);

  const found = people.filter(({ name }) => name === 'alice');
  assert.deepEqual(found.map(({ label }) => label), ['alice (user)']);
  assert.deepEqual(rooms.map(({ id, name }) => [id, name]), [[ROOM, ROOM]]);
});

test('a message reaches its recipient as it was written', { skip }, async (t) => {
  const alice = await joined(t, 'alice');
  const text = '{{bundle.authData.api_key}} {{x}} żółć\n ';

  const receipt = await does(app.creates.send, { to: 'alice', text });
  const heard = await alice.hears();

  assert.deepEqual([receipt.status, receipt.recipients[0].name], ['sent', 'alice']);
  assert.deepEqual([heard.type, heard.message], ['chat', { text }]);
});

test('JSON, type and every choice go along', { skip }, async (t) => {
  const alice = await joined(t, 'alice');
  const message = { deep: [1, { a: '' }, null, {}] };

  const receipt = await does(app.creates.send, {
    to: ' alice',
    text: '',
    json: JSON.stringify(message),
    type: 'order',
    ttl: 0,
    match: 'all',
    await_recipient: false,
    room: ROOM,
    once: '',
  });
  const heard = await alice.hears();

  assert.equal(receipt.status, 'sent');
  assert.deepEqual([heard.type, heard.message], ['order', message]);
});

test('nobody of that name halts the run, in a sentence', { skip }, async (t) => {
  await joined(t, 'alice');

  const error = await failure(does(app.creates.send, { to: 'alise', text: 'hi' }));

  assert.equal(error.name, 'HaltedError');
  assert.match(error.message, /alise/);
});

test('a message can wait for its recipient', { skip }, async (t) => {
  const asked = { to: 'erin', text: 'welcome', await_recipient: true };

  const receipt = await does(app.creates.send, asked);
  const erin = await joined(t, 'erin');
  const heard = await erin.hears();

  assert.deepEqual([receipt.status, receipt.waiting_for], ['queued', 'recipient']);
  assert.deepEqual(heard.message, { text: 'welcome' });
});

test('a replayed run says nothing twice', { skip }, async (t) => {
  const alice = await joined(t, 'alice');
  const asked = { to: 'alice', text: 'once', once: 'evt_01J9ZC3V7M5E8Q2W4R6T8Y0ABC' };

  const first = await does(app.creates.send, asked);
  const second = await does(app.creates.send, asked);
  await does(app.creates.send, { to: 'alice', text: 'and then' });

  assert.equal(second.id, first.id);
  assert.deepEqual((await alice.hears()).message, { text: 'once' });
  assert.deepEqual((await alice.hears()).message, { text: 'and then' });
});

test('an answer that was lost on its way says nothing twice', { skip }, async (t) => {
  const alice = await joined(t, 'alice');
  const taken = [];
  const url = await listening(t, async (request, response) => {
    const { method, headers, body } = request;
    const kept = ['content-type', 'x-api-key', 'idempotency-key'];
    const forwarded = Object.fromEntries(kept.map((name) => [name, headers[name]]));
    const options = { method, headers: forwarded, body };
    const answer = await fetch(GATEWAY_URL + request.url, options);
    taken.push((await answer.clone().json()).id);
    if (taken.length === 1) {
      response.destroy();
    } else {
      response.writeHead(answer.status, { 'Content-Type': 'application/json' });
      response.end(await answer.text());
    }
  });
  const asked = bundle({ to: 'alice', text: 'lost' });
  asked.authData.base_url = url;

  const receipt = await run(app.creates.send.operation.perform, asked);
  await does(app.creates.send, { to: 'alice', text: 'and found' });

  assert.deepEqual(taken, [receipt.id, receipt.id]);
  assert.deepEqual((await alice.hears()).message, { text: 'lost' });
  assert.deepEqual((await alice.hears()).message, { text: 'and found' });
});

test('a broadcast reaches everybody', { skip }, async (t) => {
  const people = [await joined(t, 'alice'), await joined(t, 'bob')];

  const receipt = await does(app.creates.broadcast, { text: 'all', type: 'news' });
  const heard = await Promise.all(people.map(({ hears }) => hears()));

  assert.deepEqual([receipt.status, receipt.present >= 2], ['sent', true]);
  for (const { type, message } of heard) {
    assert.deepEqual([type, message], ['news', { text: 'all' }]);
  }
});

test('a reply reaches whoever said the message', { skip }, async (t) => {
  const { message } = app.triggers;
  const alice = await joined(t, 'alice');
  const hook = await subscribed(t, message);
  await alice.says({ text: 'how much?' });
  const [{ message_id, id: once }] = await triggered(message, await hook.next());

  const asked = { message_id, text: 'a lot', once };
  const first = await does(app.creates.reply, asked);
  const second = await does(app.creates.reply, asked);
  await does(app.creates.reply, { message_id, text: 'really' });

  assert.equal(second.id, first.id);
  assert.deepEqual((await alice.hears()).message, { text: 'a lot' });
  assert.deepEqual((await alice.hears()).message, { text: 'really' });
});

test('a reply to no message is an error in a sentence', { skip }, async () => {
  const asked = { message_id: 'msg_00000000000000000000000000', text: 'hi' };

  const error = await failure(does(app.creates.reply, asked));

  assert.deepEqual([error.name, error.code], ['AppError', 'not_found']);
});
