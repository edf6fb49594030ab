// A turn while it works: the server tells what changes on the page (playground/live.py), this applies it.

const AGAIN = 3000; // milliseconds
const LOST = "The connection is lost. Trying again";
const NEAR = 40; // pixels from the end of an output that count as being there

function elapsed(started) {
  const seconds = Math.max(0, Math.round((Date.now() - started) / 1000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Nodes of HTML that the server rendered and sanitised. */
function nodes(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.childNodes];
}

/** Whether a request of htmx's failed for want of a server, so that it may go well later. */
function unreachable({ successful, xhr }) {
  return !successful && (xhr.status === 0 || xhr.status >= 500);
}

class LiveTurn {
  constructor(section) {
    this.section = section;
    this.foot = section.querySelector("[data-turn-live]");
    this.blocks = new Map(); // part → its blocks, each a list of nodes
    this.said = this.find("turn-status").textContent;
    this.timer = setInterval(() => this.tick(), 1000);
    this.tick();
    this.source = new EventSource(section.dataset.changes);
    this.source.addEventListener("changes", (event) => {
      for (const change of JSON.parse(event.data)) this[change.do](change);
    });
    this.source.addEventListener("ended", () => this.ended());
    this.source.addEventListener("open", () => this.status({ text: this.said }));
    this.source.addEventListener("error", () => {
      this.find("turn-status").textContent = LOST;
      // The browser connects again by itself, unless it was refused.
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.lost(), AGAIN);
    });
    this.retryUnreachable();
  }

  tick() {
    if (!this.section.isConnected) this.stop();
    else this.find("turn-elapsed").textContent = elapsed(new Date(this.section.dataset.started));
  }

  find(name) {
    return this.foot.querySelector(`[data-${name}]`);
  }

  element(part) {
    return this.section.querySelector(`[data-part="${part}"]`);
  }

  status({ text }) {
    this.said = this.find("turn-status").textContent = text;
  }

  /** The turn's own requests are made again until a server answers them; what it refuses is shown. */
  retryUnreachable() {
    for (const [element, event] of [[this.section, "turn-lost"], [this.foot, "turn-ended"]]) {
      for (const failure of ["htmx:responseError", "htmx:sendError"]) {
        element.addEventListener(failure, (failed) => {
          if (failed.target !== element || !unreachable(failed.detail)) return;
          failed.stopPropagation();
          this.find("turn-status").textContent = LOST;
          setTimeout(() => this.section.isConnected && window.htmx.trigger(element, event), AGAIN);
        });
      }
    }
  }

  part({ part, html }) {
    this.blocks.set(part, []);
    this.foot.before(...nodes(html));
  }

  drop({ part }) {
    this.element(part)?.remove();
  }

  /** One block of an answer: those before it stay untouched. */
  block({ part, index, html }) {
    const place = this.element(part)?.querySelector("[data-blocks]");
    if (!place) return;
    const blocks = this.blocks.get(part);
    const fresh = nodes(html);
    place.append(...fresh);
    for (const old of blocks[index] ?? []) old.remove();
    blocks[index] = fresh;
  }

  output({ part, text }) {
    const output = this.element(part)?.querySelector("[data-output]");
    if (!output) return;
    const follow = output.scrollHeight - output.scrollTop - output.clientHeight < NEAR;
    output.hidden = false;
    output.append(text);
    if (follow) output.scrollTop = output.scrollHeight;
  }

  /** A part is whole: the message that it became, with its artifacts, takes its place. */
  message({ part, message, html }) {
    const live = this.element(part);
    if (!document.getElementById(`message-${message}`)) {
      const fresh = nodes(html);
      const opened = live?.querySelector("details")?.open;
      if (live) live.after(...fresh);
      else this.foot.before(...fresh);
      for (const element of fresh.filter((node) => node.nodeType === Node.ELEMENT_NODE)) {
        if (opened) for (const step of element.querySelectorAll("details.step")) step.open = true;
        window.htmx.process(element);
      }
    }
    live?.remove();
    // As after any of htmx's: copy buttons, relative times.
    document.dispatchEvent(new CustomEvent("htmx:afterSettle", { detail: { elt: this.section, target: this.section } }));
  }

  ended() {
    this.stop();
    for (const part of this.section.querySelectorAll("[data-part]")) part.remove();
    this.section.removeAttribute("data-turn");
    window.htmx.trigger(this.foot, "turn-ended");
  }

  lost() {
    this.stop();
    if (this.section.isConnected) window.htmx.trigger(this.section, "turn-lost");
  }

  stop() {
    clearInterval(this.timer);
    this.source.close();
  }
}

const watched = new WeakSet();

function watch() {
  for (const section of document.querySelectorAll("[data-turn]")) {
    if (watched.has(section)) continue;
    watched.add(section);
    new LiveTurn(section);
  }
}

document.addEventListener("htmx:afterSettle", watch);
watch();
