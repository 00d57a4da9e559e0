'use strict';

const { call } = require('../lib/gateway');

/** The rooms that the gateway is in. */
const perform = async (z, bundle) => {
  const { rooms } = await call(z, bundle, { path: '/rooms' });
  return rooms.map(({ room, state }) => ({ id: room, name: room, state }));
};

module.exports = {
  key: 'rooms',
  noun: 'Room',
  display: {
    label: 'List of Rooms',
    description: 'Fills the drop-downs of rooms.',
    hidden: true,
  },
  operation: {
    type: 'polling',
    perform,
    outputFields: [
      { key: 'id', label: 'ID', type: 'string' },
      { key: 'name', label: 'Name', type: 'string' },
      { key: 'state', label: 'State', type: 'string' },
    ],
    sample: { id: 'lobby', name: 'lobby', state: 'ready' },
  },
};
