// Requests to the site's own routes, with the CSRF token; a refusal becomes an Error that says what to do.

export function csrfToken() {
  return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";
}

/** The sentence in a refusal, whether it came as JSON, as a fragment or as a page. */
export function refusalIn(text, status) {
  try {
    const { detail } = JSON.parse(text);
    if (detail) return detail;
  } catch {
    const said = new DOMParser().parseFromString(text, "text/html").querySelector("[data-refusal]");
    if (said) return said.textContent.trim();
  }
  if (status === 413) return "That is too large for the server.";
  if (status === 429) return "Too many requests. Wait a moment and try again.";
  return "The server could not do that. Try again in a moment.";
}

/**
 * Signed out meanwhile: the sign-in page, which came from `url`, is no answer to a request; it leads back here.
 * Whoever holds what a new page would not know keeps it on the event `signing-in`.
 */
export function signsIn(url) {
  if (new URL(url, location.href).pathname !== "/sign-in") return false;
  document.dispatchEvent(new Event("signing-in"));
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  return true;
}

export const SIGNED_OUT = "You are signed out. Sign in to go on where you were.";
export const UNREACHABLE = "The server can't be reached. Check your connection and try again.";

export async function request(url, { method = "GET", body = null, signal } = {}) {
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  if (body !== null) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(url, { method, headers, signal, body: body === null ? null : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(UNREACHABLE);
  }
  if (!response.ok) throw new Error(refusalIn(await response.text(), response.status));
  return response.status === 204 ? null : response.json();
}
