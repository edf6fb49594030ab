// Attaching: the button, drag and drop anywhere, paste; checked here first, then sent one by one with progress.

import { csrfToken, refusalIn, request, UNREACHABLE } from "./http.js";
import { conversation, project } from "./page.js";
import { toast } from "./toast.js";

const input = document.getElementById("attach-input");
const list = document.getElementById("uploading");
const zone = document.getElementById("drop-zone");
const PARALLEL = 3;
const waiting = [];
const unsent = new Set(); // what a fault kept from being sent, and may be sent again
let running = 0;
let config = null;

function panel() {
  return document.getElementById("uploads");
}

function limits() {
  config ??= request(`/api/upload-config?project=${project}`).catch((error) => {
    config = null;
    throw error;
  });
  return config;
}

function extensionOf(name) {
  return name.includes(".") ? `.${name.split(".").at(-1).toLowerCase()}` : "";
}

/** Why a file can't be attached, as far as the browser can tell; the server decides. */
function objection(file, allowed, already) {
  if (already >= allowed.maxFileCount) {
    return `A conversation holds at most ${allowed.maxFileCount} files. Remove one first.`;
  }
  if (!allowed.extensions.includes(extensionOf(file.name))) {
    return `Files of this type are not accepted. Accepted are ${allowed.extensions.join(", ")}.`;
  }
  if (file.size > allowed.maxFileSize) {
    return `The file is larger than ${Math.round(allowed.maxFileSize / 1024 ** 2)} MB, this project's limit.`;
  }
  return "";
}

function button(text, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button button-small button-quiet";
  made.textContent = text;
  made.addEventListener("click", onClick);
  return made;
}

function isGood(xhr) {
  return xhr.status >= 200 && xhr.status < 300;
}

class Sending {
  constructor(file) {
    this.file = file;
    this.cancelled = false;
    this.row = document.createElement("li");
    this.name = document.createElement("span");
    this.name.className = "truncate";
    this.name.textContent = file.name;
    this.bar = document.createElement("progress");
    this.bar.max = 1;
    this.bar.setAttribute("aria-label", `Uploading ${file.name}`);
    this.drop = button("Cancel", () => this.cancel());
    this.row.append(this.name, this.drop, this.bar);
    list.append(this.row);
    list.hidden = false;
  }

  remove() {
    unsent.delete(this);
    this.row.remove();
    list.hidden = !list.children.length;
  }

  cancel() {
    this.cancelled = true;
    this.xhr?.abort();
    this.remove();
  }

  fail(reason, canRetry) {
    this.bar.remove();
    this.reason = document.createElement("span");
    this.reason.className = "bad";
    this.reason.setAttribute("role", "alert");
    this.reason.textContent = reason;
    this.drop.replaceWith(button("Dismiss", () => this.remove()));
    if (canRetry) {
      unsent.add(this);
      this.name.after(button("Retry", () => this.again()));
    }
    this.row.append(this.reason);
  }

  again() {
    this.remove();
    attach([this.file]);
  }

  async send() {
    if ((await limits()).direct && (await this.sentToBucket())) return;
    const body = new FormData();
    body.append("file", this.file, this.file.name);
    const headers = { "X-CSRFToken": csrfToken() };
    this.settle(await this.post(`/api/conversations/${conversation}/uploads`, body, headers));
  }

  /** By way of the bucket. False where that can't be, for whatever reason: then the site itself gets the file. */
  async sentToBucket() {
    const direct = `/api/conversations/${conversation}/uploads/direct`;
    let form;
    try {
      form = await request(direct, { method: "POST", body: { filename: this.file.name, size: this.file.size } });
    } catch {
      return this.cancelled;
    }
    if (this.cancelled) return true;
    const body = new FormData();
    for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
    body.append("file", this.file, this.file.name);
    // No header of ours: the token is not the bucket's to see.
    const stored = await this.post(form.url, body, {});
    if (this.cancelled || !isGood(stored)) return this.cancelled;
    const headers = { "X-CSRFToken": csrfToken() };
    const answer = await this.post(`${direct}/${form.uploadId}/complete`, null, headers);
    if (answer.status === 404 || answer.status === 409) return false;
    this.settle(answer);
    return true;
  }

  /** The request when it is over, however that went: its status is 0 where no answer came. */
  post(url, body, headers) {
    return new Promise((resolve) => {
      const xhr = (this.xhr = new XMLHttpRequest());
      if (body) {
        xhr.upload.addEventListener("progress", (event) => {
          if (event.lengthComputable) this.bar.value = event.loaded / event.total;
        });
      }
      xhr.addEventListener("loadend", () => resolve(xhr));
      xhr.open("POST", url);
      for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
      xhr.send(body);
    });
  }

  settle(xhr) {
    if (this.cancelled) return;
    if (isGood(xhr)) this.remove();
    else if (xhr.status) this.fail(this.why(xhr), xhr.status >= 500);
    else this.fail(UNREACHABLE, true);
  }

  why(xhr) {
    try {
      return JSON.parse(xhr.responseText).rejected[0].reason;
    } catch {
      return refusalIn(xhr.responseText, xhr.status);
    }
  }
}

async function next() {
  while (running < PARALLEL && waiting.length) {
    const sending = waiting.shift();
    if (sending.cancelled) continue;
    running += 1;
    sending.send().then(() => {
      running -= 1;
      window.htmx.trigger(panel(), "uploads-changed");
      next();
    });
  }
}

export async function attach(files) {
  const chosen = [...files];
  if (!chosen.length) return;
  let allowed;
  try {
    allowed = await limits();
  } catch (error) {
    toast(error.message, { bad: true });
    return;
  }
  let already = Number(panel().dataset.count) + waiting.length + running;
  for (const file of chosen) {
    const sending = new Sending(file);
    const reason = objection(file, allowed, already);
    if (reason) {
      sending.fail(reason, false);
    } else {
      waiting.push(sending);
      already += 1;
    }
  }
  next();
}

/** A pasted picture has no name of its own. */
function named(file) {
  if (file.name && file.name !== "image.png") return file;
  const moment = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  return new File([file], `pasted ${moment}.${file.type.split("/")[1] ?? "png"}`, { type: file.type });
}

function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("#attach-button, [data-attach]")) input.click();
});
input.addEventListener("change", () => {
  attach(input.files);
  input.value = "";
});
window.addEventListener("online", () => {
  for (const sending of [...unsent]) sending.again();
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  attach(files.map(named));
});
document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  zone.hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) zone.hidden = true;
});
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  zone.hidden = true;
  attach(event.dataTransfer.files);
});

function showCount() {
  const place = document.querySelector("[data-upload-count]");
  if (place) place.textContent = panel().dataset.count === "0" ? "" : panel().dataset.count;
}
document.addEventListener("htmx:afterSettle", showCount);
showCount();
