"""Errors become the SDK's own exceptions, and its retries work."""

import openai
import pytest

MESSAGES = [{"role": "user", "content": "hello"}]


def create(client, model, **options):
    return client.chat.completions.create(model=model, messages=MESSAGES, **options)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("model", "exception", "status"),
    [
        ("err-400", openai.BadRequestError, 400),
        ("err-401", openai.AuthenticationError, 401),
        ("err-403", openai.PermissionDeniedError, 403),
        ("err-404", openai.NotFoundError, 404),
        ("err-429", openai.RateLimitError, 429),
        ("err-500", openai.InternalServerError, 500),
        ("err-503", openai.InternalServerError, 503),
    ],
)
def test_an_upstreams_error_is_the_sdks_exception(client, model, exception, status, stream):
    with pytest.raises(exception) as caught:
        create(client, model, stream=stream)
    assert caught.value.status_code == status
    assert f"scripted upstream error {status}" in caught.value.message
    assert caught.value.body["code"] == str(status)


def test_an_unknown_model_is_a_bad_request(client):
    with pytest.raises(openai.BadRequestError):
        create(client, "nope")


def test_a_wrong_key_is_an_authentication_error(gateway):
    with gateway.client(api_key="sk-nobody-made-this-one") as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            create(client, "echo")
    assert caught.value.type == "token_not_found_in_db"


def test_a_key_for_other_models_is_a_permission_error(gateway):
    with gateway.client(api_key=gateway.key(models=["exact"])) as client:
        with pytest.raises(openai.PermissionDeniedError):
            create(client, "echo")


def test_a_rate_limit_is_a_rate_limit_error(gateway):
    with gateway.client(api_key=gateway.key(rpm_limit=1)) as client:
        create(client, "echo")
        with pytest.raises(openai.RateLimitError) as caught:
            create(client, "echo")
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 60


def test_a_budget_that_is_used_up_is_an_unprocessable_entity(gateway):
    with gateway.client(api_key=gateway.key(max_budget=0.0)) as client:
        with pytest.raises(openai.UnprocessableEntityError) as caught:
            create(client, "echo", max_tokens=1)
    assert caught.value.type == "budget_exceeded"


@pytest.mark.parametrize(
    ("model", "tries"), [("flaky-1-429", 2), ("flaky-2-500", 3), ("flaky-1-503", 2)]
)
def test_the_sdks_retries_come_through(gateway, upstream, model, tries):
    before = len(upstream.calls())
    with gateway.client(max_retries=2) as client:
        answer = create(client, model)
    assert answer.choices[0].message.content.startswith("echo: hello")
    assert len(upstream.calls()) - before == tries, "the gateway must not hide retries"


def test_the_clients_timeout_is_a_timeout_error(gateway):
    with gateway.client(timeout=0.5) as client:
        with pytest.raises(openai.APITimeoutError):
            create(client, "slow")


@pytest.mark.parametrize("model", ["cut", "midstream-error"])
def test_a_broken_stream_raises_instead_of_stopping(client, model):
    parts = []
    with pytest.raises(openai.APIError):
        for chunk in create(client, model, stream=True):
            parts.append(chunk.choices[0].delta.content or "")
            assert chunk.choices[0].finish_reason is None
    assert "".join(parts).startswith("echo: hello")
