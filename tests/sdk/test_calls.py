"""Calls as a user of the SDK makes them."""

import asyncio

import openai

from conftest import until

MESSAGES = [{"role": "user", "content": "hello"}]


def test_a_call_is_answered(client):
    answer = client.chat.completions.create(model="echo", messages=MESSAGES)
    assert answer.model == "echo"
    assert answer.choices[0].message.content.startswith("echo: hello")
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (9, 3)


def test_the_raw_answer_carries_the_ids(client):
    raw = client.chat.completions.with_raw_response.create(
        model="echo", messages=MESSAGES, extra_headers={"x-litellm-call-id": "mine"}
    )
    assert raw.headers["x-litellm-call-id"] == "mine"
    assert len(raw.headers["x-tollgate-call-id"]) == 36
    assert raw.parse().choices[0].message.role == "assistant"


def test_a_stream_arrives_whole_and_without_usage(client):
    stream = client.chat.completions.create(model="echo", messages=MESSAGES, stream=True)
    chunks = list(stream)
    assert all(chunk.model == "echo" for chunk in chunks)
    assert all(chunk.usage is None for chunk in chunks)
    assert all(chunk.choices for chunk in chunks)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text.startswith("echo: hello")
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_stream_with_usage_ends_with_it(client):
    stream = client.chat.completions.create(
        model="echo", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    *rest, last = list(stream)
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (9, 3)
    assert all(chunk.usage is None for chunk in rest)


def test_the_streaming_helper_gathers_the_answer(client):
    with client.chat.completions.stream(model="echo", messages=MESSAGES) as stream:
        for _event in stream:
            pass
        answer = stream.get_final_completion()
    assert answer.choices[0].message.content.startswith("echo: hello")


def test_parameters_unknown_to_the_gateway_reach_the_upstream(client, upstream):
    client.chat.completions.create(
        model="echo", messages=MESSAGES, seed=7, extra_body={"new_thing": {"deep": [1, None]}}
    )
    body = upstream.calls()[-1]["body"]
    assert body["seed"] == 7
    assert body["new_thing"] == {"deep": [1, None]}


def test_models_are_listed(client):
    assert "echo" in [model.id for model in client.models.list()]


def test_the_asynchronous_client_makes_many_calls_at_once(gateway):
    async def calls():
        async with gateway.client(openai.AsyncOpenAI) as client:

            async def whole(number):
                messages = [{"role": "user", "content": f"n-{number}."}]
                answer = await client.chat.completions.create(model="echo", messages=messages)
                return f"n-{number}." in answer.choices[0].message.content

            async def streamed(number):
                messages = [{"role": "user", "content": f"s-{number}."}]
                stream = await client.chat.completions.create(
                    model="echo", messages=messages, stream=True
                )
                parts = [chunk.choices[0].delta.content or "" async for chunk in stream]
                return f"s-{number}." in "".join(parts)

            made = [call(number) for number in range(25) for call in (whole, streamed)]
            return await asyncio.gather(*made)

    assert all(asyncio.run(calls()))


def test_leaving_a_stream_cancels_the_upstream(client, upstream):
    upstream.release(4)
    stream = client.chat.completions.create(
        model="gated", messages=[{"role": "user", "content": "leaving"}], stream=True
    )
    for _ in range(4):
        next(stream)
    stream.close()

    def cancelled():
        calls = [call for call in upstream.calls() if call["prompt"] == "leaving"]
        return calls and calls[0]["ending"] == "cancelled"

    until("the cancellation", cancelled)
