'use strict';

const { call } = require('./lib/gateway');

/** Asks the gateway what the key may do; a key it does not know is said so. */
const test = async (z, bundle) => {
  let me;
  try {
    me = await call(z, bundle, { path: '/me' });
  } catch (error) {
    if (!(error instanceof z.errors.ExpiredAuthError)) {
      throw error;
    }
    // Nothing expired: it is being connected.
    throw new z.errors.Error(error.message, 'unauthenticated', 401);
  }
  return { ...me, label: labelOf(me, bundle) };
};

const labelOf = (me, bundle) => {
  const { host } = new URL(bundle.authData.base_url.trim());
  const rooms = Array.isArray(me.rooms) ? me.rooms.map(nameOf).join(', ') : '';
  return rooms === '' ? host : `${rooms} at ${host}`;
};

const nameOf = (room) => (typeof room === 'string' ? room : room.room);

module.exports = {
  type: 'custom',
  test,
  connectionLabel: '{{label}}',
  fields: [
    {
      key: 'base_url',
      label: 'Address of the gateway',
      type: 'string',
      required: true,
      isNoSecret: true,
      placeholder: 'https://gateway.example.com',
      helpText:
        'Where it can be reached from the internet, with its path if it has one.',
    },
    {
      key: 'api_key',
      label: 'API key',
      type: 'password',
      required: true,
      helpText:
        'One of the keys in `GATEWAY_API_KEYS`, or the one that the gateway made at ' +
        'its first start and keeps in `api-key` in its data directory.',
    },
  ],
};
