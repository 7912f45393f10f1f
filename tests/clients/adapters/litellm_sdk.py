"""LiteLLM as a client, over OpenAI's and over Anthropic's API, and instructor over both."""

import asyncio
import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm

from . import openai_sdk

litellm.suppress_debug_info = True


class LiteLlm:
    """`litellm.completion`."""

    def ask(self, task, complete=litellm.completion, content=None, **options):
        messages = [
            {"role": "system", "content": task.system},
            {"role": "user", "content": content or task.text},
        ]
        options = {"messages": messages, "max_tokens": 64, "num_retries": 0} | options
        return complete(
            model=f"{self.provider}/{task.model}",
            api_base=task.base + self.path,
            api_key=task.key,
            max_retries=0,
            **options,
        )

    def chat(self, task):
        answer = self.ask(task)
        choice = answer.choices[0]
        counted = openai_sdk.usage(answer.usage)
        return {
            "text": choice.message.content,
            "finish": choice.finish_reason,
            "usage": counted,
        }

    def stream(self, task):
        chunks = list(self.ask(task, stream=True, stream_options={"include_usage": True}))
        pieces = [c.choices[0].delta.content for c in chunks if c.choices]
        pieces = [piece for piece in pieces if piece]
        counted = [c.usage for c in chunks if getattr(c, "usage", None)]
        counted = openai_sdk.usage(counted[-1])
        return {"text": "".join(pieces), "pieces": len(pieces), "usage": counted}

    def tools(self, task):
        return self.round_trip(task, self.ask)

    def tools_streamed(self, task):
        def ask(task, **options):
            return litellm.stream_chunk_builder(list(self.ask(task, stream=True, **options)))

        return self.round_trip(task, ask)

    def round_trip(self, task, ask):
        messages = [{"role": "user", "content": task.text}]
        tools = [{"type": "function", "function": task.tool}]
        message = ask(task, messages=messages, tools=tools).choices[0].message
        messages += [message, *openai_sdk.result(task, message)]
        answer = ask(task, messages=messages, tools=tools)
        return openai_sdk.called(message, answer.choices[0].message.content)

    def schema(self, task):
        answer = self.ask(task, response_format=openai_sdk.Place)
        return {"object": json.loads(answer.choices[0].message.content)}

    def image(self, task):
        url = {"url": f"data:image/png;base64,{task.image}"}
        content = [{"type": "text", "text": task.text}, {"type": "image_url", "image_url": url}]
        return {"text": self.ask(task, content=content).choices[0].message.content}

    def errors(self, task):
        try:
            answer = self.ask(task, stream=task.streamed)
            list(answer if task.streamed else ())
        except litellm.exceptions.openai.APIError as error:
            return {**openai_sdk.failure(error), "status": error.status_code}

    def broken(self, task):
        text = ""
        try:
            for chunk in self.ask(task, stream=True):
                text += chunk.choices[0].delta.content or ""
        except litellm.exceptions.openai.APIError as error:
            return {**openai_sdk.failure(error), "text": text}

    def cancel(self, task):
        # Only what is asked for asynchronously can be closed.
        async def leave():
            stream = await self.ask(task, litellm.acompletion, stream=True)
            pieces = [await anext(stream) for _ in range(4)]
            await stream.aclose()
            return {"pieces": len(pieces)}

        return asyncio.run(leave())


class OpenAi(LiteLlm):
    """`openai/…` models, and `litellm.embedding`."""

    provider, path = "openai", "/v1"

    def embeddings(self, task):
        answer = litellm.embedding(
            model=f"openai/{task.model}",
            input=task.inputs,
            api_base=f"{task.base}/v1",
            api_key=task.key,
            max_retries=0,
        )
        vectors = [row["embedding"] for row in answer.data]
        return {"vectors": vectors, "tokens": answer.usage.prompt_tokens}


class Anthropic(LiteLlm):
    """`anthropic/…` models."""

    provider, path = "anthropic", ""
