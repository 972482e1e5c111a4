/** The list of one's appeals, newest first; it is there once there is one. */

import { appealTold } from "./appeal_told.js";
import { button, el, show } from "./dom.js";
import { currentLanguage, t } from "./i18n.js";

/** The section #appeals. `on`: problem(problem), again(prompt) for one that passes now. */
export class AppealList {
  constructor(appeals, on) {
    this.appeals = appeals;
    this.on = on;
    this.root = document.getElementById("appeals");
    this.list = this.root.querySelector("ol");
    this.more = document.getElementById("more-appeals");
    this.more.addEventListener("click", () => this.loadMore());
    this.items = new Map();
    appeals.onChange(() => this.render());
  }

  /** Draws those that are new or have changed; an open "what was sent" stays open. */
  render() {
    const { all, token } = this.appeals;
    show(this.root, all.length > 0);
    show(this.more, Boolean(token));
    for (const id of this.items.keys()) if (!all.some((appeal) => appeal.id === id)) this.items.delete(id);
    const wanted = all.map((appeal) => this.item(appeal));
    if (wanted.some((item, index) => this.list.children[index] !== item) || this.list.children.length !== wanted.length) {
      this.list.replaceChildren(...wanted);
    }
  }

  item(appeal) {
    const built = [currentLanguage(), appeal.state, appeal.notice, appeal.prompt, appeal.credited].join();
    const known = this.items.get(appeal.id);
    if (known?.dataset.built === built) return known;
    const about = appeal.stage === "image" ? t("appeal.about-picture") : appeal.prompt || t("appeal.prompt-gone");
    const item = el("li", { class: "card appeal-item", data: { built, state: appeal.state } },
      ...appealTold(appeal, { heading: "h3", id: `${appeal.id}-listed` }));
    item.firstElementChild.after(el("p", { class: "prompt", lang: appeal.stage === "prompt" && appeal.prompt ? "" : null, text: about }));
    if (appeal.state === "granted" && appeal.prompt) {
      item.append(el("div", { class: "actions" }, button(t("appeal.again"), "second", () => this.on.again(appeal.prompt))));
    }
    this.items.set(appeal.id, item);
    return item;
  }

  async loadMore() {
    this.more.disabled = true;
    const before = this.list.children.length;
    try {
      await this.appeals.more();
      this.list.children[before]?.querySelector("h3").focus();
    } catch (problem) {
      this.on.problem(problem);
    } finally {
      this.more.disabled = false;
    }
  }
}
