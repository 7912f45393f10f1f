"""Every feature of every client, for a model of each provider."""

import itertools

import openai
import pytest

import checks
import parties
import tasks

STATUSES = {"openai": [400, 401, 429, 500], "anthropic": [400, 401, 429, 500, 529]}


def test_a_feature(client, provider, feature, providers, reach, node, table, direct):
    base, key = reach(provider)
    made = tasks.task(feature, base, key, parties.MODELS[provider])
    table.failed.add((client, provider, feature))
    if feature == "errors":
        for status, streamed in itertools.product(STATUSES[provider], [False, True]):
            outcome = client.run(node, feature, tasks.refused(made, status, streamed))
            checks.errors(outcome, status, checks.told(client, status, direct))
            records = providers[provider].take()
            checks.sent(client, provider, feature, records)
    else:
        outcome = client.run(node, feature, made)
        records = providers[provider].take()
        checks.sent(client, provider, feature, records)
        getattr(checks, feature)(outcome, records)
        if feature == "chat":
            checks.finish(client, outcome)
    table.failed.remove((client, provider, feature))
    table.passed.add((client, provider, feature))


def test_embeddings_of_a_provider_without_are_refused(request, providers, direct):
    if direct:
        pytest.skip("the gateway's own answer")
    gateway = request.getfixturevalue("gateway")
    client = openai.OpenAI(base_url=f"{gateway.base}/v1", api_key=gateway.key, max_retries=0)
    with pytest.raises(openai.BadRequestError, match="embeddings"):
        client.embeddings.create(model=parties.MODELS["anthropic"], input="text")
    assert providers["anthropic"].take() == []


@pytest.fixture(autouse=True)
def nothing_is_left(providers):
    yield
    for provider in providers.values():
        provider.take()


def test_the_table_is_the_one_that_is_kept(table):
    if not table.is_whole():
        pytest.skip("only a part of the table was made")
    table.settle()
