/** The shelf: a person's finished pictures, newest first, and one of them in large. */

import { button, el, show } from "./dom.js";
import { fileName } from "./frames.js";
import { dayAndTime, t } from "./i18n.js";

/** The section #gallery and the dialog #viewer. `on`: again(job), reuseSeed(job, seed), problem(problem). */
export class Gallery {
  constructor(api, on) {
    this.api = api;
    this.on = on;
    this.root = document.getElementById("gallery");
    this.shelf = this.root.querySelector(".shelf");
    this.more = document.getElementById("more");
    this.viewer = document.getElementById("viewer");
    this.jobs = new Map();
    this.token = "";
    this.open = null;
    this.more.addEventListener("click", () => this.loadMore());
    this.viewer.addEventListener("click", (event) => { if (event.target === this.viewer) this.viewer.close(); });
    this.viewer.addEventListener("close", () => { this.open = null; });
  }

  /** Adds drawn jobs of a page of the list; `hidden(id)` tells those that have a card of their own. */
  take(jobs, token, hidden) {
    for (const job of jobs) {
      if (job.state === "committed" && job.images.length && !hidden(job.id)) this.jobs.set(job.id, job);
    }
    this.token = token;
    this.render();
  }

  /** Adds one job. */
  put(job) {
    this.jobs.set(job.id, job);
    this.render();
  }

  clear() {
    this.jobs.clear();
    this.token = "";
    this.render();
  }

  async loadMore() {
    this.more.disabled = true;
    const before = this.shelf.children.length;
    try {
      const { jobs, next_page_token: token } = await this.api.jobs({ token: this.token });
      this.take(jobs, token, () => false);
      this.shelf.children[before]?.querySelector("button").focus();
    } catch (problem) {
      this.on.problem(problem);
    } finally {
      this.more.disabled = false;
    }
  }

  render() {
    const newest = [...this.jobs.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
    this.shelf.replaceChildren(...newest.flatMap((job) => job.images.map((image) => this.tile(job, image))));
    show(this.root, newest.length > 0);
    show(this.more, Boolean(this.token));
    if (this.open) this.view(this.open.job, this.open.image);
  }

  tile(job, image) {
    const picture = el("img", { src: image.url, alt: "", loading: "lazy", width: 256, height: 256 });
    return el("li", {}, el("button", {
      type: "button", "aria-label": t("gallery.open", { prompt: job.prompt }), title: job.prompt,
      on: { click: () => this.view(job, image) },
    }, picture, el("span", { lang: "", text: job.prompt, "aria-hidden": "true" })));
  }

  view(job, image) {
    this.open = { job, image };
    const drawn = { date: dayAndTime(new Date(job.create_time)), model: job.model, size: job.size.replace("x", "\u00a0×\u00a0"), steps: job.steps };
    const then = (action) => () => { this.viewer.close(); action(); };
    const seed = String(image.seed);
    const close = button("×", "close", () => this.viewer.close());
    close.setAttribute("aria-label", t("gallery.close"));
    this.viewer.replaceChildren(
      el("img", { src: image.url, alt: job.prompt }),
      el("div", { class: "tale" },
        el("h2", { id: "viewer-title", class: "prompt", lang: "", text: job.prompt }),
        el("p", { class: "quiet", text: t("gallery.drawn", drawn) }),
        el("div", { class: "actions" },
          el("a", { class: "button second", autofocus: true, href: image.url, download: fileName(job.prompt, image.seed), text: t("job.download") }),
          button(t("job.again"), "plain", then(() => this.on.again(job))),
          button(t("job.reuse-seed", { seed }), "plain", then(() => this.on.reuseSeed(job, image.seed))))),
      close,
    );
    if (!this.viewer.open) this.viewer.showModal();
  }
}
