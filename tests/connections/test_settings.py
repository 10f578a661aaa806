# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from helpers.connections import FIELDS, SECRETS, Connect, assert_no_secret

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.connections.settings import Settings, parse
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.provider_info import FORMS
from airflow_provider_wa.transport.channel import Endpoint


def settings(conn_type: str = "wuzapi", **fields: Any) -> Settings:
    """Parse a connection that need not be one that Airflow could hold."""
    standard = dict.fromkeys(("schema", "port", "login", "password"))
    given = {"host": "https://wuz.test", "extra_dejson": fields.pop("extra", {}), **standard, **fields}
    return parse(FORMS[conn_type], SimpleNamespace(conn_id="my_wa", **given))


def refused(**fields: Any) -> str:
    """What is said of fields that are wrong: it names the connection and no secret."""
    with pytest.raises(BadInput) as caught:
        settings(password=SECRETS["password"], **fields)
    assert "connection 'my_wa'" in str(caught.value)
    assert_no_secret(caught.value, repr(caught.value))
    return caught.value.message


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "https://wuz.test"}, "https://wuz.test"),
        ({"host": "http://10.0.0.7:8080"}, "http://10.0.0.7:8080"),
        ({"host": "https://wuz.test/"}, "https://wuz.test"),
        ({"host": "https://wuz.test/a/wuzapi//"}, "https://wuz.test/a/wuzapi"),
        ({"host": "  https://wuz.test/wuzapi/ \n"}, "https://wuz.test/wuzapi"),
        ({"host": "https://wuz.test:8443/wuzapi", "port": 9999}, "https://wuz.test:8443/wuzapi"),
        ({"host": "http://wuz.test", "port": 8080}, "http://wuz.test:8080"),
        ({"host": "http://wuz.test/wuzapi", "port": 8080}, "http://wuz.test:8080/wuzapi"),
        ({"host": "http://wuz.test", "schema": "https"}, "http://wuz.test"),
        ({"host": "wuz.test"}, "https://wuz.test"),
        ({"host": "wuz.test", "schema": "http"}, "http://wuz.test"),
        ({"host": "wuz.test", "schema": " HTTP "}, "http://wuz.test"),
        ({"host": "wuz.test", "port": 8080}, "https://wuz.test:8080"),
        ({"host": "wuz.test", "schema": "http", "port": 8080}, "http://wuz.test:8080"),
        ({"host": "wuz.test/wuzapi/", "schema": "http", "port": 8080}, "http://wuz.test:8080/wuzapi"),
        ({"host": "wuz.test:8080", "schema": "http", "port": 9999}, "http://wuz.test:8080"),
        ({"host": "localhost", "schema": "http", "port": 8080}, "http://localhost:8080"),
        ({"host": "[::1]", "schema": "http", "port": 8080}, "http://[::1]:8080"),
        ({"host": "[::1]:8080", "schema": "http"}, "http://[::1]:8080"),
        ({"host": "wuz_api", "schema": "http", "port": 8080}, "http://wuz_api:8080"),
    ],
)
def test_base_url(fields: dict[str, Any], url: str) -> None:
    assert settings(**fields).base_url == url


@pytest.mark.parametrize("empty", ["", " ", "\n"])
@pytest.mark.parametrize("conn_type", [name for name, form in FORMS.items() if form.default_host])
def test_vendors_own_server_is_the_default_host(conn_type: str, empty: str) -> None:
    assert settings(conn_type, host=empty).base_url == FORMS[conn_type].default_host


