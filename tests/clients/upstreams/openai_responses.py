"""OpenAI's Responses API, whole and streamed."""

import json
import time

from .script import CACHED, INPUT, OUTPUT, Ask, Break, Call, Endless

USAGE = {
    "input_tokens": INPUT,
    "input_tokens_details": {"cached_tokens": CACHED},
    "output_tokens": OUTPUT,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": INPUT + OUTPUT,
}


def ask_of(body):
    from .openai_api import data_url

    ask = Ask(system=body.get("instructions") or "")
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    for item in items:
        if item.get("type") == "function_call_output":
            ask.results.append(text_of(item["output"]))
        elif item.get("role") in ("system", "developer"):
            ask.system += text_of(item["content"])
        elif item.get("role") == "user":
            ask.text, ask.results = text_of(item["content"]), []
            if not isinstance(item["content"], str):
                parts = [part for part in item["content"] if part["type"] == "input_image"]
                ask.images += [data_url(part["image_url"]) for part in parts]
    for tool in body.get("tools") or []:
        ask.tools[tool["name"]] = tool["parameters"]
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        ask.forced = choice["name"]
    format_ = (body.get("text") or {}).get("format") or {}
    if format_.get("type") == "json_schema":
        ask.schema = format_["schema"]
    return ask


def text_of(content):
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def respond(exchange, body, decided):
    if body.get("stream"):
        return Stream(exchange, body).run(decided)
    return exchange.whole(200, response(body, "completed", [item(decided)], USAGE))


def response(body, status, output, usage):
    return {
        "id": "resp_scripted",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": None,
        "model": body["model"] + "-2026-01-01",
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": 1.0,
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": body.get("tools") or [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage,
        "user": None,
        "metadata": {},
    }


def part(text):
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def item(decided, status="completed"):
    if isinstance(decided, Call):
        text = json.dumps(decided.arguments) if status == "completed" else ""
        call = {"call_id": "call_1", "name": decided.name, "arguments": text}
        return {"id": "fc_1", "type": "function_call", "status": status, **call}
    content = [part("".join(decided.pieces))] if status == "completed" else []
    base = {"id": "msg_1", "type": "message", "status": status, "role": "assistant"}
    return {**base, "content": content}


class Stream:
    """The events of one streamed response, numbered."""

    def __init__(self, exchange, body):
        self.exchange, self.body, self.number = exchange, body, 0

    def send(self, kind, **members):
        event = {"type": kind, "sequence_number": self.number, **members}
        self.number += 1
        self.exchange.event(event, kind)

    def run(self, decided):
        self.exchange.begin_events()
        begun = response(self.body, "in_progress", [], None)
        self.send("response.created", response=begun)
        self.send("response.in_progress", response=begun)
        self.send("response.output_item.added", output_index=0, item=item(decided, "in_progress"))
        if isinstance(decided, Call):
            self.call(decided)
        else:
            self.text(decided)
        if isinstance(decided, Break):
            self.send("error", code="server_error", message=decided.message, param=None)
        else:
            done = item(decided)
            self.send("response.output_item.done", output_index=0, item=done)
            ended = response(self.body, "completed", [done], USAGE)
            self.send("response.completed", response=ended)
        self.exchange.end_events()

    def call(self, decided):
        where = {"item_id": "fc_1", "output_index": 0}
        for piece in decided.pieces():
            self.send("response.function_call_arguments.delta", **where, delta=piece)
        text = json.dumps(decided.arguments)
        named = {"name": decided.name, "arguments": text}
        self.send("response.function_call_arguments.done", **where, **named)

    def text(self, decided):
        where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        delta = "response.output_text.delta"
        self.send("response.content_part.added", **where, part=part(""))
        while isinstance(decided, Endless) and self.exchange.stays():
            self.send(delta, **where, delta="more ", logprobs=[])
        for piece in decided.pieces:
            self.send(delta, **where, delta=piece, logprobs=[])
        if not isinstance(decided, Break):
            text = "".join(decided.pieces)
            self.send("response.output_text.done", **where, text=text, logprobs=[])
            self.send("response.content_part.done", **where, part=part(text))
