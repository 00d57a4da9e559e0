'use strict';

// What the app makes of answers, from a gateway that answers as each test wants.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { app, failure, listening, run } = require('./support.js');

const KEY = 'mgw_0123456789abcdef';

const bundleFor = (base_url, inputData = {}) => ({
  authData: { base_url, api_key: KEY },
  inputData,
});

const sending = (url) => run(app.creates.send.operation.perform, bundleFor(url, ALICE));

const ALICE = { to: 'alice', text: 'hi' };

const json = (response, status, body, headers = {}) => {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'Content-Type': type, ...headers });
  response.end(JSON.stringify(body));
};

const problem = (status, code, detail) => ({ status, code, detail, title: 'It failed' });

for (const status of [429, 503]) {
  test(`${status} has Zapier wait as long as the gateway asks`, async (t) => {
    const told = problem(status, 'queue_full', 'The room lobby has too much to say.');
    const url = await listening(t, (request, response) =>
      json(response, status, told, { 'Retry-After': '7' }),
    );

    const error = await failure(sending(url));

    assert.equal(error.name, 'ThrottledError');
    assert.equal(error.message, 'The room lobby has too much to say.');
    assert.equal(error.delay, 7);
  });
}

test('a pause that is no number of seconds is a minute', async (t) => {
  const told = problem(503, 'shutting_down', 'It is stopping.');
  const url = await listening(t, (request, response) =>
    json(response, 503, told, { 'Retry-After': 'Thu, 31 Jan 2030 12:00:00 GMT' }),
  );

  const error = await failure(sending(url));

  assert.equal(error.delay, 60);
});

test('what a proxy refuses is no promise that nothing was said', async (t) => {
  const url = await listening(t, (request, response) => {
    response.writeHead(503, { 'Content-Type': 'text/html', 'Retry-After': '1' });
    response.end('<h1>Busy</h1>');
  });

  const error = await failure(sending(url));

  assert.equal(error.name, 'AppError');
  assert.match(error.message, /answered with status 503 and not as the gateway does/);
});

test('any other problem is an error with its sentence and code', async (t) => {
  const told = problem(422, 'reserved_type', 'The type dismiss is reserved.');
  const url = await listening(t, (request, response) => json(response, 422, told));

  const error = await failure(sending(url));

  assert.deepEqual(error, {
    name: 'AppError',
    message: 'The type dismiss is reserved.',
    code: 'reserved_type',
    status: 422,
  });
});

test('a key that is refused later marks the connection as expired', async (t) => {
  const told = problem(401, 'unauthenticated', 'This key is not known.');
  const url = await listening(t, (request, response) => json(response, 401, told));

  const error = await failure(sending(url));

  assert.equal(error.name, 'ExpiredAuthError');
  assert.match(error.message, /This key is not known/);
});

test('a redirect is not followed: the key would go along', async (t) => {
  const seen = [];
  const elsewhere = await listening(t, (request, response) => {
    seen.push(request);
    json(response, 200, {});
  });
  const url = await listening(t, (request, response) => {
    response.writeHead(307, { Location: `${elsewhere}/me` }).end();
  });

  const error = await failure(run(app.authentication.test, bundleFor(url)));

  assert.match(error.message, /answered with a redirect/);
  assert.deepEqual(seen, []);
});

test('a page that is not the gateway is told from it', async (t) => {
  const url = await listening(t, (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Hello</h1>');
  });

  const error = await failure(run(app.authentication.test, bundleFor(url)));

  assert.match(error.message, /not as the gateway does/);
});

for (const address of [
  '',
  'gateway.example.com',
  'ftp://gateway.example.com',
  'https://user:word@gateway.example.com',
  'https://gateway.example.com/?room=lobby',
]) {
  test(`"${address}" is no address of a gateway`, async () => {
    const error = await failure(run(app.authentication.test, bundleFor(address)));

    assert.match(error.message, /^The address of the gateway should look like/);
  });
}

test('an address may have a path, and a slash behind it', async (t) => {
  const seen = [];
  const url = await listening(t, (request, response) => {
    seen.push(request.url);
    json(response, 200, { rooms: ['lobby'] });
  });

  const me = await run(app.authentication.test, bundleFor(`${url}/chat/bridge/ `));

  assert.deepEqual(seen, ['/chat/bridge/me']);
  assert.equal(me.label, `lobby at ${new URL(url).host}`);
});

