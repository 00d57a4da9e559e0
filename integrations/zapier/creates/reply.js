'use strict';

const { given } = require('../lib/given');
const { FIELDS, ONCE, OUTPUT, SAMPLE, said, say } = require('../lib/saying');

const perform = (z, bundle) => {
  const id = given(bundle.inputData.message_id);
  if (id === undefined) {
    throw new z.errors.Error('There is no Message ID to reply to.', 'invalid');
  }
  const path = `/messages/${encodeURIComponent(String(id))}/reply`;
  return say(z, bundle, path, said(z, bundle.inputData));
};

module.exports = {
  key: 'reply',
  noun: 'Reply',
  display: {
    label: 'Reply to Message',
    description: 'Answers whoever said a message, also if they have to come back first.',
  },
  operation: {
    inputFields: [
      {
        key: 'message_id',
        label: 'Message ID',
        type: 'string',
        required: true,
        helpText: 'The *Message ID* of the trigger *New Message*.',
      },
      ...FIELDS,
      ONCE,
    ],
    perform,
    outputFields: OUTPUT,
    sample: SAMPLE,
  },
};
