// Vercel's `ai` over its providers for OpenAI (chat completions, and responses) and Anthropic.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { embedMany, generateObject, generateText, streamText } from "ai";
import { jsonSchema, stepCountIs, tool } from "ai";
import { failure, Place } from "./task.mjs";

function openai(task) {
  return createOpenAI({ baseURL: `${task.base}/v1`, apiKey: task.key });
}

function usage(counted) {
  return [counted.inputTokens, counted.cachedInputTokens ?? 0, counted.outputTokens];
}

// A client of `ai` with the model that `choose` makes for a task.
function client(choose) {
  const asked = (task) => ({
    model: choose(task),
    maxRetries: 0,
    maxOutputTokens: 64,
    system: task.system,
    onError: () => {},
  });
  const withTool = (task) => {
    const { name, description, parameters } = task.tool;
    const execute = async () => task.weather;
    const made = tool({ description, inputSchema: jsonSchema(parameters), execute });
    return { ...asked(task), prompt: task.text, tools: { [name]: made }, stopWhen: stepCountIs(3) };
  };
  const called = (steps, text) => {
    const call = steps[0].toolCalls[0];
    return { name: call.toolName, arguments: call.input, text };
  };
  return {
    async chat(task) {
      const answer = await generateText({ ...asked(task), prompt: task.text });
      const { text, finishReason } = answer;
      return { text, finish: finishReason, usage: usage(answer.usage) };
    },

    async stream(task) {
      const pieces = [];
      const answer = streamText({ ...asked(task), prompt: task.text });
      for await (const piece of answer.textStream) pieces.push(piece);
      const counted = usage(await answer.usage);
      return { text: pieces.join(""), pieces: pieces.length, usage: counted };
    },

    async tools(task) {
      const answer = await generateText(withTool(task));
      return called(answer.steps, answer.text);
    },

    async tools_streamed(task) {
      const answer = streamText(withTool(task));
      await answer.consumeStream();
      return called(await answer.steps, await answer.text);
    },

    async schema(task) {
      const answer = await generateObject({ ...asked(task), prompt: task.text, schema: Place });
      return { object: answer.object };
    },

    async image(task) {
      const image = Buffer.from(task.image, "base64");
      const part = { type: "image", image, mediaType: "image/png" };
      const content = [{ type: "text", text: task.text }, part];
      const answer = await generateText({ ...asked(task), messages: [{ role: "user", content }] });
      return { text: answer.text };
    },

    errors: (task) => failure(async () => {
      const request = { ...asked(task), prompt: task.text };
      if (!task.streamed) return generateText(request);
      for await (const part of streamText(request).fullStream) {
        if (part.type === "error") throw part.error;
      }
    }),

    async broken(task) {
      let [text, told] = ["", null];
      const answer = streamText({ ...asked(task), prompt: task.text });
      for await (const part of answer.fullStream) {
        if (part.type === "text-delta") text += part.text;
        if (part.type === "error") told = part.error;
      }
      const message = told?.message ?? told?.error?.message ?? JSON.stringify(told);
      return { message, text };
    },

    async cancel(task) {
      const abort = new AbortController();
      const answer = streamText({ ...asked(task), prompt: task.text, abortSignal: abort.signal });
      let pieces = 0;
      for await (const _ of answer.textStream) {
        pieces += 1;
        if (pieces === 3) break;
      }
      abort.abort();
      return { pieces };
    },
  };
}

const chat = client((task) => openai(task).chat(task.model));
chat.embeddings = async (task) => {
  const model = openai(task).embedding(task.model);
  const answer = await embedMany({ model, values: task.inputs, maxRetries: 0 });
  return { vectors: answer.embeddings, tokens: answer.usage.tokens };
};
const anthropic = (task) => createAnthropic({ baseURL: `${task.base}/v1`, apiKey: task.key });

export const clients = {
  "ai, @ai-sdk/openai chat": chat,
  "ai, @ai-sdk/openai": client((task) => openai(task).responses(task.model)),
  "ai, @ai-sdk/anthropic": client((task) => anthropic(task)(task.model)),
};
