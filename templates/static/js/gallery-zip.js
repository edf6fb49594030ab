// The selected artifacts as one ZIP, with what has come of it shown, and a way to stop. What has come is handed to the
// browser piece by piece, which keeps it on disk: a page's memory holds a few megabytes of it.

import { csrfToken, refusalIn, SIGNED_OUT, signsIn, UNREACHABLE } from "./http.js";
import { showRefusal } from "./refusals.js";

const PIECE = 8 * 1024 * 1024; // bytes
let stopping = null;

function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const style = { style: "unit", unit: units[step], unitDisplay: "short", maximumFractionDigits: step > 1 ? 1 : 0 };
  return new Intl.NumberFormat("en", style).format(bytes / 1000 ** step);
}

async function received(response, told) {
  const pieces = [];
  let waiting = [];
  let waitingBytes = 0;
  let total = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (value) {
      waiting.push(value);
      waitingBytes += value.length;
      total += value.length;
      told(total);
    }
    if (done || waitingBytes > PIECE) {
      pieces.push(new Blob(waiting));
      waiting = [];
      waitingBytes = 0;
    }
    if (done) return new Blob(pieces, { type: "application/zip" });
  }
}

function keep(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function cancelZip() {
  stopping?.abort();
}

/** Downloads what `fields` select. `bar` has the progress, the words, the button that cancels, and the errors. */
export async function downloadZip(url, fields, bar) {
  if (stopping) return;
  const row = bar.querySelector("[data-zip]");
  const progress = bar.querySelector("[data-zip-bar]");
  const said = bar.querySelector("[data-zip-said]");
  bar.querySelector("[data-errors]").replaceChildren();
  stopping = new AbortController();
  progress.removeAttribute("value");
  said.textContent = "Preparing…";
  row.hidden = false;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" },
      body: new URLSearchParams(fields),
      signal: stopping.signal,
    }).catch((error) => {
      throw error.name === "AbortError" ? error : new Error(UNREACHABLE);
    });
    if (signsIn(response.url)) throw new Error(SIGNED_OUT);
    if (!response.ok) throw new Error(refusalIn(await response.text(), response.status));
    const most = Number(response.headers.get("X-Uncompressed-Length"));
    const blob = await received(response, (bytes) => {
      if (most) progress.value = Math.min(0.99, bytes / most);
      said.textContent = `${size(bytes)}${most > bytes ? ` of about ${size(most)} at most` : ""}`;
    });
    keep(blob, "artifacts.zip");
  } catch (error) {
    if (error.name !== "AbortError") showRefusal(row, error instanceof TypeError ? UNREACHABLE : error.message);
  } finally {
    stopping = null;
    row.hidden = true;
  }
}
