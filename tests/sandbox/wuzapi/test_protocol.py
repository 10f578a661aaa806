# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from sandbox.calls import refused
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.wuzapi.protocol import TOKEN

HEADERS = {"Token": TOKEN}


class TestAccess:
    @pytest.mark.parametrize("headers", [{}, {"Token": "wrong"}, {"Authorization": TOKEN}])
    def test_a_wrong_token_is_unauthorized(self, client: TestClient, headers: dict[str, str]) -> None:
        assert refused(client.get("/wuzapi/session/status", headers=headers)) == (401, "unauthorized")
        assert refused(client.post("/wuzapi/chat/send/text", headers=headers, json={})) == (401, "unauthorized")

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/nothing"),
            ("GET", "/session/connect"),
            ("POST", "/session/status"),
            ("POST", "/chat/send/template"),
        ],
    )
    def test_an_unknown_route_is_gos_plain_404(self, client: TestClient, method: str, path: str) -> None:
        response = client.request(method, f"/wuzapi{path}", headers=HEADERS)
        assert (response.status_code, response.text) == (404, "404 page not found\n")
        assert response.headers["content-type"].startswith("text/plain")
