# SPDX-License-Identifier: Apache-2.0
"""Portals of "HTTP API 2.0"."""

from __future__ import annotations

from airflow_provider_wa.vendors.forms import ConnectionForm, Extra

FORM = ConnectionForm(
    "wa_portal",
    "airflow_provider_wa.hooks.wa_portal.WaPortalHook",
    "WhatsApp: portal (HTTP API 2.0)",
    labels={"host": "Portal URL", "password": "Instance token"},
    placeholders={"host": "https://portal.example.com", "password": "instance id, API key or access token"},
    own_extras=(Extra("timezone", "Time zone", "Time zone of the dates in reports", default="Asia/Kolkata"),),
    hidden=("schema", "port", "login", "extra"),
)
"""The connection type."""
