/** The orders under way and those that just ended: one card each, kept alive by the watcher. */

import { setText, show } from "./dom.js";
import { t } from "./i18n.js";
import { JobCard } from "./job.js";
import { afterEvent, ended, fromRecord } from "./job_state.js";
import { Watcher, isFinal } from "./watcher.js";

const UNSEEN_STORED = "fournil.unseen";
const MOST_UNSEEN = 50;

/**
 * The section #jobs. `on`: ended(tale) when an order ends, shelve(tale) when a picture leaves for the shelf, closed(tale)
 * when the card of an order without a picture is closed, problem(problem), again(tale), reuseSeed(tale, seed), edit(prompt),
 * places() whenever something moved. `appeals` is what refused orders are questioned by.
 */
export class Bakehouse {
  constructor(api, appeals, on) {
    this.api = api;
    this.appeals = appeals;
    this.on = on;
    this.root = document.getElementById("jobs");
    this.list = this.root.querySelector(".jobs");
    this.hint = document.getElementById("jobs-hint");
    this.cards = new Map();
    this.unseen = new Set(JSON.parse(localStorage.getItem(UNSEEN_STORED) ?? "[]"));
    this.watcher = new Watcher(api, {
      job: (job) => this.move(job.id, (tale) => fromRecord(job, api.now(), tale)),
      event: (id, event) => this.move(id, (tale) => afterEvent(tale, event, api.now())),
      link: (id, link) => this.cards.get(id)?.setLink(link),
    });
    document.addEventListener("visibilitychange", () => this.see());
  }

  /** Whether `id` has a card here. */
  has(id) {
    return this.cards.has(id);
  }

  /** The tales told here, newest first. */
  tales() {
    return [...this.cards.values()].map((card) => card.tale);
  }

  /** Shows the jobs of a list that are under way, and those that ended while nobody looked. Newest first. */
  take(jobs) {
    for (const job of [...jobs].reverse()) {
      if (!isFinal(job) || this.unseen.has(job.id)) this.add(job);
    }
    this.see();
  }

  /** Puts a card at the top. Returns it. */
  add(job) {
    if (this.cards.has(job.id)) return this.cards.get(job.id);
    const tale = fromRecord(job, this.api.now());
    const card = new JobCard(tale, {
      cancel: () => this.cancel(job.id),
      again: () => this.on.again(card.tale),
      reuseSeed: (seed) => this.on.reuseSeed(card.tale, seed),
      edit: () => this.on.edit(card.tale.prompt),
      dismiss: () => this.dismiss(job.id),
      reconnect: () => this.watcher.watch({ ...job, state: "queued" }),
    }, this.appeals);
    this.cards = new Map([[job.id, card], ...this.cards]);
    this.list.prepend(card.element);
    card.update(tale, this.api.now());
    show(this.root, true);
    if (!ended(tale)) {
      this.remember(job.id, true);
      this.watcher.watch(job);
    }
    this.closing();
    return card;
  }

  /** Takes everything away; for a change of key. */
  clear() {
    this.watcher.stop();
    this.cards.clear();
    this.list.replaceChildren();
    show(this.root, false);
  }

  /** Waits shrink with time: called once a second. */
  tick() {
    if (document.hidden) return;
    for (const card of this.cards.values()) {
      if (card.tale.phase === "queued") card.update(card.tale, this.api.now());
    }
  }

  relabel() {
    for (const card of this.cards.values()) card.relabel(this.api.now());
  }

  move(id, change) {
    const card = this.cards.get(id);
    if (!card || ended(card.tale)) return;
    const tale = change(card.tale);
    card.update(tale, this.api.now());
    if (ended(tale)) {
      this.see();
      this.on.ended(tale);
    }
    this.closing();
    this.on.places();
  }

  async cancel(id) {
    const card = this.cards.get(id);
    card.cancelling = true;
    card.build();
    try {
      const job = await this.api.cancel(id);
      this.move(id, (tale) => fromRecord(job, this.api.now(), tale));
    } catch (problem) {
      this.on.problem(problem);
    } finally {
      card.cancelling = false;
      card.build();
    }
  }

  dismiss(id) {
    const card = this.cards.get(id);
    const next = card.element.nextElementSibling ?? card.element.previousElementSibling;
    this.cards.delete(id);
    card.element.remove();
    this.remember(id, false);
    this.closing();
    show(this.root, this.cards.size > 0);
    if (card.tale.phase === "done") this.on.shelve(card.tale);
    else this.on.closed(card.tale);
    if (next) next.querySelector("h3").focus();
    else this.on.emptied();
  }

  /** "You may close this page" while something is under way, then how long what ended stays: a line in either case, so nothing jumps. */
  closing() {
    const key = this.tales().some((tale) => !ended(tale)) ? "jobs.close" : "jobs.ended";
    this.hint.dataset.t = key;
    setText(this.hint, t(key));
  }

  see() {
    if (document.hidden) return;
    for (const tale of this.tales()) if (ended(tale)) this.remember(tale.id, false);
  }

  /** Orders whose end nobody has seen survive a reload, at most fifty. */
  remember(id, unseen) {
    if (unseen) this.unseen.add(id);
    else this.unseen.delete(id);
    localStorage.setItem(UNSEEN_STORED, JSON.stringify([...this.unseen].slice(-MOST_UNSEEN)));
  }
}
