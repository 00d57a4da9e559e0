// Sends every example of GitHub's webhooks to an address, one after another, signed as
// Octokit signs: each with a delivery id of its own, and then all once more as GitHub
// redelivers them. Prints a line of JSON for each: the round, the event, what came back.
"use strict";

const examples = require("@octokit/webhooks-examples");

async function main(url, secret) {
  const { sign } = await import("@octokit/webhooks-methods");
  for (const round of ["first", "again"]) {
    let count = 0;
    for (const { name, examples: payloads } of examples) {
      for (const payload of payloads) {
        count += 1;
        const body = JSON.stringify(payload);
        const answer = await fetch(url, {
          method: "POST",
          headers: {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/044aadd",
            "X-GitHub-Delivery": `72d3162e-cc78-11e3-81ab-${String(count).padStart(12, "0")}`,
            "X-GitHub-Event": name,
            "X-Hub-Signature-256": await sign(secret, body),
          },
          body,
        });
        const said = await answer.json();
        const line = { round, event: name, status: answer.status, answer: said };
        process.stdout.write(JSON.stringify(line) + "\n");
      }
    }
  }
}

main(...process.argv.slice(2));
