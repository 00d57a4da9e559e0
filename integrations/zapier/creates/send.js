'use strict';

const { given } = require('../lib/given');
const { FIELDS, ONCE, OUTPUT, ROOM, SAMPLE, said, say } = require('../lib/saying');

const perform = (z, bundle) => {
  const { to, match, await_recipient: awaits, room } = bundle.inputData;
  const body = {
    to: given(to),
    ...said(z, bundle.inputData),
    match: given(match),
    await_recipient: given(awaits),
    room: given(room),
  };
  return say(z, bundle, '/send', body);
};

module.exports = {
  key: 'send',
  noun: 'Message',
  display: {
    label: 'Send Message',
    description: 'Says something to one participant of the room.',
  },
  operation: {
    inputFields: [
      {
        key: 'to',
        label: 'To',
        type: 'string',
        required: true,
        dynamic: 'participants.name.label',
        helpText: "A participant's exact name, or an ID.",
      },
      ...FIELDS,
      {
        key: 'await_recipient',
        label: 'Wait for the recipient',
        type: 'boolean',
        helpText: 'Also hold it while nobody of that name is in the room.',
      },
      {
        key: 'match',
        label: 'If several have that name',
        type: 'string',
        choices: { one: 'Stop', first: 'Send it to one of them', all: 'Send it to all' },
        helpText: 'Empty: stop.',
      },
      ROOM,
      ONCE,
    ],
    perform,
    outputFields: [
      ...OUTPUT,
      { key: 'recipients[]name', label: 'Recipient: name', type: 'string' },
      { key: 'recipients[]status', label: 'Recipient: status', type: 'string' },
    ],
    sample: SAMPLE,
  },
};
