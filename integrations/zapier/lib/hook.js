'use strict';

const { call, mint } = require('./gateway');

/** What an event without nesting looks like, as webhooks and polls give it. */
const OUTPUT = [
  { key: 'id', label: 'Event ID', type: 'string', primary: true },
  { key: 'event', label: 'Event', type: 'string' },
  { key: 'room', label: 'Room', type: 'string' },
  { key: 'timestamp', label: 'Time', type: 'datetime' },
  { key: 'from_id', label: 'From: ID', type: 'string' },
  { key: 'from_name', label: 'From: name', type: 'string' },
  { key: 'from_role', label: 'From: role', type: 'string' },
];

/**
 * Has the gateway post events to the address that Zapier made for this Zap.
 *
 * Zapier may ask again when an answer was lost on its way. Whatever an earlier request
 * left at that address is deleted first, so that nothing arrives twice.
 *
 * @returns What `unsubscribe` needs, and no secret.
 */
const subscribe = async (z, bundle, event, terms) => {
  const { targetUrl } = bundle;
  const query = { target_url: targetUrl };
  const { webhooks } = await call(z, bundle, { path: '/webhooks', query });
  for (const { id } of webhooks.filter((webhook) => webhook.subscription)) {
    await remove(z, bundle, id);
  }
  const body = { target_url: targetUrl, event, description: 'Zapier', ...terms };
  const asked = { method: 'POST', path: '/webhooks', body, once: mint() };
  const { id } = await call(z, bundle, asked);
  return { id };
};

/** Has the gateway forget the address; it may have done so before. */
const unsubscribe = (z, bundle) => remove(z, bundle, bundle.subscribeData.id);

const remove = async (z, bundle, id) => {
  const path = `/webhooks/${encodeURIComponent(id)}`;
  try {
    return await call(z, bundle, { method: 'DELETE', path });
  } catch (error) {
    if (codeOf(error) !== 'not_found') {
      throw error;
    }
    return { id };
  }
};

/** The problem's code that an error of Zapier's carries in its text. */
const codeOf = (error) => {
  try {
    return JSON.parse(error.message).code;
  } catch {
    return undefined;
  }
};

/** The event that arrived. */
const arrived = (z, bundle) => {
  const event = bundle.cleanedRequest;
  if (typeof event !== 'object' || event === null || typeof event.id !== 'string') {
    throw new z.errors.HaltedError('What arrived is not an event of the gateway.');
  }
  return [event];
};

module.exports = { OUTPUT, arrived, subscribe, unsubscribe };
