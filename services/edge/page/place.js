/** The line as a picture: the oven, the orders ahead as loaves, and you. For the eyes only; words say the same. */

import { el, setText, show } from "./dom.js";
import { t } from "./i18n.js";

const MOST_LOAVES = 8;

export class PlaceLine {
  constructor() {
    this.loaves = el("span", { class: "ahead" });
    this.others = el("span", { class: "others" });
    this.you = el("span", { class: "you" });
    const oven = el("img", { src: "icon.svg", alt: "", width: 34, height: 34 });
    this.element = el("div", { class: "place-line", "aria-hidden": "true" }, oven, this.loaves, this.others, this.you);
  }

  /** Shows `ahead` orders before yours. */
  update(ahead) {
    const wanted = Math.min(ahead, MOST_LOAVES);
    const standing = [...this.loaves.children].filter((loaf) => !loaf.classList.contains("gone"));
    for (const loaf of standing.slice(0, Math.max(0, standing.length - wanted))) {
      loaf.classList.add("gone");
      setTimeout(() => loaf.remove(), 600);
    }
    for (let count = standing.length; count < wanted; count += 1) this.loaves.append(el("span", { class: "loaf left" }));
    show(this.others, ahead > MOST_LOAVES);
    setText(this.others, t("job.others", { n: ahead - MOST_LOAVES }));
    setText(this.you, t("job.you"));
  }
}
