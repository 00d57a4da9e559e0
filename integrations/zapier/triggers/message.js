'use strict';

const { call } = require('../lib/gateway');
const { given, joined, several } = require('../lib/given');
const hook = require('../lib/hook');
const { ROOM } = require('../lib/saying');

const SAMPLES = 10;

const performSubscribe = (z, bundle) => {
  const { types, from, room } = bundle.inputData;
  const terms = { types: several(types), from: several(from), rooms: several(room) };
  return hook.subscribe(z, bundle, 'message.received', terms);
};

const performList = (z, bundle) => {
  const { types, from, room } = bundle.inputData;
  const query = {
    types: joined(types),
    from: joined(from),
    rooms: given(room),
    limit: SAMPLES,
  };
  return call(z, bundle, { path: '/poll/messages', query });
};

module.exports = {
  key: 'message',
  noun: 'Message',
  display: {
    label: 'New Message',
    description: 'Triggers when somebody in the room says something to the gateway.',
  },
  operation: {
    type: 'hook',
    inputFields: [
      {
        key: 'types',
        label: 'Message types',
        type: 'string',
        list: true,
        helpText: 'Only messages of these types, for example `chat`. Empty: all.',
      },
      {
        key: 'from',
        label: 'From',
        type: 'string',
        list: true,
        dynamic: 'participants.name.label',
        helpText: 'Only messages from participants of these names. Empty: everybody.',
      },
      { ...ROOM, helpText: 'Only messages of this room. Empty: of every room.' },
    ],
    perform: hook.arrived,
    performList,
    performSubscribe,
    performUnsubscribe: hook.unsubscribe,
    outputFields: [
      ...hook.OUTPUT,
      { key: 'message_id', label: 'Message ID', type: 'string' },
      { key: 'type', label: 'Message type', type: 'string' },
      { key: 'text', label: 'Text', type: 'string' },
      { key: 'attachment_url', label: 'Attachment: link', type: 'string' },
      { key: 'attachment_size', label: 'Attachment: bytes', type: 'integer' },
    ],
    sample: {
      id: 'evt_01J9ZC3V7M5E8Q2W4R6T8Y0ABC',
      event: 'message.received',
      room: 'lobby',
      timestamp: '2030-01-31T12:00:00.000Z',
      message_id: 'msg_01J9ZC3V7M5E8Q2W4R6T8Y0ABD',
      type: 'chat',
      text: 'hello',
      from_id: '6f0c3a52-6e0f-4f6b-9d0e-2b8f5a1c7d34',
      from_name: 'alice',
      from_role: 'user',
      message: { text: 'hello' },
      attachment_url: null,
      attachment_size: null,
    },
  },
};
