// OpenAI's SDK for Node: chat completions with embeddings, and responses.
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { failure, Place } from "./task.mjs";

function connect(task) {
  return new OpenAI({ baseURL: `${task.base}/v1`, apiKey: task.key, maxRetries: 0 });
}

function usage(counted) {
  const cached = counted.prompt_tokens_details?.cached_tokens ?? 0;
  return [counted.prompt_tokens, cached, counted.completion_tokens];
}

function ask(task, options = {}) {
  const messages = [
    { role: "system", content: task.system },
    { role: "user", content: options.content ?? task.text },
  ];
  const { content, ...rest } = options;
  const asked = { model: task.model, messages, max_completion_tokens: 64, ...rest };
  return connect(task).chat.completions.create(asked);
}

async function roundTrip(task, complete) {
  const tools = [{ type: "function", function: task.tool }];
  const messages = [{ role: "user", content: task.text }];
  const message = await complete({ model: task.model, messages, tools });
  const call = message.tool_calls[0];
  messages.push({ role: "assistant", content: message.content, tool_calls: message.tool_calls });
  messages.push({ role: "tool", tool_call_id: call.id, content: task.weather });
  const answer = await complete({ model: task.model, messages, tools });
  const called = JSON.parse(call.function.arguments);
  return { name: call.function.name, arguments: called, text: answer.content };
}

const chat = {
  async chat(task) {
    const answer = await ask(task);
    const { message, finish_reason } = answer.choices[0];
    return { text: message.content, finish: finish_reason, usage: usage(answer.usage) };
  },

  async stream(task) {
    let [pieces, counted] = [[], null];
    const options = { stream: true, stream_options: { include_usage: true } };
    for await (const chunk of await ask(task, options)) {
      if (chunk.choices[0]?.delta.content) pieces.push(chunk.choices[0].delta.content);
      counted = chunk.usage ?? counted;
    }
    return { text: pieces.join(""), pieces: pieces.length, usage: usage(counted) };
  },

  tools(task) {
    const { completions } = connect(task).chat;
    return roundTrip(task, async (asked) => (await completions.create(asked)).choices[0].message);
  },

  tools_streamed(task) {
    const { completions } = connect(task).chat;
    return roundTrip(task, async (asked) => {
      return (await completions.stream(asked).finalChatCompletion()).choices[0].message;
    });
  },

  async schema(task) {
    const messages = [{ role: "user", content: task.text }];
    const response_format = zodResponseFormat(Place, "Place");
    const { completions } = connect(task).chat;
    const answer = await completions.parse({ model: task.model, messages, response_format });
    return { object: answer.choices[0].message.parsed };
  },

  async image(task) {
    const image_url = { url: `data:image/png;base64,${task.image}` };
    const content = [{ type: "text", text: task.text }, { type: "image_url", image_url }];
    return { text: (await ask(task, { content })).choices[0].message.content };
  },

  async embeddings(task) {
    const answer = await connect(task).embeddings.create({ model: task.model, input: task.inputs });
    const vectors = answer.data.map((row) => row.embedding);
    return { vectors, tokens: answer.usage.prompt_tokens };
  },

  errors: (task) => failure(() => ask(task, { stream: task.streamed })),

  async broken(task) {
    let text = "";
    const told = await failure(async () => {
      for await (const chunk of await ask(task, { stream: true })) {
        text += chunk.choices[0].delta.content ?? "";
      }
    });
    return { ...told, text };
  },

  async cancel(task) {
    let pieces = 0;
    for await (const chunk of await ask(task, { stream: true })) {
      pieces += chunk.choices[0].delta.content ? 1 : 0;
      if (pieces === 3) break;
    }
    return { pieces };
  },
};

// --- responses ---

function respond(task, options = {}) {
  const given = { input: task.text, instructions: task.system, max_output_tokens: 64 };
  return connect(task).responses.create({ model: task.model, store: false, ...given, ...options });
}

function responseUsage(counted) {
  return [counted.input_tokens, counted.input_tokens_details.cached_tokens, counted.output_tokens];
}

async function responseRoundTrip(task, complete) {
  const tools = [{ type: "function", strict: false, ...task.tool }];
  const input = [{ role: "user", content: task.text }];
  const call = (await complete({ input, tools })).output[0];
  const output = { type: "function_call_output", call_id: call.call_id, output: task.weather };
  const answer = await complete({ input: [...input, call, output], tools });
  const text = answer.output[0].content[0].text;
  return { name: call.name, arguments: JSON.parse(call.arguments), text };
}

async function lastResponse(stream) {
  let last;
  for await (const event of stream) last = event;
  return last.response;
}

const responses = {
  async chat(task) {
    const answer = await respond(task);
    return { text: answer.output_text, finish: answer.status, usage: responseUsage(answer.usage) };
  },

  async stream(task) {
    let [pieces, last] = [[], null];
    for await (const event of await respond(task, { stream: true })) {
      if (event.type === "response.output_text.delta") pieces.push(event.delta);
      last = event;
    }
    const usage = responseUsage(last.response.usage);
    return { text: pieces.join(""), pieces: pieces.length, usage };
  },

  tools: (task) => responseRoundTrip(task, (asked) => respond(task, asked)),

  tools_streamed(task) {
    const complete = async (asked) => lastResponse(await respond(task, { ...asked, stream: true }));
    return responseRoundTrip(task, complete);
  },

  async schema(task) {
    const text = { format: zodTextFormat(Place, "Place") };
    const asked = { model: task.model, input: task.text, store: false, text };
    return { object: (await connect(task).responses.parse(asked)).output_parsed };
  },

  async image(task) {
    const image_url = `data:image/png;base64,${task.image}`;
    const image = { type: "input_image", image_url, detail: "auto" };
    const content = [{ type: "input_text", text: task.text }, image];
    return { text: (await respond(task, { input: [{ role: "user", content }] })).output_text };
  },

  errors: (task) => failure(() => respond(task, { stream: task.streamed })),

  async broken(task) {
    let [text, told] = ["", null];
    const thrown = await failure(async () => {
      for await (const event of await respond(task, { stream: true })) {
        if (event.type === "response.output_text.delta") text += event.delta;
        if (event.type === "error") told = { message: event.message };
        if (event.type === "response.failed") {
          told = { message: event.response.error.message };
        }
      }
    });
    return { ...(told ?? thrown), text };
  },

  async cancel(task) {
    let pieces = 0;
    for await (const event of await respond(task, { stream: true })) {
      pieces += event.type === "response.output_text.delta" ? 1 : 0;
      if (pieces === 3) break;
    }
    return { pieces };
  },
};

export const clients = { "openai chat": chat, "openai responses": responses };
