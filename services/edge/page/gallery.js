/** The shelf: a person's finished pictures, newest first; pressed, one of them opens in the viewer. */

import { announce, el, show } from "./dom.js";
import { t } from "./i18n.js";
import { Viewer } from "./viewer.js";

/** The section #gallery. `on`: again(job), reuseSeed(job, seed), problem(problem), emptied() when the last is deleted. */
export class Gallery {
  constructor(api, on) {
    this.api = api;
    this.on = on;
    this.root = document.getElementById("gallery");
    this.shelf = this.root.querySelector(".shelf");
    this.more = document.getElementById("more");
    this.viewer = new Viewer(api, { again: on.again, reuseSeed: on.reuseSeed, remove: (job) => this.remove(job) });
    this.jobs = new Map();
    this.token = "";
    this.more.addEventListener("click", () => this.loadMore());
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
    this.viewer.render();
  }

  tile(job, image) {
    const picture = el("img", { src: image.url, alt: "", loading: "lazy", width: 256, height: 256 });
    return el("li", { data: { job: job.id } }, el("button", {
      type: "button", "aria-label": t("gallery.open", { prompt: job.prompt }), title: job.prompt,
      on: { click: () => this.viewer.view(job, image) },
    }, picture, el("span", { lang: "", text: job.prompt, "aria-hidden": "true" })));
  }

  /** Deletes a job with all its pictures. Throws Problem; one that is gone already is no problem. */
  async remove(job) {
    const at = [...this.shelf.children].findIndex((tile) => tile.dataset.job === job.id);
    try {
      await this.api.remove(job.id);
    } catch (problem) {
      if (problem.status !== 404) throw problem;
    }
    this.jobs.delete(job.id);
    this.viewer.root.close();
    this.render();
    announce(t("gallery.deleted"));
    const next = this.shelf.children[Math.min(Math.max(at, 0), this.shelf.children.length - 1)];
    if (next) next.querySelector("button").focus();
    else this.on.emptied();
  }
}
