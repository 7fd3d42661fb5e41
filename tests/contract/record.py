"""Records the code's answers. Only `python -m tests.contract` runs it; pytest does not collect a file of this name."""

from __future__ import annotations

import pytest

from tests.contract.replay import Exchanges, write_recording


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("contract_client", ["flask"], indirect=True)
def test_record(exchanges: Exchanges, request: pytest.FixtureRequest) -> None:
    write_recording(request.config.getoption("record"), exchanges)
