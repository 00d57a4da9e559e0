// A participant on the official TypeScript SDK, driven by lines of JSON: the same calls
// and events as peers/python_peer.py, under Node.
"use strict";

const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const { RoomClient, WebSocketClientProtocol } = require("@meshagent/meshagent");

const RESERVED = new Set([
  "messaging.enabled",
  "participant.attributes",
  "participant.disabled",
  "participant.enabled",
]);

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// The SDK logs what it does not know to the console; stdout is for lines of JSON alone.
console.log = console.info = console.debug = console.warn = console.error;

const described = (participant) => ({
  id: participant.id,
  role: participant.role,
  attributes: participant._attributesSnapshot(),
});

const attachmentOf = (call) =>
  call.attachment_file === undefined
    ? undefined
    : new Uint8Array(readFileSync(call.attachment_file));

function listen(room) {
  const { messaging } = room;
  // The room's own news come as messages too in this SDK, and are told by their effect.
  messaging.on("message", ({ message }) => {
    if (RESERVED.has(message.type)) return;
    const attachment = message.attachment ?? new Uint8Array();
    tell({
      event: "message",
      from: message.fromParticipantId,
      type: message.type,
      message: message.message,
      size: attachment.length,
      sha256: createHash("sha256").update(attachment).digest("hex"),
    });
  });
  messaging.on("messaging_enabled", () =>
    tell({
      event: "enabled",
      id: room.localParticipant.id,
      participants: messaging.getParticipants().map(described),
    }),
  );
  messaging.on("participant_added", ({ message }) =>
    tell({ event: "participant_added", ...message.message }),
  );
  messaging.on("participant_removed", ({ message }) =>
    tell({ event: "participant_removed", id: message.message.id }),
  );
  messaging.on("participant_attributes_updated", ({ message }) =>
    tell({
      event: "participant_updated",
      ...described(messaging.getParticipant(message.fromParticipantId)),
    }),
  );
  for (const status of ["disconnected", "reconnected"]) {
    room.on(status, (event) => tell({ event: "status", status, text: event.description }));
  }
}

const callsOf = (room) => ({
  // A bare id is not looked up by the SDK: the server has to answer.
  send: (call) =>
    room.messaging.sendMessage({
      to: room.messaging.getParticipant(call.to) ?? { id: call.to },
      type: call.type,
      message: call.message,
      attachment: attachmentOf(call),
    }),
  broadcast: (call) =>
    room.messaging.broadcastMessage({
      type: call.type,
      message: call.message,
      attachment: attachmentOf(call),
    }),
  attributes: (call) => {
    for (const [name, value] of Object.entries(call.attributes)) {
      room.localParticipant.setAttribute(name, value);
    }
  },
  enable: () => room.messaging.enable(),
  disable: () => room.messaging.disable(),
  participants: () => room.messaging.getParticipants().map(described),
  self: () => ({
    id: room.localParticipant.id,
    attributes: room.localParticipant._attributesSnapshot(),
  }),
});

async function main(url, token) {
  const room = new RoomClient({
    protocolFactory: WebSocketClientProtocol.createFactory({ url, token }),
  });
  listen(room);
  await room.start();
  const calls = callsOf(room);
  tell({ event: "joined", id: room.localParticipant.id });
  for await (const line of createInterface({ input: process.stdin })) {
    const call = JSON.parse(line);
    if (call.do === "leave") break;
    try {
      const value = (await calls[call.do](call)) ?? null;
      tell({ reply: call.call, value });
    } catch (error) {
      tell({ reply: call.call, error: { text: error.message, code: error.code ?? null } });
    }
  }
  room.dispose();
  await room.waitForClose();
  tell({ event: "left" });
}

main(process.argv[2], process.argv[3]).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
