'use strict';

/** What a field holds, trimmed if it is text; `undefined` if it was left empty. */
const given = (value) => {
  const told = typeof value === 'string' ? value.trim() : value;
  return told === '' || told === null ? undefined : told;
};

/** The entries of a field that takes several; `undefined` if there are none. */
const several = (value) => {
  const entries = [value].flat().map(given).filter((entry) => entry !== undefined);
  return entries.length === 0 ? undefined : entries.map(String);
};

/** Entries as a query takes them. */
const joined = (value) => several(value)?.join(',');

module.exports = { given, several, joined };
