// Anthropic's SDK for Node.
import Anthropic from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { failure, Place } from "./task.mjs";

function connect(task) {
  return new Anthropic({ baseURL: task.base, apiKey: task.key, maxRetries: 0 });
}

function ask(task, options = {}) {
  const { content, ...rest } = options;
  const messages = [{ role: "user", content: content ?? task.text }];
  const asked = { model: task.model, max_tokens: 64, system: task.system, messages, ...rest };
  return connect(task).messages.create(asked);
}

function text(message) {
  return message.content.filter((part) => part.type === "text").map((part) => part.text).join("");
}

function usage(counted) {
  const cached = counted.cache_read_input_tokens ?? 0;
  return [counted.input_tokens + cached, cached, counted.output_tokens];
}

async function roundTrip(task, complete) {
  const { name, description, parameters } = task.tool;
  const tools = [{ name, description, input_schema: parameters }];
  const messages = [{ role: "user", content: task.text }];
  const asked = { model: task.model, max_tokens: 64, tools };
  const first = await complete({ ...asked, messages });
  const call = first.content.find((part) => part.type === "tool_use");
  const result = { type: "tool_result", tool_use_id: call.id, content: task.weather };
  messages.push({ role: "assistant", content: first.content });
  messages.push({ role: "user", content: [result] });
  const answer = await complete({ ...asked, messages });
  return { name: call.name, arguments: call.input, text: text(answer) };
}

const messages = {
  async chat(task) {
    const answer = await ask(task);
    return { text: text(answer), finish: answer.stop_reason, usage: usage(answer.usage) };
  },

  async stream(task) {
    const pieces = [];
    const asked = { model: task.model, max_tokens: 64, system: task.system };
    const given = [{ role: "user", content: task.text }];
    const stream = connect(task).messages.stream({ ...asked, messages: given });
    stream.on("text", (piece) => pieces.push(piece));
    const final = await stream.finalMessage();
    return { text: pieces.join(""), pieces: pieces.length, usage: usage(final.usage) };
  },

  tools(task) {
    const client = connect(task);
    return roundTrip(task, (asked) => client.messages.create(asked));
  },

  tools_streamed(task) {
    const client = connect(task);
    return roundTrip(task, (asked) => client.messages.stream(asked).finalMessage());
  },

  async schema(task) {
    const given = [{ role: "user", content: task.text }];
    const output_config = { format: zodOutputFormat(Place) };
    const asked = { model: task.model, max_tokens: 64, messages: given, output_config };
    return { object: (await connect(task).messages.parse(asked)).parsed_output };
  },

  async image(task) {
    const source = { type: "base64", media_type: "image/png", data: task.image };
    const content = [{ type: "image", source }, { type: "text", text: task.text }];
    return { text: text(await ask(task, { content })) };
  },

  errors: (task) => failure(() => ask(task, { stream: task.streamed })),

  async broken(task) {
    let text = "";
    const told = await failure(async () => {
      for await (const event of await ask(task, { stream: true })) {
        if (event.type === "content_block_delta") text += event.delta.text;
      }
    });
    return { ...told, text };
  },

  async cancel(task) {
    let pieces = 0;
    for await (const event of await ask(task, { stream: true })) {
      pieces += event.type === "content_block_delta" ? 1 : 0;
      if (pieces === 3) break;
    }
    return { pieces };
  },
};

export const clients = { "@anthropic-ai/sdk": messages };
