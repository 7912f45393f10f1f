"""The parties of the run, started once, and one test for each client, provider and feature."""

import pathlib
import tempfile

import pytest

import parties
import results
import roster
from upstreams import anthropic_api, openai_api
from upstreams.server import Provider


def pytest_addoption(parser):
    parser.addoption("--direct", action="store_true", help="no gateway between")


@pytest.fixture(scope="session")
def providers():
    made = {"openai": Provider(openai_api.answer), "anthropic": Provider(anthropic_api.answer)}
    yield made
    for provider in made.values():
        provider.stop()


@pytest.fixture(scope="session")
def gateway(providers):
    with tempfile.TemporaryDirectory(prefix="tollgate-clients-") as folder:
        gateway = parties.Gateway(**providers, folder=pathlib.Path(folder))
        yield gateway
        gateway.stop()
        assert "panicked at" not in gateway.log.read_text()


@pytest.fixture(scope="session")
def direct(request):
    """Whether there is no gateway between."""
    return request.config.getoption("direct")


@pytest.fixture
def reach(request, providers, direct):
    """How a provider is reached: base and key."""
    if direct:
        return lambda provider: (providers[provider].base, parties.PROVIDER_KEY)
    gateway = request.getfixturevalue("gateway")
    return lambda provider: (gateway.base, gateway.key)


@pytest.fixture(scope="session")
def node():
    node = parties.Node()
    yield node
    node.stop()


@pytest.fixture(scope="session")
def table():
    return results.Table()


def pytest_generate_tests(metafunc):
    if "feature" in metafunc.fixturenames:
        cases = [
            pytest.param(client, provider, feature, id=f"{client.name}-{provider}-{feature}")
            for client, provider, feature in roster.cases(metafunc.config.getoption("direct"))
        ]
        metafunc.parametrize(("client", "provider", "feature"), cases)
