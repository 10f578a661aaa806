# SPDX-License-Identifier: Apache-2.0
"""Forms that only our own pages can send: a token for the user, signed with Airflow's key, and the request's origin."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import conf

from airflow_provider_wa.plugin.pages.errors import Refused

FIELD = "csrf_token"

VALID_SECONDS = 12 * 3600
"""Maximum age of a token; a page that was open for longer must be loaded again."""

SKEW_SECONDS = 300
"""Seconds by which the clocks of two API servers may differ."""

_AGAIN = "This form has expired, or another site has sent it. Load the page again and repeat the action."


def new_token(user_id: str, now: float | None = None) -> str:
    """Return a token for the forms of one user."""
    issued = str(int(time.time() if now is None else now))
    return f"{issued}.{_sign(user_id, issued)}"


def require_own_form(headers: Mapping[str, str], token: str, user_id: str, now: float | None = None) -> None:
    """Refuse a form that does not come from one of our pages for this user.

    :raises Refused: the token is missing, forged, another user's or too old; or the request is from another site.
    """
    issued, _, signature = token.partition(".")
    signed = hmac.compare_digest(signature.encode(), _sign(user_id, issued).encode())
    age = (time.time() if now is None else now) - int(issued) if signed else VALID_SECONDS + 1
    # A token from the future was signed before the clock was set back: nobody knows its age.
    if not -SKEW_SECONDS <= age <= VALID_SECONDS or not _is_same_origin(headers):
        raise Refused(403, _AGAIN)


def _is_same_origin(headers: Mapping[str, str]) -> bool:
    """Return False if the browser reports another site as the origin. Other programs report no origin."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin in (None, "null"):
        # Browsers report null for our own forms too, since our pages send no referrer. The token decides.
        return True
    ours = {urlsplit(conf.get("api", "base_url", fallback="") or "").netloc, headers.get("host", "")} - {""}
    return urlsplit(str(origin)).netloc in ours


def _sign(user_id: str, issued: str) -> str:
    # All processes of the API server share this key.
    key = conf.get("api", "secret_key", fallback="") or conf.get("api_auth", "jwt_secret")
    return hmac.new(key.encode(), f"wa-pages {issued} {user_id}".encode(), hashlib.sha256).hexdigest()
