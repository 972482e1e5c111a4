/**
 * Keeps every live job up to date. Browsers allow about six connections to one server, so three jobs at most
 * hold an event stream, the ones nearest to the oven; the others are read by one list request now and then.
 */

import { follow } from "./sse.js";

const MOST_STREAMS = 3;
const POLL_MS = 4000;

/** Whether nothing more can happen to `job`. */
export function isFinal(job) {
  return job.state === "committed" || job.state === "refunded";
}

/** Watches jobs. `on`: `job(job)` for a whole record, `event(id, event)`, `link(id, "up"|"down"|"lost")`. */
export class Watcher {
  constructor(api, on) {
    this.api = api;
    this.on = on;
    this.waiting = new Map();
    this.streams = new Map();
    this.timer = null;
  }

  /** Starts watching a job that has not ended. */
  watch(job) {
    if (isFinal(job) || this.streams.has(job.id)) return;
    this.waiting.set(job.id, job);
    this.fill();
  }

  /** Stops watching everything. */
  stop() {
    for (const controller of this.streams.values()) controller.abort();
    this.streams.clear();
    this.waiting.clear();
    clearTimeout(this.timer);
    this.timer = null;
  }

  fill() {
    const next = [...this.waiting.values()].sort((a, b) => nearness(a) - nearness(b) || (a.id < b.id ? -1 : 1));
    while (this.streams.size < MOST_STREAMS && next.length) this.stream(next.shift().id);
    if (this.waiting.size && this.timer === null) this.timer = setTimeout(() => this.poll(), POLL_MS);
  }

  async stream(id) {
    const controller = new AbortController();
    this.waiting.delete(id);
    this.streams.set(id, controller);
    try {
      await follow(this.api, id, {
        signal: controller.signal,
        onEvent: (event) => this.on.event(id, event),
        onLink: (up) => this.on.link(id, up ? "up" : "down"),
      });
    } catch {
      this.on.link(id, "lost");
    }
    if (this.streams.get(id) !== controller) return;
    this.streams.delete(id);
    this.fill();
  }

  async poll() {
    this.timer = null;
    if (!document.hidden) {
      try {
        const { jobs } = await this.api.jobs({ size: 100 });
        for (const job of jobs.filter((one) => this.waiting.has(one.id))) {
          if (isFinal(job)) this.waiting.delete(job.id);
          else this.waiting.set(job.id, job);
          this.on.job(job);
        }
      } catch {
        // The next round asks again.
      }
    }
    this.fill();
  }
}

function nearness(job) {
  return job.state === "running" ? -1 : job.place?.place ?? Number.MAX_SAFE_INTEGER;
}
