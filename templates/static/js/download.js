// Downloads of artifacts: asks first whether there is still something to download, and says so where there is not,
// instead of leaving a broken file with the browser.

import { refusalIn, UNREACHABLE } from "./http.js";
import { toast } from "./toast.js";

const asked = new WeakSet();

/** Why there is nothing to download; empty where there is. */
async function refusalOf(url) {
  try {
    // To a bucket one is sent on only once it is allowed.
    const head = await fetch(url, { method: "HEAD", redirect: "manual" });
    if (head.ok || head.type === "opaqueredirect") return "";
    const said = await fetch(url);
    return refusalIn(await said.text(), said.status);
  } catch {
    return UNREACHABLE;
  }
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.('a[download][href^="/api/artifacts/"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (asked.delete(link)) return;
  event.preventDefault();
  if (link.ariaBusy === "true") return;
  link.ariaBusy = "true";
  const refusal = await refusalOf(link.href);
  link.ariaBusy = null;
  if (refusal) {
    toast(refusal, { bad: true });
    return;
  }
  asked.add(link);
  link.click();
});
