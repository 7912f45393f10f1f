"""What both providers say, decided from what they are asked and told in no provider's words."""

import dataclasses
import json
import re

WEATHER = "Rain in Ghent, 12 degrees."
# What every answer counts: `INPUT` is all of the prompt, and `CACHED` of it came from a cache.
INPUT, CACHED, OUTPUT = 14, 3, 7
REFUSE = "refuse with "
BREAK = "break off"
ENDLESS = "never end"


@dataclasses.dataclass
class Ask:
    """A request, reduced to what answers depend on."""

    text: str = ""
    system: str = ""
    images: list = dataclasses.field(default_factory=list)  # of (media type, bytes)
    results: list = dataclasses.field(default_factory=list)  # texts of tools' results
    tools: dict = dataclasses.field(default_factory=dict)  # name to JSON schema
    forced: str | None = None  # the tool that has to be called
    schema: dict | None = None  # that the answer has to fit


@dataclasses.dataclass
class Say:
    """A text, which a stream carries in these pieces."""

    pieces: list


@dataclasses.dataclass
class Call:
    """One tool's call, whose arguments a stream carries in these pieces of JSON."""

    name: str
    arguments: dict

    def pieces(self):
        text = json.dumps(self.arguments)
        return [text[at : at + 7] for at in range(0, len(text), 7)]


@dataclasses.dataclass
class Refuse:
    """An error with this HTTP status, instead of any answer."""

    status: int

    @property
    def message(self):
        return f"scripted refusal {self.status}"


@dataclasses.dataclass
class Break:
    """A text that an error ends, in the middle of a stream."""

    pieces: list
    message: str = "scripted break"


@dataclasses.dataclass
class Endless:
    """A stream that ends only when the other side leaves."""


def decide(ask):
    """The provider's answer to a request."""
    if REFUSE in ask.text:
        return Refuse(int(re.search(rf"{REFUSE}(\d+)", ask.text).group(1)))
    if BREAK in ask.text:
        return Break(["one ", "two "])
    if ENDLESS in ask.text:
        return Endless()
    if ask.schema is not None:
        return say(json.dumps(fitting(ask.schema)))
    if ask.results:
        return say("the tool said: " + " | ".join(ask.results))
    if ask.tools:
        name = ask.forced or next(iter(ask.tools))
        return Call(name, fitting(ask.tools[name]))
    if ask.images:
        seen = ", ".join(f"{media} of {len(data)} bytes" for media, data in ask.images)
        return say(f"seen: {seen}")
    return say(f"echo: {ask.text} [{ask.system}]")


def say(text):
    return Say(re.findall(r"\S+\s*|\s+", text))


def fitting(schema, root=None):
    """A value that fits a JSON schema: the same one for the same schema."""
    root = root or schema
    if "$ref" in schema:
        found = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return fitting(found, root)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema:
        return fitting(schema["anyOf"][0], root)
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: fitting(part, root) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [fitting(schema["items"], root)]
    return {"string": "Ghent", "integer": 12, "number": 12.5, "boolean": True}[kind]
