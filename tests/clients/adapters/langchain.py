"""LangChain over OpenAI's and over Anthropic's API."""

import langchain_anthropic
import langchain_core.messages
import langchain_openai

from . import anthropic_sdk, openai_sdk


class Chain:
    """What both chat models share: the whole of LangChain's own surface."""

    def ask(self, task):
        return [("system", task.system), ("user", task.text)]

    def chat(self, task):
        answer = self.model(task).invoke(self.ask(task))
        told = answer.response_metadata
        finish = told.get("finish_reason") or told.get("stop_reason")
        return {"text": answer.text, "finish": finish, "usage": usage(answer)}

    def stream(self, task):
        chunks = list(self.model(task, stream_usage=True).stream(self.ask(task)))
        pieces = [chunk.text for chunk in chunks if chunk.text]
        return {"text": "".join(pieces), "pieces": len(pieces), "usage": usage(total(chunks))}

    def tools(self, task):
        return self.round_trip(task, lambda model, messages: model.invoke(messages))

    def tools_streamed(self, task):
        return self.round_trip(task, lambda model, messages: total(list(model.stream(messages))))

    def round_trip(self, task, ask):
        model = self.model(task).bind_tools([{"type": "function", "function": task.tool}])
        messages = [("user", task.text)]
        message = ask(model, messages)
        call = message.tool_calls[0]
        result = langchain_core.messages.ToolMessage(task.weather, tool_call_id=call["id"])
        answer = ask(model, [*messages, message, result])
        return {"name": call["name"], "arguments": call["args"], "text": answer.text}

    def schema(self, task):
        model = self.model(task).with_structured_output(openai_sdk.Place, method="json_schema")
        return {"object": model.invoke(task.text).model_dump()}

    def image(self, task):
        image = {"type": "image", "base64": task.image, "mime_type": "image/png"}
        content = [{"type": "text", "text": task.text}, image]
        return {"text": self.model(task).invoke([{"role": "user", "content": content}]).text}

    def cancel(self, task):
        stream = self.model(task).stream(self.ask(task))
        pieces = 0
        for chunk in stream:
            pieces += bool(chunk.text)
            if pieces == 3:
                break
        stream.close()
        return {"pieces": pieces}

    def errors(self, task):
        model = self.model(task)
        try:
            list(model.stream(self.ask(task))) if task.streamed else model.invoke(self.ask(task))
        except self.status_error as error:
            return {**self.failure(error), "status": error.status_code}

    def broken(self, task):
        text = ""
        try:
            for chunk in self.model(task).stream(self.ask(task)):
                text += chunk.text
        except self.error as error:
            return {**self.failure(error), "text": text}


class OpenAi(Chain):
    """`ChatOpenAI` and `OpenAIEmbeddings`."""

    status_error = openai_sdk.openai.APIStatusError
    error = openai_sdk.openai.APIError
    failure = staticmethod(openai_sdk.failure)

    def model(self, task, **options):
        made = {"base_url": f"{task.base}/v1", "api_key": task.key, "max_retries": 0}
        return langchain_openai.ChatOpenAI(model=task.model, max_tokens=64, **made, **options)

    def embeddings(self, task):
        made = {"base_url": f"{task.base}/v1", "api_key": task.key, "max_retries": 0}
        # Without the check it sends texts; with it, tokens that another model would not know.
        embedder = langchain_openai.OpenAIEmbeddings(
            model=task.model, check_embedding_ctx_length=False, **made
        )
        return {"vectors": embedder.embed_documents(task.inputs), "tokens": None}


class Anthropic(Chain):
    """`ChatAnthropic`."""

    status_error = anthropic_sdk.anthropic.APIStatusError
    error = anthropic_sdk.anthropic.APIError
    failure = staticmethod(anthropic_sdk.failure)

    def model(self, task, **options):
        made = {"base_url": task.base, "api_key": task.key, "max_retries": 0}
        return langchain_anthropic.ChatAnthropic(model=task.model, max_tokens=64, **made, **options)


def total(chunks):
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return whole


def usage(answer):
    counted = answer.usage_metadata
    cached = counted.get("input_token_details", {}).get("cache_read", 0)
    return [counted["input_tokens"], cached, counted["output_tokens"]]
