'use strict';

const { given } = require('../lib/given');
const { FIELDS, ONCE, OUTPUT, ROOM, SAMPLE, said, say } = require('../lib/saying');

const { recipients, ...RECEIPT } = SAMPLE;

const perform = (z, bundle) => {
  const body = { ...said(z, bundle.inputData), room: given(bundle.inputData.room) };
  return say(z, bundle, '/broadcast', body);
};

module.exports = {
  key: 'broadcast',
  noun: 'Message',
  display: {
    label: 'Broadcast Message',
    description: 'Says something to everybody in the room.',
  },
  operation: {
    inputFields: [...FIELDS, ROOM, ONCE],
    perform,
    outputFields: [
      ...OUTPUT,
      { key: 'present', label: 'Participants present', type: 'integer' },
    ],
    sample: { ...RECEIPT, present: recipients.length },
  },
};
