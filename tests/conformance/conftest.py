"""One authority for all tests, and a folder for each."""

import pytest

from lab import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))
