# SPDX-License-Identifier: Apache-2.0
"""WuzAPI: a self-hosted server."""

from __future__ import annotations

from airflow_provider_wa.vendors.forms import ConnectionForm, Extra

FORM = ConnectionForm(
    "wuzapi",
    "airflow_provider_wa.hooks.wuzapi.WuzApiHook",
    "WhatsApp: WuzAPI",
    labels={"host": "Server URL", "password": "User token"},
    placeholders={"host": "https://wuzapi.example.com:8080", "password": "token of the WuzAPI user"},
    own_extras=(
        Extra("hmac_secret", "HMAC key", "The server signs its webhooks with it; others are refused", secret=True),
    ),
    hidden=("schema", "port", "login", "extra"),
)
"""The connection type."""
