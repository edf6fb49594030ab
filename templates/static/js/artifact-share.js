// Share to a new conversation: asks the API for one that starts from the artifact, and goes there.

import { request } from "./http.js";
import { toast } from "./toast.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-share-url]");
  if (!button || button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  try {
    const { conversation } = await request(button.dataset.shareUrl, { method: "POST" });
    location.assign(`/conversations/${conversation}`);
  } catch (error) {
    toast(error.message, { bad: true });
    button.ariaBusy = "false";
  }
});
