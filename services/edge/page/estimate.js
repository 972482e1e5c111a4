/**
 * What an order would cost and how long it would wait, told before it is sent. A dry run is made when a person
 * pauses, never more than one at a time; what was typed changes neither cost nor place, so only the other fields
 * and the passing of time ask for a new one.
 */

import { setText } from "./dom.js";
import { t, waitRange } from "./i18n.js";
import { spentWords } from "./notice.js";

const PAUSE_MS = 500;
const STALE_MS = 12000;

/** Draws itself into #order-estimate. `form` is the OrderForm, `allowance` the AllowanceCard. */
export class Estimate {
  constructor(api, form, allowance) {
    this.api = api;
    this.form = form;
    this.allowance = allowance;
    this.root = document.getElementById("order-estimate");
    this.timer = null;
    this.running = null;
    this.known = null;
  }

  /** The form changed: asks once the person pauses, unless the answer is known. */
  changed() {
    clearTimeout(this.timer);
    const wanted = fingerprint(this.form.order());
    if (wanted !== this.known?.wanted) this.known = null;
    this.render();
    if (wanted && this.stale(wanted)) this.timer = setTimeout(() => this.ask(), PAUSE_MS);
  }

  /** The world changed (an order went out or ended): what was known is old. */
  outdate() {
    if (this.known) this.known.at = 0;
    this.changed();
  }

  stale(wanted) {
    return this.known?.wanted !== wanted || Date.now() - this.known.at > STALE_MS;
  }

  async ask() {
    const order = this.form.order();
    const wanted = fingerprint(order);
    if (!order || !this.api.key || document.hidden || !this.stale(wanted)) return;
    this.running?.abort();
    this.running = new AbortController();
    const { signal } = this.running;
    try {
      const job = await this.api.estimate(order, { signal });
      this.known = { wanted, at: Date.now(), place: job.place, problem: null };
    } catch (problem) {
      if (signal.aborted) return;
      this.known = { wanted, at: Date.now(), place: null, problem };
    }
    this.render();
  }

  render() {
    const wrong = this.form.wrongField();
    this.root.classList.toggle("warning", Boolean(wrong || this.known?.problem));
    setText(this.root, wrong ? this.form.complaint(wrong) : this.text());
  }

  text() {
    const order = this.form.order();
    if (!order || !this.api.key) return t("estimate.empty");
    const facts = this.allowance.facts;
    if (this.known?.problem) return this.problemText(this.known.problem, facts);
    const said = [t("estimate.cost", { n: order.count })];
    if (facts) said[0] += ` ${t("estimate.left", { n: facts.remaining })}`;
    else said[0] += ".";
    const place = this.known?.place;
    if (place) {
      said.push(t("estimate.ahead", { n: place.place }));
      said.push(t("estimate.start", { wait: waitRange(place.eta_low, place.eta_high) }));
    }
    return said.join(" ");
  }

  problemText(problem, facts) {
    if (problem.reason === "ALLOWANCE_SPENT") return spentWords(this.api, facts, problem.metadata).join(" – ");
    if (problem.reason === "NETWORK") return t("notice.network");
    return problem.detail || t("notice.other");
  }
}

function fingerprint(order) {
  if (!order) return "";
  const { prompt, ...rest } = order;
  return JSON.stringify({ ...rest, long: prompt.length > 8000 });
}
