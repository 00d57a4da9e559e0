'use strict';

const { randomUUID } = require('node:crypto');

// Zapier gives an action 30 seconds. The gateway holds its answer for 5 of them while
// the room acknowledges; two attempts fit.
const TIMEOUT_MS = 12_000;
const ATTEMPTS = 2;
const DEFAULT_PAUSE_S = 60;

// Who is in the room is nobody's mistake: the run stops and its reason is shown, but
// it does not count among the errors for which Zapier turns a Zap off.
const NO_MISTAKE = new Set([
  'recipient_not_found',
  'recipient_ambiguous',
  'messaging_disabled',
]);
// A proxy in front of the gateway says these when it does not know how things went.
const NO_ANSWER = new Set([502, 504]);

/** A key for one request, the same for its repeats alone. */
const mint = () => `zapier-${randomUUID()}`;

/**
 * Calls the gateway and gives the JSON of its answer.
 *
 * @param {object} z Zapier's tools.
 * @param {object} bundle Holds `authData.base_url` and `authData.api_key`.
 * @param {object} asked `path` beside the base; `method`, GET if left out; `query`, of
 *   which empty members are dropped; `body`; `once`, the Idempotency-Key: with one, a
 *   request that gets no answer is repeated once.
 * @throws What Zapier shows for a refusal: see `refusal`.
 */
const call = async (z, bundle, { method = 'GET', path, query = {}, body, once }) => {
  const base = baseOf(z, bundle);
  const options = {
    url: base + path + queryOf(query),
    method,
    headers: { Accept: 'application/json', 'X-API-Key': keyOf(z, bundle) },
    timeout: TIMEOUT_MS,
    // fetch would make a GET of a POST, and hand the key to whoever it is sent to.
    redirect: 'manual',
    // What a person wrote may have {{braces}} in it, which Zapier would replace.
    merge: false,
    skipThrowForStatus: true,
    throwForThrottlingEarly: false,
  };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers['Content-Type'] = 'application/json; charset=utf-8';
  }
  if (once !== undefined) {
    options.headers['Idempotency-Key'] = once;
  }
  const response = await answered(z, options, once === undefined ? 1 : ATTEMPTS);
  return read(z, response);
};

/** Asks until something answers, or the attempts are used up. */
const answered = async (z, options, attempts) => {
  for (let left = attempts - 1; ; left -= 1) {
    try {
      const response = await z.request({ ...options, headers: { ...options.headers } });
      if (left === 0 || !NO_ANSWER.has(response.status)) {
        return response;
      }
    } catch (error) {
      if (left === 0) {
        throw silence(z, options, error);
      }
    }
  }
};

const silence = (z, { url, method }, error) => {
  const why = error.code || error.type || error.name;
  const unknown = method === 'GET' ? '' : ' Whether it took the request is not known.';
  const text = `The gateway at ${new URL(url).host} did not answer (${why}).${unknown}`;
  return new z.errors.Error(text, 'no_answer');
};

const read = (z, response) => {
  const { status, data } = response;
  const isObject = typeof data === 'object' && data !== null;
  if (status >= 200 && status < 300 && isObject) {
    return data;
  }
  if (isObject && typeof data.code === 'string' && typeof data.detail === 'string') {
    throw refusal(z, data, status, response.getHeader('retry-after'));
  }
  const told = status >= 300 && status < 400 ? 'a redirect' : `status ${status}`;
  const text =
    `The connection's address answered with ${told} and not as the gateway does. ` +
    'Check the address of the gateway.';
  throw new z.errors.Error(text, 'not_the_gateway', status);
};

/**
 * What Zapier is told of a problem (RFC 9457); its text is the problem's own sentence.
 *
 * - 429 and 503 took nothing: Zapier waits as long as the gateway asks, and repeats.
 * - 401: the connection is marked as expired.
 * - Who is present decides: the run is halted, without counting as an error.
 * - Anything else is an error, with the problem's `code`.
 */
const refusal = (z, problem, status, retryAfter) => {
  const { code, detail } = problem;
  if (status === 429 || status === 503) {
    const seconds = Number.parseInt(retryAfter, 10);
    const pause = Number.isNaN(seconds) ? DEFAULT_PAUSE_S : Math.max(seconds, 1);
    return new z.errors.ThrottledError(detail, pause);
  }
  if (status === 401) {
    return new z.errors.ExpiredAuthError(detail);
  }
  if (NO_MISTAKE.has(code)) {
    return new z.errors.HaltedError(detail);
  }
  return new z.errors.Error(detail, code, status);
};

const baseOf = (z, bundle) => {
  const text = String(bundle.authData.base_url ?? '').trim();
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain =
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    url.username + url.password + url.search + url.hash === '';
  if (!isPlain) {
    const wanted = 'https://gateway.example.com, with a path if it has one';
    const told = `The address of the gateway should look like ${wanted}.`;
    throw new z.errors.Error(told, 'bad_address');
  }
  return url.href.replace(/\/+$/, '');
};

const keyOf = (z, bundle) => {
  const key = String(bundle.authData.api_key ?? '').trim();
  if (!/^[\x21-\x7e]+$/.test(key)) {
    const told = 'The API key is missing, or has characters that no key has.';
    throw new z.errors.Error(told, 'bad_key');
  }
  return key;
};

const queryOf = (query) => {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(pairs).toString();
  return text === '' ? '' : `?${text}`;
};

module.exports = { call, mint };
