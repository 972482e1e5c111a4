/** The public line as it stands: ovens, pictures baking, who waits in which class, how long. */

import { el } from "./dom.js";
import { duration, exactTime, t, waitLikely } from "./i18n.js";

/** Draws itself into #line, above the link to the page that tells more. */
export class LineCard {
  constructor(api) {
    this.api = api;
    this.root = document.querySelector("#line .now");
    this.facts = null;
    this.readAt = null;
    this.failed = false;
  }

  /** Reads the line again; a failure shows in the card and is not thrown. Returns whether it worked. */
  async refresh() {
    try {
      this.facts = await this.api.line();
      this.readAt = new Date(this.api.now());
      this.failed = false;
    } catch {
      this.failed = true;
    }
    this.render();
    return !this.failed;
  }

  render() {
    const title = el("h2", { id: "line-title", text: t("line.title") });
    if (!this.facts) {
      this.root.replaceChildren(title, el("p", { class: "quiet", text: this.failed ? t("line.unknown") : "…" }));
      return;
    }
    const { ovens, slots, baking, classes } = this.facts;
    const summary = ovens ? `${t("line.ovens", { n: ovens })} · ${t("line.baking", { n: baking, slots })}` : t("line.ovens", { n: 0 });
    const several = new Set(classes.map((entry) => entry.model)).size > 1;
    const list = el("dl", { class: "classes" });
    for (const entry of [...classes].sort((a, b) => (a.tier < b.tier ? -1 : 1))) {
      const name = t(`tier.${entry.tier}`, { otherwise: entry.tier });
      list.append(
        el("dt", {}, el("span", { class: "tag", text: several ? `${entry.model} · ${name}` : name })),
        el("dd", {},
          el("strong", { text: t("line.waiting", { n: entry.waiting }) }),
          el("span", { text: t("line.starts", { wait: waitLikely(entry.wait) }) })),
      );
    }
    const told = [...level(this.facts.surge), embers(baking, slots), el("p", { text: summary }), list];
    if (this.failed) told.unshift(el("p", { class: "quiet stale", text: t("line.stale", { time: exactTime(this.readAt) }) }));
    this.root.replaceChildren(title, ...told);
  }
}

/** How far demand is above what the ovens can bake, and what that means for an order. */
function level(surge) {
  if (!surge) return [];
  const lines = [el("p", { class: `level ${surge.level}`, text: t(`surge.${surge.level}`) })];
  if (surge.backlog >= 1) lines.push(el("p", { class: "quiet", text: t("status.backlog", { span: duration(surge.backlog) }) }));
  return lines;
}

/** Places of all ovens, the taken ones glowing; more glow than there are where an oven is overcommitted. For the eyes only. */
export function embers(baking, slots) {
  const row = el("div", { class: "embers", "aria-hidden": "true" });
  for (let index = 0; index < Math.min(Math.max(slots, baking), 32); index += 1) {
    row.append(el("span", { class: index < baking ? "hot" : "" }));
  }
  return row;
}
