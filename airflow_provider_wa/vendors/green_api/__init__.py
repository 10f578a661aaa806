# SPDX-License-Identifier: Apache-2.0
"""Green-API: an instance at its cloud."""

from __future__ import annotations

from airflow_provider_wa.vendors.forms import ConnectionForm, Extra

FORM = ConnectionForm(
    "green_api",
    "airflow_provider_wa.hooks.green_api.GreenApiHook",
    "WhatsApp: Green-API",
    labels={"host": "API URL (apiUrl)", "login": "Instance id", "password": "API token"},
    placeholders={
        "host": "https://api.green-api.com",
        "login": "idInstance, for example 1101000001",
        "password": "apiTokenInstance",
    },
    own_extras=(Extra("media_url", "Media URL", "mediaUrl of the instance: files are uploaded to it"),),
    default_host="https://api.green-api.com",
)
"""The connection type."""
