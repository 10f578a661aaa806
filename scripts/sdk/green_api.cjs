// SPDX-License-Identifier: Apache-2.0
// Make calls with Green-API's client for Node.js, and print the replies as JSON. Argument: the folder of its packages.
//
// Standard input has the server's URL, the instance and the calls: a name, the client's method and its arguments. A text
// "$name.field" in the arguments stands for a field of an earlier reply.

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");

const load = createRequire(`${process.argv[2]}/`);
const { GreenApiClient } = load("@green-api/whatsapp-api-client-js-v2");

function filled(value, replies) {
  if (Array.isArray(value)) return value.map((item) => filled(item, replies));
  if (value && value.upload !== undefined) return new Blob([value.upload]);
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, filled(item, replies)]));
  if (typeof value !== "string" || !value.startsWith("$")) return value;
  const [name, field] = value.slice(1).split(".");
  return replies[name].data[field];
}

async function main() {
  const plan = JSON.parse(readFileSync(0, "utf8"));
  const client = new GreenApiClient({ idInstance: Number(plan.login), apiTokenInstance: plan.password });
  // The client has no option for the server's URL.
  client.client.defaults.baseURL = `${plan.host}/waInstance${plan.login}`;
  const replies = {};
  for (const [name, method, args] of plan.calls) {
    try {
      replies[name] = { status: 200, data: (await client[method](...filled(args, replies))) ?? null, error: null };
    } catch (error) {
      replies[name] = { status: 0, data: null, error: error.message };
    }
  }
  // The client's log goes to the standard output: the replies are its last line.
  process.stdout.write("\n" + JSON.stringify(replies) + "\n");
}

main();
