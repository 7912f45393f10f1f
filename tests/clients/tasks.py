"""What the clients are asked to do."""

import types

import parties
from upstreams import script

SYSTEM = "Be brief."
TOOL = {
    "name": "weather",
    "description": "Tells the weather of the next days.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
        "additionalProperties": False,
    },
}
# A picture of one pixel.
IMAGE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
IMAGE_BYTES = 70
TEXTS = {
    "tools": "How will the weather be?",
    "tools_streamed": "How will the weather be?",
    "schema": "Name a place.",
    "image": "What is in it?",
    "broken": f"Please {script.BREAK}.",
    "cancel": f"Please {script.ENDLESS}.",
}


def task(feature, base, key, model):
    """One feature's task."""
    model = parties.EMBEDDER if feature == "embeddings" else model
    return types.SimpleNamespace(
        base=base,
        key=key,
        model=model,
        text=TEXTS.get(feature, "Hello there, é ☂."),
        system=SYSTEM,
        tool=TOOL,
        weather=script.WEATHER,
        image=IMAGE,
        inputs=["one text", "another"],
        streamed=False,
    )


def refused(made, status, streamed):
    made.streamed = streamed
    made.text = f"Please {script.REFUSE}{status}."
    return made
