'use strict';

const { given } = require('../lib/given');
const { FIELDS, ONCE, OUTPUT, SAMPLE, said, say } = require('../lib/saying');

const perform = (z, bundle) => {
  const message = encodeURIComponent(String(given(bundle.inputData.message_id)));
  return say(z, bundle, `/messages/${message}/reply`, said(z, bundle.inputData));
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
