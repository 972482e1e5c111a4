/**
 * A person's appeals: whether this mesh takes any, which there are, how each stands. One appeal a decision.
 *
 * `here` is false once the server has said that it knows no appeals; then nothing of them is shown.
 */

import { AppealPanel } from "./appeal.js";
import { announce } from "./dom.js";
import { t } from "./i18n.js";

const PAGE = 20;
const LARGEST_PAGE = 100;

/** `refusals` is told what cannot be appealed any more; `again(prompt)` orders a prompt that passes now. */
export class Appeals {
  constructor(api, refusals, again) {
    Object.assign(this, { api, refusals, again });
    this.here = null;
    this.asked = false;
    this.token = "";
    this.byDecision = new Map();
    this.panels = new Map();
    this.listeners = new Set();
  }

  /** Runs `listener` whenever something is known that was not. */
  onChange(listener) {
    this.listeners.add(listener);
  }

  /** All that are known, newest first. */
  get all() {
    return [...this.byDecision.values()].sort((a, b) => (a.create_time < b.create_time ? 1 : a.create_time > b.create_time ? -1 : 0));
  }

  /** Whether one still waits for an answer. */
  get waiting() {
    return this.all.some((appeal) => appeal.state === "open");
  }

  /** The appeal against a decision, or undefined. */
  of(decision) {
    return this.byDecision.get(decision);
  }

  /** What stands under a refusal; the same one for the same decision, so that what was typed survives. */
  panel(refusal, prompt) {
    const known = this.panels.get(refusal.decision_id);
    if (known) {
      known.prompt ||= prompt;
      return known;
    }
    const made = new AppealPanel(this, refusal, prompt);
    this.panels.set(refusal.decision_id, made);
    return made;
  }

  /** Whether the refusal stands in a card of its own: at the counter, or in an order's. */
  onCard(decision) {
    const element = this.panels.get(decision)?.element;
    return Boolean(element?.isConnected && element.closest(".notice, .job"));
  }

  /**
   * Reads all that are known again, a hundred at most, and those that are new; a failure leaves what is known. An answer
   * is final: the moderator decides an appeal once. But a credit comes after its grant, and a refusal that stands here
   * may have been appealed elsewhere; so who looks at the list again is told anew even where none waits for an answer.
   */
  async refresh() {
    await this.read("", { size: Math.min(Math.max(PAGE, this.byDecision.size), LARGEST_PAGE) });
  }

  /** Reads the page after those that are known. Throws Problem. */
  async more() {
    await this.read(this.token, { loud: true });
  }

  /** Questions a decision; without a prompt, the server looks for the refused order's. Sent twice it is one appeal. Throws Problem. */
  async file(refusal, prompt, note) {
    const body = { decision_id: refusal.decision_id, note };
    if (refusal.stage === "prompt" && prompt) body.prompt = prompt;
    const appeal = await this.api.fileAppeal(body);
    this.here = true;
    this.take([appeal]);
    this.changed();
  }

  /** The server takes no appeal against this decision. */
  close(decision) {
    this.refusals.close(decision);
    this.changed();
  }

  /** Forgets everything; for a change of key. */
  clear() {
    this.here = null;
    this.asked = false;
    this.token = "";
    this.byDecision.clear();
    this.panels.clear();
    this.changed();
  }

  async read(token, { loud = false, size = PAGE } = {}) {
    const { key } = this.api;
    if (!key || this.here === false) return;
    try {
      const { appeals, next_page_token: next } = await this.api.appeals({ size, token });
      if (key !== this.api.key) return;
      if (token === this.token) this.token = next;
      this.here = true;
      this.take(appeals);
    } catch (problem) {
      if (key !== this.api.key) return;
      if (problem.status === 404 && !token) this.here = false;
      else if (loud) throw problem;
    }
    this.asked = true;
    this.changed();
  }

  take(appeals) {
    for (const appeal of appeals) {
      const before = this.of(appeal.decision_id);
      if (before?.state === "open" && appeal.state !== "open") announce(t(`appeal.${appeal.state}`));
      this.byDecision.set(appeal.decision_id, appeal);
    }
  }

  /** The list first: it keeps the keyboard where a panel of its own is about to vanish. */
  changed() {
    for (const listener of this.listeners) listener();
    for (const panel of this.panels.values()) panel.update();
  }
}
