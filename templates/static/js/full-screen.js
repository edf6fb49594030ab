// A preview in full screen: its bar and its messages come along.

import { toast } from "./toast.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-full-screen]");
  if (!button) return;
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await button.closest(".preview").requestFullscreen();
  } catch {
    toast("This browser doesn’t show a part of a page in full screen.", { bad: true });
  }
});

document.addEventListener("fullscreenchange", () => {
  for (const button of document.querySelectorAll("[data-full-screen]")) {
    const isOn = document.fullscreenElement === button.closest(".preview");
    button.setAttribute("aria-pressed", String(isOn));
    button.querySelector("span").textContent = isOn ? "Leave full screen" : "Full screen";
  }
});
