// Does the tests' tasks with the clients for Node: a task is a line of JSON on standard input,
// its outcome one on standard output. With `list` it tells the clients and their features instead.
import readline from "node:readline";
import * as ai from "./ai.mjs";
import * as anthropic from "./anthropic.mjs";
import * as openai from "./openai.mjs";

const clients = { ...openai.clients, ...anthropic.clients, ...ai.clients };

if (process.argv[2] === "list") {
  const features = Object.entries(clients).map(([name, client]) => [name, Object.keys(client)]);
  console.log(JSON.stringify(Object.fromEntries(features)));
} else {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const task = JSON.parse(line);
    let outcome;
    try {
      outcome = { outcome: await clients[task.client][task.feature](task) };
    } catch (error) {
      outcome = { thrown: `${error.stack ?? error}` };
    }
    console.log(JSON.stringify(outcome));
  }
}
