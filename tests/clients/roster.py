"""All clients, what each speaks, and why some features of some are missing."""

import dataclasses
import functools
import importlib
import importlib.metadata
import json

import parties

# In the order of the table's columns.
FEATURES = {
    "chat": "chat",
    "stream": "stream",
    "tools": "tools",
    "tools_streamed": "tools, streamed",
    "schema": "JSON schema",
    "image": "image",
    "embeddings": "embeddings",
    "errors": "errors",
    "broken": "error in a stream",
    "cancel": "cancel",
}


@dataclasses.dataclass(frozen=True)
class Client:
    """A library, or one of the APIs that it speaks."""

    name: str
    package: str
    speaks: str  # "chat", "responses" or "messages"
    adapter: str | None = None  # "module.Class" of `adapters`; none for clients for Node

    @property
    def native(self):
        """The provider whose API it is."""
        return "anthropic" if self.speaks == "messages" else "openai"

    @property
    def version(self):
        if self.adapter:
            return importlib.metadata.version(self.package)
        manifest = parties.MODULES / "node_modules" / self.package / "package.json"
        return json.loads(manifest.read_text())["version"]

    @property
    def features(self):
        if self.adapter:
            return [feature for feature in FEATURES if hasattr(self.made(), feature)]
        return node_features()[self.name]

    def made(self):
        module, name = self.adapter.split(".")
        return getattr(importlib.import_module(f"adapters.{module}"), name)()

    def run(self, node, feature, task):
        """The outcome of a feature, as `adapters` describes it."""
        if self.adapter:
            return getattr(self.made(), feature)(task)
        return node.run(self.name, feature, task)


node_features = functools.cache(parties.node_features)

CLIENTS = [
    Client("openai, chat", "openai", "chat", "openai_sdk.Chat"),
    Client("openai, responses", "openai", "responses", "openai_sdk.Responses"),
    Client("anthropic", "anthropic", "messages", "anthropic_sdk.Messages"),
    Client("langchain-openai", "langchain-openai", "chat", "langchain.OpenAi"),
    Client("langchain-anthropic", "langchain-anthropic", "messages", "langchain.Anthropic"),
    Client("litellm, `openai/`", "litellm", "chat", "litellm_sdk.OpenAi"),
    Client("litellm, `anthropic/`", "litellm", "messages", "litellm_sdk.Anthropic"),
    Client("instructor, openai", "instructor", "chat", "instructor_sdk.OpenAi"),
    Client("instructor, anthropic", "instructor", "messages", "instructor_sdk.Anthropic"),
    Client("openai chat", "openai", "chat"),
    Client("openai responses", "openai", "responses"),
    Client("@anthropic-ai/sdk", "@anthropic-ai/sdk", "messages"),
    Client("ai, @ai-sdk/openai chat", "@ai-sdk/openai", "chat"),
    Client("ai, @ai-sdk/openai", "@ai-sdk/openai", "responses"),
    Client("ai, @ai-sdk/anthropic", "@ai-sdk/anthropic", "messages"),
]
NO_EMBEDDINGS = "Anthropic's API has no embeddings."
ELSEWHERE = "Embeddings are no part of this API; the library's are in the row for chat."
OBJECTS = (
    "instructor is there for objects: its stream is of a growing one, and the rest is the SDK's."
)


def cannot(client, provider, feature):
    """Why a client cannot have a feature; none if it has it."""
    if feature == "embeddings" and "anthropic" in (client.native, provider):
        return NO_EMBEDDINGS
    if feature in client.features:
        return None
    if feature == "embeddings" and client.speaks == "responses":
        return ELSEWHERE
    assert client.package == "instructor", f"{client.name} lacks {feature}, and nobody says why"
    return OBJECTS


def pairs(direct):
    """Each client with each provider that answers it: only its own, if it asks that directly."""
    providers = parties.MODELS
    return [(c, p) for c in CLIENTS for p in providers if not direct or p == c.native]


def cases(direct):
    """Everything that is tried: client, provider and feature."""
    return [
        (client, provider, feature)
        for client, provider in pairs(direct)
        for feature in FEATURES
        if not cannot(client, provider, feature)
    ]
