// SPDX-License-Identifier: Apache-2.0
// The pages work without this file. It updates parts of a page, follows Airflow's theme, and opens Airflow's own pages
// outside of the frame.
"use strict";

const root = document.documentElement;

function framedBy() {
  try {
    return window.parent !== window && window.parent.document ? window.parent : null;
  } catch {
    return null; // another site's frame, or a sandbox
  }
}

const airflow = framedBy();

function followTheme() {
  const outer = airflow.document.documentElement;
  const dark = outer.classList.contains("dark") || outer.dataset.theme === "dark";
  const light = outer.classList.contains("light") || outer.dataset.theme === "light";
  if (dark || light) root.dataset.theme = dark ? "dark" : "light";
}

if (airflow) {
  root.classList.add("framed");
  followTheme();
  new MutationObserver(followTheme).observe(airflow.document.documentElement, { attributes: true });
} else {
  try {
    const stored = localStorage.getItem("theme");
    if (stored === "dark" || stored === "light") root.dataset.theme = stored;
  } catch {
    // no storage: the theme of the system is used
  }
}

// A link in the frame cannot change the outer page, nor download in older releases: the outer page opens it.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-top], a[download]");
  if (!link || !airflow || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const outside = airflow.document.createElement("a");
  outside.href = link.href;
  if (link.hasAttribute("download")) outside.download = link.getAttribute("download");
  event.preventDefault();
  airflow.document.body.append(outside);
  outside.click();
  outside.remove();
});

function isBusy(part) {
  return document.hidden || part.contains(document.activeElement) || part.querySelector("details[open]");
}

async function renew(part) {
  const from = part.dataset.from || location.href;
  const reply = await fetch(from, { credentials: "same-origin", redirect: "error" });
  if (!reply.ok) return;
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const fresh = page.getElementById(part.dataset.part || part.id);
  if (!fresh || isBusy(part)) return;
  if (part.dataset.part) {
    part.replaceChildren(...fresh.childNodes);
    return;
  }
  const same = part.querySelector("img.qr"), next = fresh.querySelector("img.qr");
  if (same && next && same.getAttribute("src") === next.getAttribute("src")) next.replaceWith(same);
  part.replaceWith(fresh);
  watch(fresh);
}

function watch(part) {
  const seconds = Number(part.dataset.every);
  if (!seconds) return;
  const again = async () => {
    try {
      if (!isBusy(part)) await renew(part);
    } catch {
      // the server does not answer: try again later
    }
    if (part.isConnected) setTimeout(again, seconds * 1000);
  };
  setTimeout(again, "now" in part.dataset ? 0 : seconds * 1000);
}

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-every]").forEach(watch));

// One open confirmation at a time; Escape closes it and moves the focus to its button.
document.addEventListener("toggle", (event) => {
  if (!event.target.open || !event.target.matches("details.confirm")) return;
  document.querySelectorAll("details.confirm[open]").forEach((other) => {
    if (other !== event.target) other.open = false;
  });
}, true);
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details.confirm[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