@pytest.mark.parametrize("conn_type", [name for name, form in FORMS.items() if not form.default_host])
def test_host_of_a_vendor_without_one_server_is_required(conn_type: str) -> None:
    with pytest.raises(BadInput, match=r"connection 'my_wa': host: missing"):
        settings(conn_type, host=" ")


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("ftp://wuz.test", "host: not an http or https URL"),
        ("file:///etc/passwd", "host: not an http or https URL"),
        ("https://", "host: not an http or https URL"),
        ("https:///wuzapi", "host: not an http or https URL"),
        ("//wuz.test", "host: not an http or https URL"),
        ("https://wuz test", "host: not an http or https URL"),
        ("https://wuz.test/a b", "host: not an http or https URL"),
        ("https://wuz\n.test", "host: not an http or https URL"),
        ("https://wuz.test\u200b", "host: not an http or https URL"),
        ("https://[::1", "host: not an http or https URL"),
        ("https://wuz.test:http", "host: not an http or https URL"),
        ("https://wuz.test:99999", "host: not an http or https URL"),
        ("https://ana:{secret}@wuz.test", "host: has credentials, ? or #"),
        ("https://:{secret}@wuz.test", "host: has credentials, ? or #"),
        ("https://{secret}@wuz.test", "host: has credentials, ? or #"),
        ("ana:{secret}@wuz.test", "host: has credentials, ? or #"),
        ("https://wuz.test?token={secret}", "host: has credentials, ? or #"),
        ("https://wuz.test/?", "host: has credentials, ? or #"),
        ("https://wuz.test/#/login", "host: has credentials, ? or #"),
    ],
)
def test_host_that_is_no_plain_base_url_is_refused_and_not_repeated(host: str, said: str) -> None:
    assert said in refused(host=host.format(secret=SECRETS["webhook_secret"]))


@pytest.mark.parametrize("host", ["wuz.test", "https://wuz.test"])
@pytest.mark.parametrize("schema", ["ftp", "wuzapi", "httpss"])
def test_schema_that_is_no_http_is_refused_even_beside_a_full_url(host: str, schema: str) -> None:
    assert f"schema: {schema!r} is not http or https" in refused(host=host, schema=schema)


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        (f"wuzapi://:{quote('t/k=', safe='')}@wuz.test:8080/http", "http://wuz.test:8080"),
        ("wuzapi://:token@wuz.test:8080", "https://wuz.test:8080"),
        ("wuzapi://:token@wuz.test", "https://wuz.test"),
        (f"wuzapi://:token@{quote('http://wuz.test:8080/wuzapi', safe='')}", "http://wuz.test:8080/wuzapi"),
        ("wuzapi://http://:token@wuz.test:8080", "http://wuz.test:8080"),
        ("wa-portal://:token@portal.test/https", "https://portal.test"),
        ("green-api://1101000001:token@", "https://api.green-api.com"),
        ("green-api://1101000001:token@/?timeout=5", "https://api.green-api.com"),
    ],
)
def test_base_url_of_a_connection_that_is_written_as_a_uri(connect: Connect, uri: str, url: str) -> None:
    assert WaHook.for_connection(connect(uri=uri)).endpoint.base_url == url


def test_path_at_the_end_of_a_uri_is_refused_and_never_dropped(connect: Connect) -> None:
    with pytest.raises(BadInput, match=r"schema: 'wuzapi' is not http or https; write a path as part of the host"):
        WaHook.for_connection(connect(uri="wuzapi://http://:token@wuz.test:8080/wuzapi"))


@pytest.mark.parametrize("conn_type", FORMS)
def test_airflows_own_uri_of_a_connection_leads_to_the_same_place(connect: Connect, conn_type: str) -> None:
    from airflow.sdk import Connection

    extra = json.dumps(
        {"timeout": 7, "rate_limit": "2/s", "verify": False, "webhook_secret": SECRETS["webhook_secret"]}
    )
    written = Connection(conn_id="my_wa", conn_type=conn_type, extra=extra, **FIELDS[conn_type])
    direct = WaHook.for_connection(connect(conn_type, extra=json.loads(extra)))
    by_uri = WaHook.for_connection(connect(uri=written.get_uri()))

    assert by_uri.endpoint == direct.endpoint
    assert by_uri.vendor == direct.vendor
    assert by_uri.endpoint.timeout == 7
    assert by_uri.endpoint.verify is False


@pytest.mark.parametrize("extra", [{}, {"timeout": None, "rate_limit": "", "concurrency": None, "verify": None}])
def test_endpoint_without_extras_has_the_forms_defaults(extra: dict[str, Any]) -> None:
    expected = Endpoint("https://wuz.test", timeout=30.0, verify=True, concurrency=10, rate=None)

    assert settings(extra=extra).endpoint == expected


