"""An account, a server and Node, shared by the tests of a module: processes cost seconds."""

from collections.abc import Iterator

import pytest

from tests.e2e import _program
from tests.e2e._node import Node, installed_node
from tests.e2e._program import Server


@pytest.fixture(scope="session")
def node() -> Node:
    return installed_node()


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a newcomer's account."""
    return _program.fresh_account(tmp_path_factory.mktemp("account"))


@pytest.fixture(scope="module")
def server(account: dict[str, str]) -> Iterator[Server]:
    """`imgforge-mcp serve` on that account."""
    with _program.serve(account) as running:
        yield running
