"""OpenAI's API: chat completions, embeddings and models. Responses are in the file beside this."""

import array
import base64
import time

from . import openai_responses
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
    400: ("invalid_request_error", "unsupported_value"),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("rate_limit_exceeded", "rate_limit_exceeded"),
}
USAGE = {
    "prompt_tokens": INPUT,
    "completion_tokens": OUTPUT,
    "total_tokens": INPUT + OUTPUT,
    "prompt_tokens_details": {"cached_tokens": CACHED, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
VECTORS = [[0.5, -0.25, 1.0], [0.125, 0.75, -1.0]]


def answer(exchange):
    path = exchange.path.partition("?")[0]
    if path == "/v1/chat/completions":
        chat(exchange, exchange.record.body)
    elif path == "/v1/responses":
        body = exchange.record.body
        decided = decide(openai_responses.ask_of(body))
        if isinstance(decided, Refuse):
            refuse(exchange, decided)
        else:
            openai_responses.respond(exchange, body, decided)
    elif path == "/v1/embeddings":
        embeddings(exchange, exchange.record.body)
    else:
        exchange.whole(404, error(f"Unknown request URL: {path}", *KINDS[404]))


def error(message, kind, code):
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def refuse(exchange, refusal):
    kind, code = KINDS.get(refusal.status, ("server_error", None))
    # Its own words for this one: libraries look for them.
    before = "Incorrect API key provided: " if refusal.status == 401 else ""
    headers = [("x-request-id", "req_scripted")]
    exchange.whole(refusal.status, error(before + refusal.message, kind, code), headers)


# --- chat completions ---


def chat(exchange, body):
    decided = decide(ask_of(body))
    if isinstance(decided, Refuse):
        refuse(exchange, decided)
    elif body.get("stream"):
        stream(exchange, body, decided)
    else:
        choice = {"index": 0, "message": message(decided), "logprobs": None}
        choice["finish_reason"] = finish(decided)
        exchange.whole(200, {**head("chat.completion", body), "choices": [choice], "usage": USAGE})


def ask_of(body):
    ask = Ask(schema=body.get("response_format", {}).get("json_schema", {}).get("schema"))
    for part in body["messages"]:
        role, content = part["role"], part.get("content") or ""
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        text = "".join(piece["text"] for piece in parts if piece["type"] == "text")
        if role in ("system", "developer"):
            ask.system += text
        elif role == "tool":
            ask.results.append(text)
        elif role == "user":
            ask.text, ask.results = text, []
            urls = [piece["image_url"]["url"] for piece in parts if piece["type"] == "image_url"]
            ask.images += [data_url(url) for url in urls]
    for tool in body.get("tools") or []:
        ask.tools[tool["function"]["name"]] = tool["function"]["parameters"]
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        ask.forced = choice["function"]["name"]
    elif choice == "none":
        ask.tools = {}
    return ask


def data_url(url):
    head, _, data = url.partition(";base64,")
    return head.removeprefix("data:"), base64.b64decode(data, validate=True)


def head(kind, body):
    return {
        "id": "chatcmpl-scripted",
        "object": kind,
        "created": int(time.time()),
        "model": body["model"] + "-2026-01-01",
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
    }


def finish(decided):
    return "tool_calls" if isinstance(decided, Call) else "stop"


def message(decided):
    base = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
    if isinstance(decided, Call):
        function = {"name": decided.name, "arguments": "".join(decided.pieces())}
        return base | {"tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    return base | {"content": "".join(decided.pieces)}


def stream(exchange, body, decided):
    common = head("chat.completion.chunk", body)
    counted = (body.get("stream_options") or {}).get("include_usage")

    def send(delta, finish_reason=None):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        exchange.event({**common, "choices": [choice], **({"usage": None} if counted else {})})

    exchange.begin_events()
    send_pieces(exchange, decided, send)
    if isinstance(decided, Break):
        exchange.event(error(decided.message, "server_error", None))
        return exchange.end_events()
    send({}, finish(decided))
    if counted:
        exchange.event({**common, "choices": [], "usage": USAGE})
    exchange.event("[DONE]")
    return exchange.end_events()


def send_pieces(exchange, decided, send):
    if isinstance(decided, Call):
        function = {"name": decided.name, "arguments": ""}
        call = {"index": 0, "id": "call_1", "type": "function", "function": function}
        send({"role": "assistant", "content": None, "tool_calls": [call], "refusal": None})
        for piece in decided.pieces():
            send({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        return
    send({"role": "assistant", "content": "", "refusal": None})
    while isinstance(decided, Endless) and exchange.stays():
        send({"content": "more "})
    for piece in decided.pieces:
        send({"content": piece})


# --- embeddings ---


def embeddings(exchange, body):
    inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
    refused = [decide(Ask(text=text)) for text in inputs if isinstance(text, str)]
    for decided in refused:
        if isinstance(decided, Refuse):
            return refuse(exchange, decided)
    packed = body.get("encoding_format") == "base64"
    rows = []
    for index, vector in zip(range(len(inputs)), VECTORS):
        value = base64.b64encode(array.array("f", vector).tobytes()).decode() if packed else vector
        rows.append({"object": "embedding", "index": index, "embedding": value})
    usage = {"prompt_tokens": INPUT, "total_tokens": INPUT}
    answered = {"object": "list", "data": rows, "model": body["model"], "usage": usage}
    return exchange.whole(200, answered)
