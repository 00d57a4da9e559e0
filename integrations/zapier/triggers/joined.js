'use strict';

const { call } = require('../lib/gateway');
const { several } = require('../lib/given');
const hook = require('../lib/hook');
const { ROOM } = require('../lib/saying');

const EVENT = 'participant.joined';

const performSubscribe = (z, bundle) =>
  hook.subscribe(z, bundle, EVENT, { rooms: several(bundle.inputData.room) });

const performList = (z, bundle) =>
  call(z, bundle, { path: '/events/samples', query: { events: EVENT, format: 'flat' } });

module.exports = {
  key: 'joined',
  noun: 'Participant',
  display: {
    label: 'Participant Joined',
    description: 'Triggers when somebody joins the room.',
  },
  operation: {
    type: 'hook',
    inputFields: [{ ...ROOM, helpText: 'Only in this room. Empty: in every room.' }],
    perform: hook.arrived,
    performList,
    performSubscribe,
    performUnsubscribe: hook.unsubscribe,
    outputFields: hook.OUTPUT,
    sample: {
      id: 'evt_01J9ZC3V7M5E8Q2W4R6T8Y0ABC',
      event: EVENT,
      room: 'lobby',
      timestamp: '2030-01-31T12:00:00.000Z',
      message_id: null,
      type: null,
      text: null,
      from_id: '6f0c3a52-6e0f-4f6b-9d0e-2b8f5a1c7d34',
      from_name: 'alice',
      from_role: 'user',
      message: {
        participant: {
          id: '6f0c3a52-6e0f-4f6b-9d0e-2b8f5a1c7d34',
          name: 'alice',
          role: 'user',
          attributes: {},
          online: true,
          since: '2030-01-31T12:00:00.000Z',
        },
      },
      attachment_url: null,
      attachment_size: null,
    },
  },
};
