'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { validateAppDefinition } = require('zapier-platform-schema');

const { app } = require('./support.js');

const parts = [...Object.values(app.triggers), ...Object.values(app.creates)];

/** The app as it is uploaded: functions are named and not sent. */
const uploaded = () =>
  JSON.parse(
    JSON.stringify(app, (key, value) =>
      typeof value === 'function' ? `$func$${value.length}$f$` : value,
    ),
  );

test('the app is what Zapier takes', () => {
  const { errors } = validateAppDefinition(uploaded());

  assert.deepEqual(errors.map(String), []);
});

test('every field that the editor offers is in the sample', () => {
  for (const { key, operation } of parts) {
    for (const field of operation.outputFields) {
      const [name, member] = field.key.split('[]');
      const value = operation.sample[name];

      assert.notEqual(value, undefined, `${key}: ${field.key}`);
      assert.ok(!member || member in value[0], `${key}: ${field.key}`);
    }
  }
});

test('every drop-down is filled by a hidden trigger that has its fields', () => {
  for (const { key, operation } of parts) {
    for (const { dynamic } of operation.inputFields ?? []) {
      if (dynamic !== undefined) {
        const [trigger, value, label] = dynamic.split('.');
        const filler = app.triggers[trigger];

        assert.ok(filler.display.hidden, `${key}: ${dynamic}`);
        assert.ok(value in filler.operation.sample, `${key}: ${dynamic}`);
        assert.ok(label in filler.operation.sample, `${key}: ${dynamic}`);
      }
    }
  }
});
