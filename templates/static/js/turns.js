// A turn while it works: its events streamed into the page; when it ends, the finished turn takes its place.

const MOST_OUTPUT = 200_000; // characters kept on the page while it runs
const AGAIN = 3000; // milliseconds
const STATES = { queued: "Waiting for a worker", running: "Working" };

function elapsed(started) {
  const seconds = Math.max(0, Math.round((Date.now() - started) / 1000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

class LiveTurn {
  constructor(section) {
    this.section = section;
    this.find = (name) => section.querySelector(`[data-turn-${name}]`);
    this.timer = setInterval(() => this.tick(), 1000);
    this.tick();
    this.source = new EventSource(section.dataset.events);
    for (const type of ["status", "delta", "tool_call", "tool_result", "artifact", "done"]) {
      this.source.addEventListener(type, (event) => this[type](JSON.parse(event.data)));
    }
    // Ours carries data; the browser's own, about the connection, does not.
    this.source.addEventListener("error", (event) => {
      if (event.data) this.say(JSON.parse(event.data).detail.split("\n").at(-1));
      else if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.end(), AGAIN);
    });
  }

  tick() {
    if (!this.section.isConnected) {
      this.stop();
      return;
    }
    this.find("elapsed").textContent = elapsed(new Date(this.section.dataset.started));
  }

  say(text) {
    this.find("status").textContent = text;
  }

  status({ status, step, attempt, resumed }) {
    this.say(STATES[status] ?? status);
    const output = this.find("output");
    if (resumed || attempt > 1) {
      // The agent is asked again: what had come of its answer goes.
      output.textContent = output.textContent.slice(0, this.answerStart ?? 0);
    } else if (attempt) {
      if (step && output.textContent) output.append("\n\n");
      this.answerStart = output.textContent.length;
    }
  }

  delta({ text }) {
    const output = this.find("output");
    const follow = output.scrollHeight - output.scrollTop - output.clientHeight < 40;
    output.hidden = false;
    output.append(text);
    if (output.textContent.length > 2 * MOST_OUTPUT) output.textContent = output.textContent.slice(-MOST_OUTPUT);
    if (follow) output.scrollTop = output.scrollHeight;
  }

  tool_call({ tool, name, arguments: given }) {
    const step = document.createElement("details");
    step.className = "step";
    const summary = document.createElement("summary");
    summary.textContent = tool ?? name ?? "Tool";
    const body = document.createElement("pre");
    body.className = "output";
    body.textContent = typeof given === "string" ? given : JSON.stringify(given ?? {}, null, 2);
    step.append(summary, body);
    this.find("steps").append(step);
  }

  tool_result({ is_error: failed }) {
    this.say(failed ? "Stopped with an error" : "Finishing");
  }

  artifact() {
    this.say("Made an artifact");
  }

  done() {
    this.end();
  }

  end() {
    this.stop();
    if (this.section.isConnected) window.htmx.trigger(this.section, "turn-ended");
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
