"""Anthropic's Python SDK."""

import anthropic

from . import openai_sdk


def connect(task):
    return anthropic.Anthropic(base_url=task.base, api_key=task.key, max_retries=0)


class Messages:
    """`client.messages`."""

    def ask(self, task, content=None, **options):
        messages = [{"role": "user", "content": content or task.text}]
        options = {"messages": messages, "max_tokens": 64, "model": task.model} | options
        return connect(task).messages.create(system=task.system, **options)

    def chat(self, task):
        answer = self.ask(task)
        counted = usage(answer.usage)
        return {"text": text_of(answer), "finish": answer.stop_reason, "usage": counted}

    def stream(self, task):
        messages = [{"role": "user", "content": task.text}]
        asked = {"model": task.model, "max_tokens": 64, "system": task.system}
        with connect(task).messages.stream(messages=messages, **asked) as stream:
            pieces = list(stream.text_stream)
            final = stream.get_final_message()
        return {"text": "".join(pieces), "pieces": len(pieces), "usage": usage(final.usage)}

    def tools(self, task):
        return self.round_trip(task, connect(task).messages.create)

    def tools_streamed(self, task):
        def ask(**asked):
            with connect(task).messages.stream(**asked) as stream:
                return stream.get_final_message()

        return self.round_trip(task, ask)

    def round_trip(self, task, ask):
        tool = {"name": task.tool["name"], "description": task.tool["description"]}
        tool["input_schema"] = task.tool["parameters"]
        asked = {"model": task.model, "max_tokens": 64, "tools": [tool]}
        messages = [{"role": "user", "content": task.text}]
        first = ask(messages=messages, **asked)
        call = next(part for part in first.content if part.type == "tool_use")
        result = {"type": "tool_result", "tool_use_id": call.id, "content": task.weather}
        messages += [
            {"role": "assistant", "content": [part.model_dump() for part in first.content]},
            {"role": "user", "content": [result]},
        ]
        text = text_of(ask(messages=messages, **asked))
        return {"name": call.name, "arguments": call.input, "text": text}

    def schema(self, task):
        messages = [{"role": "user", "content": task.text}]
        parse = connect(task).messages.parse
        answer = parse(
            model=task.model, max_tokens=64, messages=messages, output_format=openai_sdk.Place
        )
        return {"object": answer.parsed_output.model_dump()}

    def image(self, task):
        source = {"type": "base64", "media_type": "image/png", "data": task.image}
        content = [{"type": "image", "source": source}, {"type": "text", "text": task.text}]
        return {"text": text_of(self.ask(task, content))}

    def errors(self, task):
        try:
            self.ask(task, stream=task.streamed)
        except anthropic.APIStatusError as error:
            return {**failure(error), "status": error.status_code}

    def broken(self, task):
        text = ""
        try:
            for event in self.ask(task, stream=True):
                if event.type == "content_block_delta":
                    text += event.delta.text
        except anthropic.APIError as error:
            return {**failure(error), "text": text}

    def cancel(self, task):
        stream = self.ask(task, stream=True)
        pieces = 0
        for event in stream:
            pieces += event.type == "content_block_delta"
            if pieces == 3:
                break
        stream.close()
        return {"pieces": pieces}


def failure(error):
    """As `openai_sdk.failure`. `message` of the SDK is the whole body, printed."""
    return {**openai_sdk.failure(error), "message": error.body["error"]["message"]}


def text_of(answer):
    return "".join(part.text for part in answer.content if part.type == "text")


def usage(counted):
    cached = counted.cache_read_input_tokens or 0
    return [counted.input_tokens + cached, cached, counted.output_tokens]
