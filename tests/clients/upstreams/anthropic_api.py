"""Anthropic's Messages API, whole and streamed."""

import base64

from .script import (
    CACHED,
    INPUT,
    OUTPUT,
    Ask,
    Break,
    Call,
    Endless,
    Refuse,
    decide,
)

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
COUNTED = {
    "input_tokens": INPUT - CACHED,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": CACHED,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "service_tier": "standard",
}


def answer(exchange):
    path = exchange.path.partition("?")[0]
    body = exchange.record.body
    if path != "/v1/messages":
        return exchange.whole(404, error("not_found_error", f"Not found: {path}"))
    if "anthropic-version" not in exchange.record.headers:
        return exchange.whole(400, error(KINDS[400], "anthropic-version: header is required"))
    if "max_tokens" not in body:
        return exchange.whole(400, error(KINDS[400], "max_tokens: Field required"))
    decided = decide(ask_of(body))
    if isinstance(decided, Refuse):
        kind = KINDS.get(decided.status, "api_error")
        return exchange.whole(decided.status, error(kind, decided.message))
    if body.get("stream"):
        return stream(exchange, body, decided)
    whole = {**message(body), "content": [block(decided)], "stop_reason": reason(decided)}
    return exchange.whole(200, {**whole, "usage": {**COUNTED, "output_tokens": OUTPUT}})


def error(kind, text):
    told = {"type": kind, "message": text}
    return {"type": "error", "error": told, "request_id": "req_scripted"}


# --- what is asked ---


def ask_of(body):
    ask = Ask(system=text_of(body.get("system") or ""))
    for message_ in body["messages"]:
        content = message_["content"]
        if message_["role"] == "user":
            parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
            results = [part for part in parts if part["type"] == "tool_result"]
            ask.results = [text_of(part["content"]) for part in results]
            ask.text = text_of(content) if not results else ask.text
            images = [part["source"] for part in parts if part["type"] == "image"]
            ask.images += [image(source) for source in images]
    for tool in body.get("tools") or []:
        ask.tools[tool["name"]] = tool["input_schema"]
    choice = body.get("tool_choice") or {}
    ask.forced = choice.get("name")
    if choice.get("type") == "none":
        ask.tools = {}
    format_ = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    ask.schema = format_.get("schema")
    return ask


def text_of(content):
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part["type"] == "text")


def image(source):
    return source["media_type"], base64.b64decode(source["data"], validate=True)


# --- what is answered ---


def message(body):
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**COUNTED, "output_tokens": 1},
    }


def block(decided):
    if isinstance(decided, Call):
        call = {"id": "toolu_1", "name": decided.name, "input": decided.arguments}
        return {"type": "tool_use", **call}
    return {"type": "text", "text": "".join(decided.pieces)}


def reason(decided):
    return "tool_use" if isinstance(decided, Call) else "end_turn"


def stream(exchange, body, decided):
    def send(name, **members):
        exchange.event({"type": name, **members}, name)

    exchange.begin_events()
    send("message_start", message=message(body))
    called = isinstance(decided, Call)
    opened = {**block(decided), "input": {}} if called else {"type": "text", "text": ""}
    send("content_block_start", index=0, content_block=opened)
    send("ping")
    while isinstance(decided, Endless) and exchange.stays():
        send("content_block_delta", index=0, delta={"type": "text_delta", "text": "more "})
    for piece in decided.pieces() if called else decided.pieces:
        json_, text = {"partial_json": piece}, {"text": piece}
        delta = {"type": "input_json_delta", **json_} if called else {"type": "text_delta", **text}
        send("content_block_delta", index=0, delta=delta)
    if isinstance(decided, Break):
        exchange.event(error("overloaded_error", decided.message), "error")
        return exchange.end_events()
    send("content_block_stop", index=0)
    ended = {"stop_reason": reason(decided), "stop_sequence": None}
    send("message_delta", delta=ended, usage={**COUNTED, "output_tokens": OUTPUT})
    send("message_stop")
    return exchange.end_events()
