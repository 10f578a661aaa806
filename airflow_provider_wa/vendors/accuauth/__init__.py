# SPDX-License-Identifier: Apache-2.0
"""AccuAuth: checks whether numbers of one country are on WhatsApp."""

from __future__ import annotations

from airflow_provider_wa.vendors.forms import ConnectionForm, Extra

FORM = ConnectionForm(
    "accuauth",
    "airflow_provider_wa.hooks.accuauth.AccuAuthHook",
    "WhatsApp: AccuAuth",
    labels={"host": "API URL", "login": "API id", "password": "API secret"},
    placeholders={
        "host": "https://cloudapi.peru.accuauth.com",
        "login": "X-DF-API-ID",
        "password": "X-DF-API-SECRET",
    },
    own_extras=(
        Extra("path", "Path", "Path of the check to call", default="/check/whatsapp_advanced"),
        Extra("encoding", "Encoding", "Format of the request body", choices=("json", "form"), default="json"),
    ),
    default_host="https://cloudapi.peru.accuauth.com",
    posts=False,
)
"""The connection type."""
