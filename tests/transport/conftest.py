# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from helpers.certificates import Certificate
from helpers.driving import Driver


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Driver:
    """Drives a flow over a channel: each test of it runs for both."""
    return Driver(request.param)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the environment stands in between."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.of(tmp_path_factory.mktemp("tls") / "loopback.pem")
