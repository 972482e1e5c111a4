/**
 * Server-sent events over fetch, because EventSource cannot send a key. A lost connection is opened again from
 * the last event seen, so none is missed and none comes twice.
 */

import { Problem } from "./api.js";

const SILENCE_MS = 35000;
const FIRST_DELAY_MS = 400;
const LONGEST_DELAY_MS = 15000;
const MOST_FAILURES = 20;
const MOST_BUFFERED = 8 * 1024 * 1024;

/** Turns chunks of an event stream into `{id, event, data}`; comments and half lines wait or vanish. */
export class EventParser {
  constructor() {
    this.buffer = "";
    this.reset();
  }

  reset() {
    this.event = { id: "", event: "message", data: [] };
  }

  /** The events that `text` completes. Throws RangeError when a line is absurdly long. */
  push(text) {
    const found = [];
    const lines = (this.buffer + text).split(/\r\n|\n|\r(?!$)/);
    this.buffer = lines.pop();
    if (this.buffer.length > MOST_BUFFERED) throw new RangeError("an event is too long");
    for (const line of lines) {
      if (line === "") {
        if (this.event.data.length) found.push({ ...this.event, data: this.event.data.join("\n") });
        this.reset();
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "data") this.event.data.push(value);
      else if (name === "id" || name === "event") this.event[name] = value;
    }
    return found;
  }
}

/**
 * Follows the events of a job until the last one. `onEvent({id, event, data})` gets each with its data parsed;
 * `onLink(true|false)` hears when the connection comes and goes. Returns after the last event or when `signal`
 * aborts. Throws Problem when the server says no for good, or LOST after twenty failures in a row.
 */
export async function follow(api, jobId, { signal, onEvent, onLink }) {
  let after = "";
  let failures = 0;
  while (!signal.aborted) {
    try {
      const ended = await readOnce(api, jobId, after, signal, (event) => {
        failures = 0;
        after = event.id || after;
        try {
          onEvent({ ...event, data: JSON.parse(event.data) });
        } catch (error) {
          reportError(error);
        }
      }, onLink);
      if (ended) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && !error.transient && error.status !== 429) throw error;
    }
    failures += 1;
    if (failures >= MOST_FAILURES) throw new Problem({ reason: "LOST" });
    onLink(false);
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
    await sleep(delay * (0.75 + Math.random() / 2), signal);
  }
}

async function readOnce(api, jobId, after, signal, onEvent, onLink) {
  const silence = new AbortController();
  const bell = new Bell(() => silence.abort(), SILENCE_MS);
  const headers = { accept: "text/event-stream" };
  if (after) headers["last-event-id"] = after;
  try {
    const both = AbortSignal.any([signal, silence.signal]);
    const answer = await api.open(`/v1/jobs/${encodeURIComponent(jobId)}/events`, { headers, signal: both });
    onLink(true);
    const parser = new EventParser();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return false;
      bell.postpone();
      for (const event of parser.push(value)) {
        onEvent(event);
        if (event.event === "completed" || event.event === "failed") {
          await reader.cancel();
          return true;
        }
      }
    }
  } finally {
    bell.stop();
    silence.abort();
  }
}

class Bell {
  constructor(ring, afterMs) {
    this.ring = ring;
    this.afterMs = afterMs;
    this.postpone();
  }

  postpone() {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.ring, this.afterMs);
  }

  stop() {
    clearTimeout(this.timer);
  }
}

function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
