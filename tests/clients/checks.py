"""What has to be true of a feature: of what a client returned and a provider was sent."""

import re

import parties
import tasks
from upstreams import openai_api, script

PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
ENDS = {"chat": "stop", "responses": "completed", "messages": "end_turn"}
# Libraries with one word for it over all APIs.
OWN_WORDS = {"litellm", "@ai-sdk/openai", "@ai-sdk/anthropic"}
CALLED = {"city": "Ghent", "days": 12}
# What the scripted providers make of the schema of a place.
PLACE = {"city": "Ghent", "population": 12, "rainy": True}
USAGE = [script.INPUT, script.CACHED, script.OUTPUT]
ASKED = {"tools": 2, "tools_streamed": 2}


def path_of(client, provider, feature):
    """Where the provider is asked: in the client's own API if it is the provider's."""
    if feature == "embeddings":
        return "/v1/embeddings"
    if client.native == provider:
        return PATHS[client.speaks]
    return PATHS["messages" if provider == "anthropic" else "chat"]


def sent(client, provider, feature, records):
    """The provider was asked as often as needed, in its own API, with its own key."""
    path = path_of(client, provider, feature)
    assert [record.path.partition("?")[0] for record in records] == [path] * ASKED.get(feature, 1)
    for record in records:
        key = record.headers.get("x-api-key") or record.headers["authorization"][len("Bearer ") :]
        assert key == parties.PROVIDER_KEY
        wanted = parties.EMBEDDER if feature == "embeddings" else parties.MODELS[provider]
        assert record.body["model"] == wanted


def chat(outcome, records):
    assert outcome["text"] == "echo: Hello there, é ☂. [Be brief.]"
    assert outcome["usage"] == USAGE
    body = records[0].body
    names = {"max_tokens", "max_completion_tokens", "max_output_tokens"} & body.keys()
    assert [body[name] for name in names] == [64]


def finish(client, outcome):
    """The answer ended by itself, in the word of the client's API."""
    assert outcome["finish"] == ("stop" if client.package in OWN_WORDS else ENDS[client.speaks])


def stream(outcome, records):
    assert records[0].body["stream"] is True
    assert outcome["pieces"] > 3
    if "object" in outcome:
        return schema(outcome, records)
    assert outcome["text"] == "echo: Hello there, é ☂. [Be brief.]"
    assert outcome["usage"] == USAGE


def tools(outcome, records):
    assert (outcome["name"], outcome["arguments"]) == ("weather", CALLED)
    assert outcome["text"] == f"the tool said: {script.WEATHER}"
    for record in records:
        tool = record.body["tools"][0]
        tool = tool.get("function", tool)
        assert tool["description"] == tasks.TOOL["description"]
        properties = (tool.get("parameters") or tool.get("input_schema"))["properties"]
        assert properties.keys() == {"city", "days"}


def tools_streamed(outcome, records):
    assert all(record.body["stream"] for record in records)
    tools(outcome, records)


def schema(outcome, records):
    assert outcome["object"] == PLACE


def image(outcome, records):
    assert outcome["text"] == f"seen: image/png of {tasks.IMAGE_BYTES} bytes"


def embeddings(outcome, records):
    assert outcome["vectors"] == openai_api.VECTORS
    assert outcome["tokens"] in (script.INPUT, None)
    assert records[0].body["input"] == ["one text", "another"]


def broken(outcome, records):
    assert outcome["text"] == "one two "
    assert "scripted break" in outcome["message"]


def cancel(outcome, records):
    assert outcome["pieces"] >= 3
    parties.until("the provider's notice", lambda: records[0].ending == "left")


# What the classes of exceptions are called for each status, in the words of all libraries.
CLASSES = {
    400: r"BadRequestError|APICallError",
    401: r"AuthenticationError|APICallError",
    429: r"RateLimitError|APICallError",
    500: r"InternalServerError|APICallError",
    529: r"InternalServerError|OverloadedError|APICallError",
}


def told(client, status, direct):
    """What a provider's status is to a client: LiteLLM and the gateway tell an overload as 500."""
    return 500 if status == 529 and (not direct or client.package == "litellm") else status


def errors(outcome, status, told):
    assert outcome is not None, f"{status} did not raise"
    assert any(re.fullmatch(CLASSES[status], kind) for kind in outcome["types"]), outcome
    assert outcome["status"] == told, outcome
    assert f"scripted refusal {status}" in outcome["message"], outcome
