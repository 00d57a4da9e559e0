// Third parties' own code from npm, as senders; prints what came back as a line of JSON.
// `stripe URL SECRET`, `svix URL SECRET`, `standardwebhooks URL SECRET`, `slack URL`,
// `cloudevents URL`, and of Node itself `form URL`.
"use strict";

const NOTE = "Grüße 🦊, 100 %";

const tell = (status, answer) =>
  process.stdout.write(JSON.stringify({ status, answer }) + "\n");

async function post(url, headers, body) {
  const given = { "Content-Type": "application/json", ...headers };
  const answer = await fetch(url, { method: "POST", headers: given, body });
  tell(answer.status, await answer.json());
}

async function stripe(url, secret) {
  const { default: Stripe } = await import("stripe");
  const { webhooks } = new Stripe("sk_test_of_nobody");
  const about = { object: "charge", amount: 1050, currency: "usd", description: NOTE };
  const event = { id: "evt_2", type: "charge.failed", data: { object: about } };
  const payload = JSON.stringify(event, null, 2);
  const header = await webhooks.generateTestHeaderStringAsync({ payload, secret });
  await post(url, { "Stripe-Signature": header }, payload);
}

const signed = (named, prefix) => async (url, secret) => {
  const { Webhook } = await import(named);
  const body = JSON.stringify({ text: NOTE });
  const [id, at] = [`msg_${named}`, new Date()];
  const headers = {
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(Math.floor(at.getTime() / 1000)),
    [`${prefix}-signature`]: await new Webhook(secret).sign(id, at, body),
  };
  await post(url, headers, body);
  await post(url, headers, body);
  await post(url, headers, body.replace("100", "200"));
};

async function slack(url) {
  const { IncomingWebhook } = require("@slack/webhook");
  const webhook = new IncomingWebhook(url, { username: "ci", icon_emoji: ":robot:" });
  const header = { type: "header", text: { type: "plain_text", text: NOTE } };
  const fields = [{ title: "State", value: "up", short: true }];
  for (const message of [
    NOTE,
    { text: "in short", blocks: [header, { type: "divider" }] },
    { attachments: [{ fallback: "old", color: "good", title: "Web", fields }] },
    { text: "" },
    { text: "a", blocks: {} },
  ]) {
    try {
      tell(200, (await webhook.send(message)).text);
    } catch (error) {
      tell(error.statusCode ?? 0, error.body ?? error.message);
    }
  }
}

async function cloudevents(url) {
  const { CloudEvent, HTTP } = require("cloudevents");
  const event = (id, more = {}) =>
    new CloudEvent({
      id,
      source: "/shop",
      type: "com.example.order",
      subject: "Grüße 100 %",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      datacontenttype: "application/json",
      data: { order: 17, note: NOTE },
      ...more,
    });
  const binary = HTTP.binary(event("node-1"));
  const structured = HTTP.structured(event("node-2"));
  const batch = [event("node-3"), event("node-4", { datacontenttype: "text/plain", data: NOTE })];
  const batched = { "content-type": "application/cloudevents-batch+json; charset=utf-8" };
  await send(url, binary);
  await send(url, structured);
  await send(url, { headers: batched, body: JSON.stringify(batch) });
  await send(url, binary);
}

// The library gives headers and a body; whose Content-Type is spelled how is its own.
async function send(url, { headers, body }) {
  const answer = await fetch(url, { method: "POST", headers, body });
  tell(answer.status, await answer.json());
}

async function form(url) {
  const body = new FormData();
  body.append("name", NOTE);
  body.append("tag", "a");
  body.append("tag", 'b "c"');
  body.append("cv", new File([new Uint8Array(3000)], 'größer "1".bin', { type: "image/png" }));
  await send(url, { body });
}

const SENDERS = {
  form,
  stripe,
  svix: signed("svix", "svix"),
  standardwebhooks: signed("standardwebhooks", "webhook"),
  slack,
  cloudevents,
};

const [chosen, ...given] = process.argv.slice(2);
SENDERS[chosen](...given);