def test_extras_are_read_as_json_values_and_as_text(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    as_values = {"timeout": 2.5, "rate_limit": "20/m", "concurrency": 4, "verify": False}
    as_text = {"timeout": " 2.5 ", "rate_limit": " 20 / min ", "concurrency": "4", "verify": "False"}

    endpoints = [settings(extra=extra).endpoint for extra in (as_values, as_text)]

    assert endpoints[0] == endpoints[1]
    assert (endpoints[0].timeout, endpoints[0].concurrency, endpoints[0].verify) == (2.5, 4, False)
    assert endpoints[0].rate == pytest.approx(1 / 3)
    assert settings(extra={"verify": str(bundle)}).endpoint.verify == str(bundle)
    assert settings(extra={"verify": "1"}).endpoint.verify is True
    assert settings(extra={"default_region": " pe "}).default_region == "PE"
    assert settings().default_region is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", "abc"),
        ("timeout", 0),
        ("timeout", -5),
        ("timeout", "nan"),
        ("timeout", "inf"),
        ("timeout", 100_000),
        ("timeout", True),
        ("timeout", [30]),
        ("concurrency", 0),
        ("concurrency", -1),
        ("concurrency", "many"),
        ("rate_limit", "fast"),
        ("rate_limit", "10"),
        ("rate_limit", 10),
        ("rate_limit", "0/s"),
        ("rate_limit", "-1/s"),
        ("rate_limit", "10/y"),
        ("verify", "maybe"),
        ("verify", "/no/such/bundle.pem"),
        ("default_region", "XX"),
        ("default_region", "Peru"),
        ("default_region", 51),
    ],
)
def test_wrong_extra_is_refused_by_its_name_and_value(name: str, value: Any) -> None:
    said = refused(extra={name: value, "webhook_secret": SECRETS["webhook_secret"]})

    assert name in said
    assert str(value).upper() in said.upper()


@pytest.mark.parametrize(
    ("conn_type", "name", "choices"), [("checkwa", "mode", "queue, sync"), ("accuauth", "encoding", "json, form")]
)
@pytest.mark.parametrize("value", ["xml", 1, "queue sync"])
def test_word_that_is_no_choice_is_refused_with_the_choices(
    connect: Connect, conn_type: str, name: str, choices: str, value: Any
) -> None:
    with pytest.raises(
        BadInput, match=f"connection 'my_wa': {name}: unknown value '{value}'; expected one of {choices}"
    ):
        WaHook.for_connection(connect(conn_type, **{name: value}))


@pytest.mark.parametrize("conn_type", FORMS)
@pytest.mark.parametrize(
    ("name", "value"),
    [("timeout", "abc"), ("concurrency", 0), ("rate_limit", "x"), ("verify", "x"), ("default_region", "XX")],
)
def test_wrong_extra_is_found_with_the_connection_and_not_by_a_later_call(
    connect: Connect, conn_type: str, name: str, value: Any
) -> None:
    with pytest.raises(BadInput, match=rf"connection 'my_wa': .*{name}") as caught:
        WaHook.for_connection(connect(conn_type, **{name: value, "webhook_secret": SECRETS["webhook_secret"]}))
    assert_no_secret(caught.value, repr(caught.value))


@pytest.mark.parametrize("extra", [[1, 2], "text", 7])
def test_extra_that_is_no_json_object_is_refused(extra: Any) -> None:
    with pytest.raises(BadInput, match=r"connection 'my_wa': extra: not a JSON object; expected"):
        settings(extra=extra)


@pytest.mark.parametrize(
    ("conn_type", "field"), [(name, field) for name in FORMS for field in FORMS[name].labels if field != "host"]
)
def test_missing_field_is_named_as_the_form_and_as_airflow_call_it(
    connect: Connect, conn_type: str, field: str
) -> None:
    for missing in ("", " \n", None):
        with pytest.raises(BadInput) as caught:
            WaHook.for_connection(connect(conn_type, **{field: missing}))
        label = f"{FORMS[conn_type].labels[field]} ({field})"
        assert caught.value.message == f"connection 'my_wa': {label}: missing; enter it in the connection"


