/**
 * What was refused, newest first: this browser's refusals, and the account's appeals with their answers. A refusal whose
 * card stands elsewhere on the page is not listed a second time.
 */

import { appealTold } from "./appeal_told.js";
import { announce, button, el, show } from "./dom.js";
import { currentLanguage, moment, t } from "./i18n.js";
import { decisionLine } from "./notice.js";

/** The section #refused. `on`: problem(problem), emptied() when the last one was removed. */
export class RefusedList {
  constructor(appeals, refusals, on) {
    Object.assign(this, { appeals, refusals, on });
    this.root = document.getElementById("refused");
    this.list = this.root.querySelector("ol");
    this.kept = document.getElementById("refused-kept");
    this.more = document.getElementById("more-refused");
    this.more.addEventListener("click", () => this.loadMore());
    this.items = new Map();
    appeals.onChange(() => this.render());
    refusals.onChange(() => this.render());
  }

  /** Draws those that are new or have changed: the others stay as they are, with what is unfolded or typed in them. */
  render() {
    const wanted = this.wanted();
    const left = [...this.list.children].find((item) => !wanted.includes(item) && item.contains(document.activeElement));
    for (const item of [...this.list.children]) if (!wanted.includes(item)) item.remove();
    wanted.forEach((item, index) => { if (this.list.children[index] !== item) this.list.insertBefore(item, this.list.children[index] ?? null); });
    this.items = new Map(wanted.map((item) => [item.dataset.decision, item]));
    show(this.root, wanted.length > 0);
    show(this.kept, wanted.some((item) => item.dataset.state === "refused"));
    show(this.more, Boolean(this.appeals.token));
    if (left) this.items.get(left.dataset.decision)?.querySelector("h3").focus();
  }

  wanted() {
    const { all, asked } = this.appeals;
    const refused = asked ? this.refusals.all.filter(({ decision_id: id }) => !this.appeals.of(id) && !this.appeals.onCard(id)) : [];
    const dated = [
      ...refused.map((refusal) => [refusal.time, this.refusal(refusal)]),
      ...all.map((appeal) => [Date.parse(appeal.create_time), this.appeal(appeal)]),
    ];
    return dated.sort(([one], [other]) => other - one).map(([, item]) => item);
  }

  /** A refusal that nobody has appealed. */
  refusal(refusal) {
    const { decision_id: decision, stage, category, appealable, time } = refusal;
    const prompt = this.refusals.promptOf(decision);
    return this.item(decision, "refused", [prompt, appealable, this.appeals.here], (id) => [
      el("h3", { id, tabindex: "-1", class: "appeal-state refused", text: t("refused.for", { category: t(`category.${category}`, { otherwise: category }) }) }),
      prompt ? el("p", { class: "prompt", lang: "", text: prompt }) : null,
      el("div", { class: "actions" },
        el("p", { class: "quiet", text: t(stage === "image" ? "refused.picture" : "refused.prompt", { time: moment(new Date(time)) }) }),
        decisionLine(decision)),
      this.appealing(refusal, prompt, id),
      el("button", {
        type: "button", class: "close", text: "×", title: t("refused.forget"), "aria-label": t("refused.forget"), "aria-describedby": id,
        on: { click: () => this.forget(decision) },
      }),
    ]);
  }

  /** The way to appeal; where the mesh takes no appeals, nothing is said of them. */
  appealing(refusal, prompt, id) {
    if (refusal.appealable) return el("div", { role: "group", "aria-labelledby": id }, this.appeals.panel(refusal, prompt).element);
    return this.appeals.here === false ? null : el("p", { text: t("appeal.never") });
  }

  appeal(appeal) {
    const { decision_id: decision, state, stage, notice, prompt, credited } = appeal;
    return this.item(decision, state, [notice, prompt, credited], (id) => {
      const about = stage === "image" ? t("appeal.about-picture") : prompt || t("appeal.prompt-gone");
      const [title, ...told] = appealTold(appeal, { heading: "h3", id, again: this.appeals.again });
      return [title, el("p", { class: "prompt", lang: stage === "prompt" && prompt ? "" : null, text: about }), ...told];
    });
  }

  /** The card of a decision: the one that is there while language, state and facts are the same. */
  item(decision, state, facts, content) {
    const built = [currentLanguage(), state, ...facts].join();
    const known = this.items.get(decision);
    if (known?.dataset.built === built) return known;
    const made = el("li", { class: "card appeal-item", data: { built, state, decision } });
    made.append(...content(`${decision}-listed`).filter(Boolean));
    return made;
  }

  forget(decision) {
    const item = this.items.get(decision);
    const next = item.nextElementSibling ?? item.previousElementSibling;
    this.refusals.forget(decision);
    announce(t("refused.forgotten"));
    if (next) next.querySelector("h3").focus();
    else this.on.emptied();
  }

  async loadMore() {
    this.more.disabled = true;
    const before = new Set(this.list.children);
    try {
      await this.appeals.more();
      [...this.list.children].find((item) => !before.has(item))?.querySelector("h3").focus();
    } catch (problem) {
      this.on.problem(problem);
    } finally {
      this.more.disabled = false;
    }
  }
}
