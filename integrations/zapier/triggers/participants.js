'use strict';

const { call } = require('../lib/gateway');
const { given } = require('../lib/given');

/** Everybody in the room, once per name: a name is what outlasts a connection. */
const perform = async (z, bundle) => {
  const query = { room: given(bundle.inputData.room) };
  const { participants } = await call(z, bundle, { path: '/participants', query });
  const byName = new Map();
  for (const { id, name, role } of participants) {
    if (given(name) !== undefined && !byName.has(name)) {
      const label = given(role) === undefined ? name : `${name} (${role})`;
      byName.set(name, { id, name, role, label });
    }
  }
  return [...byName.values()];
};

module.exports = {
  key: 'participants',
  noun: 'Participant',
  display: {
    label: 'List of Participants',
    description: 'Fills the drop-downs of participants.',
    hidden: true,
  },
  operation: {
    type: 'polling',
    inputFields: [{ key: 'room', label: 'Room', type: 'string' }],
    perform,
    outputFields: [
      { key: 'id', label: 'ID', type: 'string' },
      { key: 'name', label: 'Name', type: 'string' },
      { key: 'role', label: 'Role', type: 'string' },
      { key: 'label', label: 'Label', type: 'string' },
    ],
    sample: {
      id: '6f0c3a52-6e0f-4f6b-9d0e-2b8f5a1c7d34',
      name: 'alice',
      role: 'user',
      label: 'alice (user)',
    },
  },
};