test('a request without an answer is repeated once, with the same key', async (t) => {
  const keys = [];
  const url = await listening(t, (request, response) => {
    keys.push(request.headers['idempotency-key']);
    if (keys.length === 1) {
      response.destroy();
    } else {
      json(response, 202, { id: 'msg_1', status: 'queued' });
    }
  });

  const receipt = await sending(url);

  assert.equal(receipt.id, 'msg_1');
  assert.match(keys[0], /^zapier-[\x21-\x7e]{36}$/);
  assert.deepEqual(keys, [keys[0], keys[0]]);
});

test('a gateway behind a proxy that lost it is asked once more', async (t) => {
  let count = 0;
  const url = await listening(t, (request, response) => {
    count += 1;
    response.writeHead(502).end();
  });

  const error = await failure(sending(url));

  assert.equal(count, 2);
  assert.match(error.message, /answered with status 502/);
});

test('a gateway that cannot be reached is an error that says so', async (t) => {
  const url = await listening(t, (request, response) => response.destroy());

  const error = await failure(sending(url));

  assert.match(error.message, /did not answer .* Whether it took .* is not known/);
});

test('a message that was given up is no success', async (t) => {
  const receipt = { id: 'msg_1', status: 'expired' };
  const url = await listening(t, (request, response) => json(response, 200, receipt));

  const error = await failure(sending(url));

  assert.equal(error.message, 'Nobody got the message: msg_1 is expired.');
});

test('one run has one key, and the next run another', async (t) => {
  const keys = [];
  const url = await listening(t, (request, response) => {
    keys.push(request.headers['idempotency-key']);
    json(response, 200, { id: 'msg_1', status: 'sent' });
  });

  await sending(url);
  await sending(url);

  assert.equal(new Set(keys).size, 2);
});

test('"Say once per" makes the key of what is said, where, and by which Zap', async (t) => {
  const keys = [];
  const url = await listening(t, (request, response) => {
    keys.push(request.headers['idempotency-key']);
    json(response, 200, { id: 'msg_1', status: 'sent' });
  });
  const { send, broadcast } = app.creates;
  const say = (create, inputData, zap = 'zap-1') =>
    run(create.operation.perform, {
      ...bundleFor(url, inputData),
      meta: { zap: { id: zap } },
    });
  const once = 'evt_1';

  await say(send, { ...ALICE, once });
  await say(send, { ...ALICE, once });
  await say(send, { ...ALICE, once: 'evt_2' });
  await say(send, { ...ALICE, text: 'żółć', once });
  await say(send, { ...ALICE, text: '|ółć', once });
  await say(send, { ...ALICE, once }, 'zap-2');
  await say(broadcast, { text: 'hi', once });

  assert.equal(keys[0], keys[1]);
  assert.equal(new Set(keys).size, 6);
});

test('the API key is in no log and in no address', async (t) => {
  const lines = [];
  t.mock.method(console, 'log', (line) => lines.push(String(line)));
  process.env.LOG_TO_STDOUT = process.env.DETAILED_LOG_TO_STDOUT = 'true';
  t.after(() => {
    delete process.env.LOG_TO_STDOUT;
    delete process.env.DETAILED_LOG_TO_STDOUT;
  });
  const urls = [];
  const url = await listening(t, (request, response) => {
    urls.push(request.url);
    json(response, 200, { id: 'msg_1', key: request.headers['x-api-key'] });
  });

  await sending(url);

  const log = lines.join('\n');
  assert.match(log, /POST .*\/send/);
  assert.doesNotMatch(log, new RegExp(KEY));
  assert.deepEqual(urls, ['/send']);
});

for (const [inputData, expected] of [
  [{ to: 'alice' }, /^Fill in one of Text and JSON\.$/],
  [{ to: 'alice', text: 'hi', json: '{}' }, /^Fill in one of Text and JSON\.$/],
  [{ to: 'alice', json: '{"text": ' }, /^JSON cannot be read: /],
  [{ to: 'alice', json: '["hi"]' }, /^JSON should be an object/],
]) {
  test(`${JSON.stringify(inputData)} is refused before anything is sent`, async (t) => {
    const seen = [];
    const url = await listening(t, (request) => seen.push(request));
    const bundle = bundleFor(url, inputData);

    const error = await failure(run(app.creates.send.operation.perform, bundle));

    assert.match(error.message, expected);
    assert.deepEqual(seen, []);
  });
}

test('a reply needs a message', async () => {
  const bundle = bundleFor('http://127.0.0.1:9', { message_id: ' ', text: 'hi' });

  const error = await failure(run(app.creates.reply.operation.perform, bundle));

  assert.equal(error.message, 'There is no Message ID to reply to.');
});

test('what is no event triggers nothing', async () => {
  const bundle = { cleanedRequest: { hello: 'there' } };

  const error = await failure(run(app.triggers.message.operation.perform, bundle));

  assert.equal(error.name, 'HaltedError');
});
