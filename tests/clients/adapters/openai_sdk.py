"""OpenAI's Python SDK: chat completions with embeddings, and responses."""

import json

import openai
import pydantic


class Place(pydantic.BaseModel):
    city: str
    population: int
    rainy: bool


def connect(task):
    return openai.OpenAI(base_url=f"{task.base}/v1", api_key=task.key, max_retries=0)


def failure(error):
    """The classes of an error, its own first, and what it says."""
    types = [kind.__name__ for kind in type(error).__mro__]
    return {"types": types, "message": error.message}


class Chat:
    """`client.chat.completions` and `client.embeddings`."""

    def ask(self, task, content=None, **options):
        system = {"role": "system", "content": task.system}
        messages = [system, {"role": "user", "content": content or task.text}]
        options = {"model": task.model, "max_completion_tokens": 64} | options
        create = connect(task).chat.completions.create
        return create(**({"messages": messages} | options))

    def chat(self, task):
        answer = self.ask(task)
        choice = answer.choices[0]
        return {
            "text": choice.message.content,
            "finish": choice.finish_reason,
            "usage": usage(answer.usage),
        }

    def stream(self, task):
        chunks = list(self.ask(task, stream=True, stream_options={"include_usage": True}))
        pieces = [c.choices[0].delta.content for c in chunks if c.choices]
        pieces = [piece for piece in pieces if piece]
        return {"text": "".join(pieces), "pieces": len(pieces), "usage": usage(chunks[-1].usage)}

    def tools(self, task):
        messages = [{"role": "user", "content": task.text}]
        asked = {"model": task.model, "tools": [{"type": "function", "function": task.tool}]}
        create = connect(task).chat.completions.create
        message = create(messages=messages, **asked).choices[0].message
        answer = create(messages=[*messages, message, *result(task, message)], **asked)
        return called(message, answer.choices[0].message.content)

    def tools_streamed(self, task):
        messages = [{"role": "user", "content": task.text}]
        asked = {"model": task.model, "tools": [{"type": "function", "function": task.tool}]}
        completions = connect(task).chat.completions
        with completions.stream(messages=messages, **asked) as stream:
            message = stream.get_final_completion().choices[0].message
        given = message.model_dump(exclude_none=True, exclude={"parsed"})
        for call in given["tool_calls"]:
            call["function"].pop("parsed_arguments", None)
        messages += [given, *result(task, message)]
        with completions.stream(messages=messages, **asked) as stream:
            answer = stream.get_final_completion()
        return called(message, answer.choices[0].message.content)

    def schema(self, task):
        messages = [{"role": "user", "content": task.text}]
        parse = connect(task).chat.completions.parse
        answer = parse(model=task.model, messages=messages, response_format=Place)
        return {"object": answer.choices[0].message.parsed.model_dump()}

    def image(self, task):
        url = {"url": f"data:image/png;base64,{task.image}"}
        content = [{"type": "text", "text": task.text}, {"type": "image_url", "image_url": url}]
        return {"text": self.ask(task, content).choices[0].message.content}

    def embeddings(self, task):
        answer = connect(task).embeddings.create(model=task.model, input=task.inputs)
        vectors = [row.embedding for row in answer.data]
        return {"vectors": vectors, "tokens": answer.usage.prompt_tokens}

    def errors(self, task):
        try:
            self.ask(task, stream=task.streamed)
        except openai.APIStatusError as error:
            return {**failure(error), "status": error.status_code}

    def broken(self, task):
        text = ""
        try:
            for chunk in self.ask(task, stream=True):
                text += chunk.choices[0].delta.content or ""
        except openai.APIError as error:
            return {**failure(error), "text": text}

    def cancel(self, task):
        stream = self.ask(task, stream=True)
        pieces = [next(stream).choices[0].delta.content for _ in range(4)]
        stream.close()
        return {"pieces": len(pieces)}


class Responses:
    """`client.responses`."""

    def ask(self, task, **options):
        options = {"input": task.text, "model": task.model, "store": False} | options
        create = connect(task).responses.create
        return create(instructions=task.system, max_output_tokens=64, **options)

    def chat(self, task):
        answer = self.ask(task)
        counted = response_usage(answer.usage)
        return {"text": answer.output_text, "finish": answer.status, "usage": counted}

    def stream(self, task):
        events = list(self.ask(task, stream=True))
        pieces = [e.delta for e in events if e.type == "response.output_text.delta"]
        counted = response_usage(events[-1].response.usage)
        return {"text": "".join(pieces), "pieces": len(pieces), "usage": counted}

    def tools(self, task):
        return self.round_trip(task, lambda **asked: self.ask(task, **asked))

    def tools_streamed(self, task):
        def ask(**asked):
            return list(self.ask(task, stream=True, **asked))[-1].response

        return self.round_trip(task, ask)

    def round_trip(self, task, ask):
        tools = [{"type": "function", "strict": False, **task.tool}]
        given = [{"role": "user", "content": task.text}]
        first = ask(input=given, tools=tools)
        call = first.output[0]
        output = {"type": "function_call_output", "call_id": call.call_id, "output": task.weather}
        called_ = call.model_dump(exclude_none=True)
        answer = ask(input=[*given, called_, output], tools=tools)
        arguments = json.loads(call.arguments)
        return {"name": call.name, "arguments": arguments, "text": answer.output_text}

    def schema(self, task):
        parse = connect(task).responses.parse
        answer = parse(model=task.model, input=task.text, text_format=Place, store=False)
        return {"object": answer.output_parsed.model_dump()}

    def image(self, task):
        image = {"type": "input_image", "image_url": f"data:image/png;base64,{task.image}"}
        content = [{"type": "input_text", "text": task.text}, {**image, "detail": "auto"}]
        return {"text": self.ask(task, input=[{"role": "user", "content": content}]).output_text}

    def errors(self, task):
        try:
            self.ask(task, stream=task.streamed)
        except openai.APIStatusError as error:
            return {**failure(error), "status": error.status_code}

    def broken(self, task):
        text, told = "", None
        try:
            for event in self.ask(task, stream=True):
                text += event.delta if event.type == "response.output_text.delta" else ""
                if event.type == "error":
                    told = {"message": event.message}
                elif event.type == "response.failed":
                    told = {"message": event.response.error.message}
        except openai.APIError as error:
            told = failure(error)
        return {**told, "text": text}

    def cancel(self, task):
        stream = self.ask(task, stream=True)
        pieces = 0
        for event in stream:
            pieces += event.type == "response.output_text.delta"
            if pieces == 3:
                break
        stream.close()
        return {"pieces": pieces}


def usage(counted):
    details = counted.prompt_tokens_details
    cached = details.cached_tokens if details else 0
    return [counted.prompt_tokens, cached, counted.completion_tokens]


def response_usage(counted):
    cached = counted.input_tokens_details.cached_tokens
    return [counted.input_tokens, cached, counted.output_tokens]


def result(task, message):
    calls = message.tool_calls
    return [{"role": "tool", "tool_call_id": c.id, "content": task.weather} for c in calls]


def called(message, text):
    function = message.tool_calls[0].function
    return {"name": function.name, "arguments": json.loads(function.arguments), "text": text}
