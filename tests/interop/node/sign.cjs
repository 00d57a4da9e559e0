// Signs a participant token as the official TypeScript SDK does, and prints it: the
// same as peers/python_sign.py, under Node.
"use strict";

const { ApiScope, ParticipantToken } = require("@meshagent/meshagent");

async function main(apiKey, room, name) {
  const token = new ParticipantToken({ name });
  token.addRoleGrant("agent");
  token.addRoomGrant(room);
  token.addApiGrant(ApiScope.agentDefault());
  process.stdout.write(await token.toJwt({ apiKey }));
}

main(...process.argv.slice(2));
