'use strict';

const http = require('node:http');
const { once } = require('node:events');

const zapier = require('zapier-platform-core');

const app = require('../index.js');

const PATIENCE_MS = 20_000;

/** Runs a part of the app as Zapier does, with its checks of what comes back. */
const run = zapier.createAppTester(app);

/** Everything of a request that a test may look at. */
const received = async (request) => {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  const { method, url, headers } = request;
  return { method, url, headers, body: Buffer.concat(chunks) };
};

/**
 * Listens on a port of its own until the test ends.
 *
 * @param {object} t The test.
 * @param {Function} answer Takes a request as `received` gives it, and the response.
 */
const listening = async (t, answer) => {
  const server = http.createServer(async (request, response) => {
    try {
      await answer(await received(request), response);
    } catch (error) {
      response.destroy(error);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
};

/** Takes posts, and gives their JSON one after another. */
const inbox = async (t) => {
  const posts = [];
  let wake = () => {};
  const url = await listening(t, ({ body }, response) => {
    posts.push(JSON.parse(body));
    wake();
    response.writeHead(204).end();
  });
  const next = async () => {
    const late = AbortSignal.timeout(PATIENCE_MS);
    while (posts.length === 0) {
      await new Promise((resolve, reject) => {
        wake = resolve;
        late.onabort = () => reject(new Error('nothing was posted'));
      });
    }
    return posts.shift();
  };
  return { url: `${url}/hook`, next };
};

/** The error that a part of the app ends with, its text taken out of Zapier's JSON. */
const failure = async (promise) => {
  try {
    await promise;
  } catch (error) {
    const told = error.message;
    const parts = told.startsWith('{') ? JSON.parse(told) : { message: told };
    return { name: error.name, ...parts };
  }
  throw new Error('it should have failed');
};

module.exports = { app, failure, inbox, listening, run };