@pytest.mark.parametrize("spoilt", ["{}\nX-Injected: 1", "{}\r", "{}\x00", "{}\u200b", "{}é"])
@pytest.mark.parametrize("conn_type", FORMS)
def test_credential_with_what_no_header_takes_is_refused_and_not_shown(
    connect: Connect, conn_type: str, spoilt: str
) -> None:
    value = "head " + spoilt.format(SECRETS["password"]) + " tail"
    with pytest.raises(
        BadInput, match=r"connection 'my_wa': .* \(password\): has a character that is not printable ASCII"
    ) as caught:
        WaHook.for_connection(connect(conn_type, password=value))
    assert_no_secret(caught.value, repr(caught.value))


def test_white_space_around_a_credential_is_dropped() -> None:
    assert settings(password="\t token-1 \r\n").required("password") == "token-1"
    assert settings(password=" token-1\n").secrets == ("token-1",)


@pytest.mark.parametrize("conn_type", FORMS)
def test_secrets_are_the_password_and_all_extras_that_are_declared_secret(conn_type: str) -> None:
    extra = {name: value for name, value in SECRETS.items() if name in {e.name for e in FORMS[conn_type].extras}}
    given = settings(conn_type, password=SECRETS["password"], extra=extra)

    assert set(given.secrets) == {SECRETS["password"], *extra.values()}
    assert ("webhook_secret" in extra) is FORMS[conn_type].posts
    assert_no_secret(repr(given), str(given))


def test_a_vendor_that_posts_nothing_has_no_callback_url() -> None:
    extra = {"callback_base_url": "https://wa.example.com", "webhook_secret": "hush"}
    assert settings("accuauth", login="id", password="secret", extra=extra).callback_url == ""


def test_misspelt_extras_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    settings(extra={"time_out": 5, "timeout": 5, "Verify": 1})
    assert "unknown extras ['Verify', 'time_out']; known are: hmac_secret, timeout, rate_limit" in caplog.text


def test_extras_that_are_not_set_have_their_defaults_and_words_are_in_small_letters() -> None:
    assert settings("checkwa", extra={"mode": " SYNC ", "rate_limit": None}).extras == {
        **{"mode": "sync", "timeout": "30", "rate_limit": "", "concurrency": "10", "default_region": ""},
        **{"verify": "true", "callback_base_url": "", "webhook_secret": ""},
    }
    assert settings("checkwa", extra={"mode": " "}).extras["mode"] == "queue"


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        settings().login = "another"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("secret", "end"),
    [
        ("plain-secret_1", "plain-secret_1"),
        ("a/b?c#d%e", "a%2Fb%3Fc%23d%25e"),
        ("key with space", "key%20with%20space"),
    ],
)
def test_the_callback_url_holds_any_secret_as_one_segment(secret: str, end: str) -> None:
    extra = {"callback_base_url": "https://wa.example.com/", "webhook_secret": secret}
    assert settings(extra=extra).callback_url == f"https://wa.example.com/wa/hooks/my_wa/{end}"


def test_in_a_task_of_a_team_the_callback_url_names_the_team(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONTEXT_TEAM_NAME", "sales")
    extra = {"callback_base_url": "https://wa.example.com", "webhook_secret": "hush"}
    assert settings(extra=extra).callback_url == "https://wa.example.com/wa/hooks/sales___my_wa/hush"


def test_a_callback_url_needs_a_secret_and_there_is_none_without_a_base() -> None:
    assert settings(extra={"webhook_secret": "x"}).callback_url == ""
    with pytest.raises(BadInput, match="callback_base_url: needs webhook_secret"):
        _ = settings(extra={"callback_base_url": "https://wa.example.com"}).callback_url


@pytest.mark.parametrize(
    "base", [f"https://name:{SECRETS['password']}@wa.example.com", "https://wa.example.com?x=1", "ftp://wa.example.com"]
)
def test_a_callback_url_has_a_plain_base_since_pages_and_vendors_show_it(base: str) -> None:
    made = settings(extra={"callback_base_url": base, "webhook_secret": "hush"})
    with pytest.raises(BadInput, match="callback_base_url: ") as caught:
        _ = made.callback_url
    assert_no_secret(caught.value, repr(caught.value))


def test_the_base_of_a_callback_url_is_https_where_it_names_no_scheme() -> None:
    extra = {"callback_base_url": "wa.example.com/path/", "webhook_secret": "hush"}
    assert settings(extra=extra).callback_url == "https://wa.example.com/path/wa/hooks/my_wa/hush"
