'use strict';

const { version: platformVersion } = require('zapier-platform-core');

const authentication = require('./authentication');
const broadcast = require('./creates/broadcast');
const reply = require('./creates/reply');
const send = require('./creates/send');
const { version } = require('./package.json');
const joined = require('./triggers/joined');
const message = require('./triggers/message');
const participants = require('./triggers/participants');
const rooms = require('./triggers/rooms');

const byKey = (...parts) => Object.fromEntries(parts.map((part) => [part.key, part]));

module.exports = {
  version,
  platformVersion,
  // An empty field inside a message is part of it; fields left empty are seen to here.
  flags: { cleanInputData: false },
  authentication,
  triggers: byKey(message, joined, participants, rooms),
  creates: byKey(send, broadcast, reply),
};
