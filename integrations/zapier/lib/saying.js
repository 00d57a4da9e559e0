'use strict';

const { createHash } = require('node:crypto');

const { call, mint } = require('./gateway');
const { given } = require('./given');

const ROOM = {
  key: 'room',
  label: 'Room',
  type: 'string',
  dynamic: 'rooms.id.name',
  helpText: 'Needed only if the gateway is in several rooms.',
};

/** What every message can have, whoever it is for. */
const FIELDS = [
  {
    key: 'text',
    label: 'Text',
    type: 'text',
    helpText: 'What to say. Either this or *JSON* is needed.',
  },
  {
    key: 'json',
    label: 'JSON',
    type: 'code',
    placeholder: '{"text": "hello", "urgent": true}',
    helpText: 'An object to send in place of *Text*, for whoever reads more than text.',
  },
  {
    key: 'type',
    label: 'Message type',
    type: 'string',
    placeholder: 'chat',
    helpText: 'What kind of message it is, for whoever receives it; `chat` if empty.',
  },
  {
    key: 'ttl',
    label: 'Hold for (seconds)',
    type: 'integer',
    helpText:
      'How long the gateway holds it while the room is away, up to a day. 0: not at ' +
      'all. Empty: as the gateway is set, 300 if nobody changed it.',
  },
];

const ONCE = {
  key: 'once',
  label: 'Say once per',
  type: 'string',
  helpText:
    'Map something that is the same when a run is replayed and differs between runs, ' +
    "for example the trigger's ID. The same message is then said once for it within " +
    '24 hours, however often the run is replayed. Empty: every run says it.',
};

// What a replay may find of a message that was taken long ago.
const GIVEN_UP = new Set(['failed', 'expired', 'cancelled']);

const OUTPUT = [
  { key: 'id', label: 'Message ID', type: 'string' },
  { key: 'status', label: 'Status', type: 'string' },
  { key: 'waiting_for', label: 'Waiting for', type: 'string' },
  { key: 'room', label: 'Room', type: 'string' },
  { key: 'type', label: 'Message type', type: 'string' },
  { key: 'created_at', label: 'Created at', type: 'datetime' },
  { key: 'expires_at', label: 'Expires at', type: 'datetime' },
];

const SAMPLE = {
  id: 'msg_01J9ZC3V7M5E8Q2W4R6T8Y0ABC',
  status: 'sent',
  waiting_for: null,
  room: 'lobby',
  type: 'chat',
  ref: null,
  recipients: [
    {
      name: 'alice',
      participant_id: '6f0c3a52-6e0f-4f6b-9d0e-2b8f5a1c7d34',
      status: 'sent',
      attempts: 1,
    },
  ],
  created_at: '2030-01-31T12:00:00.000Z',
  expires_at: '2030-01-31T12:05:00.000Z',
  next_retry_at: null,
};

/**
 * The part of a body that says what is said.
 *
 * @throws If there is neither text nor JSON, or both, or the JSON is no object.
 */
const said = (z, { text, json, type, ttl }) => {
  const words = given(text) === undefined ? undefined : String(text);
  const message = given(json);
  if ((words === undefined) === (message === undefined)) {
    throw new z.errors.Error('Fill in one of Text and JSON.', 'invalid');
  }
  const body = words === undefined ? { message: objectOf(z, message) } : { text: words };
  return { ...body, type: given(type), ttl: given(ttl) };
};

const objectOf = (z, value) => {
  let parsed = value;
  if (typeof value === 'string') {
    try {
      parsed = JSON.parse(value);
    } catch (error) {
      throw new z.errors.Error(`JSON cannot be read: ${error.message}.`, 'invalid');
    }
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new z.errors.Error('JSON should be an object: {"text": "hello"}.', 'invalid');
  }
  return parsed;
};

/**
 * Says something and gives the gateway's receipt.
 *
 * The same Zap, address, message and *Say once per* make the same Idempotency-Key, so
 * that a replay of the run says nothing twice. Without that field the key is new with
 * each run, and only repeats within the run are known as such: Zapier tells an action
 * nothing that stays the same when a run is replayed.
 */
const say = async (z, bundle, path, body) => {
  const value = given(bundle.inputData.once);
  const once = value === undefined ? mint() : digest(bundle, path, body, String(value));
  const receipt = await call(z, bundle, { method: 'POST', path, body, once });
  const { id, status } = receipt;
  if (GIVEN_UP.has(status)) {
    throw new z.errors.Error(`Nobody got the message: ${id} is ${status}.`, status);
  }
  return receipt;
};

const digest = (bundle, path, body, value) => {
  const zap = bundle.meta?.zap?.id ?? null;
  const parts = JSON.stringify([zap, path, body, value]);
  return `zapier-${createHash('sha256').update(parts).digest('hex')}`;
};

module.exports = { FIELDS, ONCE, OUTPUT, ROOM, SAMPLE, said, say };
