// What a browser can't show or play says so and offers the download, in place of an empty stage or a dead player;
// on a tile a few words stand for its picture.

const SHOWN = ".preview-stage img, .preview-media :is(audio, video), .document-page, .tile .body-image img";

function fail(element) {
  if (element.matches(".tile img")) {
    const words = document.createElement("span");
    words.textContent = "This image can’t be shown.";
    element.parentElement.className = "body body-facts";
    element.replaceWith(words);
    return;
  }
  if (element.matches(".document-page")) {
    element.alt = `${element.alt.replace(/ could not be drawn$/, "")} could not be drawn`;
    return;
  }
  const note = element.closest(".preview").querySelector("[data-preview-failed]");
  note.hidden = false;
  for (const part of note.parentElement.children) if (part !== note) part.hidden = true;
}

async function look(element) {
  if (element instanceof HTMLImageElement) {
    // Whether it failed before this script was there: a drawing may have no width of its own, so it is asked.
    if (element.complete && !element.naturalWidth) await element.decode().catch(() => element.isConnected && fail(element));
  } else if (element.error) fail(element);
}

// These errors don't bubble, so they are captured.
document.addEventListener("error", (event) => event.target.matches?.(SHOWN) && fail(event.target), true);
document.querySelectorAll(SHOWN).forEach(look);
