/** What may still be drawn today: loaves for a small allowance, a bar for a large one, and the reset time. */

import { el, show } from "./dom.js";
import { clock, duration, t } from "./i18n.js";

const MOST_LOAVES = 12;

/** Draws itself into #allowance. */
export class AllowanceCard {
  constructor(api) {
    this.api = api;
    this.root = document.getElementById("allowance");
    this.facts = null;
    this.failed = false;
    this.noKey = false;
  }

  /** Reads the allowance again. Returns it, or null without a key. Throws Problem. */
  async refresh() {
    if (!this.api.key) {
      this.facts = null;
      this.render();
      return null;
    }
    const key = this.api.key;
    try {
      const facts = await this.api.allowance();
      if (key !== this.api.key) return null;
      this.facts = facts;
      this.failed = this.noKey = false;
    } catch (problem) {
      this.failed = true;
      this.noKey = problem.status === 401;
      this.render();
      throw problem;
    }
    this.render();
    return this.facts;
  }

  render() {
    show(this.root, Boolean(this.api.key) && !this.noKey);
    const title = el("h2", { id: "allowance-title", text: t("allowance.title") });
    if (!this.facts) {
      const text = this.failed ? t("allowance.unknown") : "…";
      this.root.replaceChildren(title, el("p", { class: "quiet", text }));
      return;
    }
    const { remaining, limit, held, live, live_limit: liveLimit, reset_time: reset } = this.facts;
    this.root.replaceChildren(
      title,
      el("p", { class: "figure" },
        el("strong", { text: t("allowance.left", { n: remaining }) }), " ", el("span", { text: t("allowance.of", { n: limit }) })),
      limit <= MOST_LOAVES ? loaves(this.facts) : bar(this.facts),
    );
    if (reset) this.root.append(el("p", { class: "quiet", text: resetText(this.api, reset) }));
    if (liveLimit) this.root.append(el("p", { class: "quiet", text: t("allowance.live", { n: live, limit: liveLimit }) }));
    if (held) this.root.append(el("p", { class: "quiet", text: t("allowance.held", { n: held }) }));
  }
}

/** The facts of a reset as messages want them. `reset` is RFC 3339. */
export function resetFacts(api, reset) {
  const date = new Date(reset);
  return { time: clock(date), span: duration(Math.max(0, (date - api.now()) / 1000)) };
}

function resetText(api, reset) {
  return t("allowance.reset", resetFacts(api, reset));
}

function loaves({ limit, remaining, held }) {
  const row = el("div", { class: "loaves", "aria-hidden": "true" });
  for (let index = 0; index < limit; index += 1) {
    const kind = index < remaining ? "left" : index < remaining + held ? "held" : "used";
    row.append(el("span", { class: `loaf ${kind}` }));
  }
  return row;
}

function bar({ limit, remaining }) {
  return el("progress", { class: "left", max: String(limit), value: String(remaining), "aria-hidden": "true" });
}
