/** One oven mouth a picture: dark, glowing, a preview that sharpens, then the picture with its seed. */

import { el, setText, show } from "./dom.js";
import { t } from "./i18n.js";

const MOST_BLUR = 14;

/** The frames of one job. `onSeed(seed)` is called when a person wants a seed again. */
export class Frames {
  constructor(count, onSeed) {
    this.frames = Array.from({ length: count }, () => new Frame(onSeed));
    this.element = el("div", { class: count > 1 ? "frames several" : "frames" }, ...this.frames.map((frame) => frame.element));
  }

  update(tale) {
    tale.frames.forEach((state, index) => this.frames[index].update(tale, state, index));
  }
}

class Frame {
  constructor(onSeed) {
    this.preview = el("img", { class: "preview", alt: "", hidden: true });
    this.picture = el("img", { class: "picture", alt: "", hidden: true });
    this.picture.addEventListener("load", () => this.picture.classList.add("here"));
    this.seed = el("button", { type: "button", class: "plain small", on: { click: () => onSeed(this.image.seed) } });
    this.save = el("a", { class: "plain small" });
    this.caption = el("figcaption", { hidden: true }, this.seed, this.save);
    this.oven = el("div", { class: "oven" }, this.preview, this.picture);
    this.element = el("figure", {}, this.oven, this.caption);
    this.image = null;
    this.shown = "";
  }

  update(tale, { step, preview, image }, index) {
    const baking = tale.phase === "running" && !image;
    this.oven.dataset.state = image ? "done" : baking ? "baking" : tale.phase === "failed" ? "cold" : "waiting";
    if (preview && this.shown !== preview.png) {
      this.shown = preview.png;
      this.preview.src = `data:image/png;base64,${preview.png}`;
    }
    show(this.preview, Boolean(preview) && tale.phase !== "failed");
    if (preview) {
      this.preview.alt = image ? "" : t("job.preview", { prompt: tale.prompt, step: preview.step });
      this.preview.style.filter = `blur(${blur(Math.max(step, preview.step), tale.steps)}px)`;
    }
    show(this.picture, Boolean(image));
    show(this.caption, Boolean(image));
    if (!image) return;
    this.image = image;
    if (this.picture.getAttribute("src") !== image.url) this.picture.src = image.url;
    this.picture.alt = tale.prompt;
    setText(this.seed, t("job.seed", { seed: String(image.seed) }));
    this.seed.title = t("job.reuse-seed", { seed: String(image.seed) });
    this.seed.setAttribute("aria-label", this.seed.title);
    setText(this.save, t("job.download"));
    this.save.setAttribute("aria-label", tale.count > 1 ? t("job.download-n", { n: index + 1 }) : t("job.download"));
    this.save.href = image.url;
    this.save.download = fileName(tale.prompt, image.seed);
  }
}

/** A file name from a prompt: letters and digits, at most 60 of them, and the seed. */
export function fileName(prompt, seed) {
  const plain = prompt.normalize("NFD").replace(/\p{M}/gu, "").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
  return `${plain.slice(0, 60).toLowerCase() || "fournil"}-${seed}.png`;
}

function blur(step, steps) {
  const left = 1 - Math.min(1, step / Math.max(1, steps));
  return (MOST_BLUR * left * left).toFixed(1);
}
