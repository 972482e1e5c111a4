/** One finished picture in large: what it is, where it comes from, what it took, and how to be rid of it. */

import { button, el, setText, show } from "./dom.js";
import { fileName } from "./frames.js";
import { dayAndTime, t } from "./i18n.js";
import { pictureBytes, provenanceTold, readProvenance } from "./provenance.js";
import { usageTold } from "./usage.js";

/** The dialog #viewer. `on`: again(job), reuseSeed(job, seed), remove(job), which closes it or throws Problem. */
export class Viewer {
  constructor(api, on) {
    this.api = api;
    this.on = on;
    this.root = document.getElementById("viewer");
    this.shown = null;
    this.reports = new Map();
    this.root.addEventListener("click", (event) => { if (event.target === this.root) this.root.close(); });
    this.root.addEventListener("close", () => { this.shown = null; });
  }

  /** Opens on a picture of a job. */
  view(job, image) {
    this.shown = { job, image, unfolded: new Set(), asking: false };
    this.render();
    if (!this.root.open) this.root.showModal();
  }

  /** Draws again in the language in use. */
  render() {
    if (!this.shown) return;
    const { job, image } = this.shown;
    const drawn = { date: dayAndTime(new Date(job.create_time)), model: job.model, size: job.size.replace("x", "\u00a0×\u00a0"), steps: job.steps };
    const then = (action) => () => { this.root.close(); action(); };
    const seed = String(image.seed);
    const close = button("×", "close", () => this.root.close());
    close.setAttribute("aria-label", t("gallery.close"));
    this.root.replaceChildren(
      el("img", { src: image.url, alt: job.prompt }),
      el("div", { class: "tale" },
        el("h2", { id: "viewer-title", class: "prompt", lang: "", text: job.prompt }),
        el("p", { class: "quiet", text: t("gallery.drawn", drawn) }),
        el("div", { class: "actions" },
          el("a", { class: "button second", autofocus: true, href: image.url, download: fileName(job.prompt, image.seed), text: t("job.download") }),
          button(t("job.again"), "plain", then(() => this.on.again(job))),
          button(t("job.reuse-seed", { seed }), "plain", then(() => this.on.reuseSeed(job, image.seed)))),
        this.origin(),
        this.fold("usage", usageTold(job)),
        this.removal()),
      close,
    );
  }

  /** "Where this picture comes from": read when somebody unfolds it, and once only. */
  origin() {
    const { shown } = this;
    const told = el("div", { role: "status" });
    return this.fold("provenance", told, () => { if (!told.hasChildNodes()) this.read(shown, told); });
  }

  /** A part that is folded until it is asked for, and stays as it was when the language changes. */
  fold(name, content, unfold = () => {}) {
    const { unfolded } = this.shown;
    const box = el("details", { open: unfolded.has(name) }, el("summary", { text: t(`${name}.title`) }), content);
    box.addEventListener("toggle", () => {
      if (!box.open) unfolded.delete(name);
      else {
        unfolded.add(name);
        unfold();
      }
    });
    return box;
  }

  async read({ image }, told) {
    const known = this.reports.get(image.url);
    told.replaceChildren(...(known ? provenanceTold(known) : [el("p", { class: "quiet", text: t("provenance.reading") })]));
    if (known) return;
    try {
      const report = await readProvenance(this.api, await pictureBytes(this.api, image.url));
      this.reports.set(image.url, report);
      told.replaceChildren(...provenanceTold(report));
    } catch (problem) {
      const again = button(t("notice.retry"), "plain small", () => this.read({ image }, told));
      told.replaceChildren(el("p", { class: "problem", text: problem.detail || t("provenance.unread") }), again);
    }
  }

  /** Deleting takes two presses; the second says what is lost. */
  removal() {
    const { job, asking } = this.shown;
    const ask = (wanted) => () => {
      this.shown.asking = wanted;
      box.replaceWith(this.removal());
      document.getElementById(wanted ? "keep-picture" : "delete-picture").focus();
    };
    const box = el("div", { class: "removal" });
    if (!asking) {
      const start = button(t("gallery.delete"), "plain", ask(true));
      start.id = "delete-picture";
      box.append(start);
      return box;
    }
    const problem = el("p", { class: "problem", role: "status", hidden: true });
    const really = button(t("gallery.delete-really"), "main", () => this.remove(job, really, problem));
    const keep = button(t("gallery.keep"), "second", ask(false));
    keep.id = "keep-picture";
    box.setAttribute("role", "group");
    box.setAttribute("aria-labelledby", "delete-warning");
    box.append(el("p", { id: "delete-warning", text: t("gallery.delete-warning", { n: job.images.length }) }),
      el("div", { class: "actions" }, really, keep), problem);
    keep.setAttribute("aria-describedby", "delete-warning");
    return box;
  }

  async remove(job, really, problem) {
    really.disabled = true;
    try {
      await this.on.remove(job);
    } catch (fault) {
      really.disabled = false;
      show(problem, true);
      setText(problem, fault.detail || t("gallery.not-deleted"));
    }
  }
}
