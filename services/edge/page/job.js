/** The card of one order, from "received" to the picture or the reason why there is none. */

import { announce, button, el, setText, show } from "./dom.js";
import { Frames } from "./frames.js";
import { t, waitRange } from "./i18n.js";
import { ended, etaNow, progressOf } from "./job_state.js";
import { refusalBody } from "./notice.js";
import { PlaceLine } from "./place.js";

/** Draws a tale (job_state.js). `actions`: cancel(), again(), reuseSeed(seed), edit(), dismiss(), reconnect(). `appeals`: Appeals. */
export class JobCard {
  constructor(tale, actions, appeals) {
    this.tale = tale;
    this.appeals = appeals;
    this.actions = actions;
    this.link = "up";
    this.cancelling = false;
    this.said = "";
    this.frames = new Frames(tale.count, actions.reuseSeed);
    this.place = new PlaceLine();
    this.title = el("h3", { tabindex: "-1" });
    this.prompt = el("p", { class: "prompt", lang: "", text: tale.prompt });
    this.where = el("p", { class: "where" });
    this.why = el("p", { class: "why" });
    this.bar = el("progress", { class: "steps", max: "1", value: "0" });
    this.lost = el("div", { class: "lost" });
    this.refusal = el("div", { class: "refusal" });
    this.buttons = el("div", { class: "actions" });
    this.close = button("×", "close", () => actions.dismiss());
    this.element = el("li", { class: "card job" }, this.frames.element, el("div", { class: "tale" },
      this.title, this.prompt, this.place.element, this.where, this.why, this.bar, this.refusal, this.lost, this.buttons), this.close);
    this.built = "";
  }

  /** Draws the tale as it is at server time `now`. */
  update(tale, now) {
    this.tale = tale;
    const { phase, place, rose } = tale;
    this.element.dataset.phase = phase;
    this.frames.update(tale);
    setText(this.title, this.titleText());
    setText(this.where, this.whereText(now));
    show(this.where, this.where.textContent !== "");
    show(this.place.element, phase === "queued" && place !== null);
    if (place) this.place.update(place.place);
    show(this.why, phase === "queued" && rose !== null || phase === "running" && tale.attempt > 1);
    setText(this.why, this.whyText());
    show(this.bar, phase === "running");
    this.updateBar();
    this.close.setAttribute("aria-label", t(phase === "done" ? "job.shelve" : "job.dismiss"));
    show(this.close, ended(tale));
    this.build();
    this.say(phase, rose);
  }

  /** What the connection is: "up", "down" or "lost". */
  setLink(link) {
    this.link = link;
    this.build();
  }

  relabel(now) {
    this.built = "";
    this.update(this.tale, now);
  }

  titleText() {
    const { phase, failure, place } = this.tale;
    if (phase === "queued" && place) return place.place === 0 ? t("job.next") : t("job.place", { n: place.place });
    if (phase === "failed") {
      if (failure?.refusal) return t("refusal.title");
      const known = { JOB_CANCELLED: "job.cancelled", JOB_EXPIRED: "job.expired" };
      return t(known[failure?.reason] ?? "job.failed");
    }
    return t({ held: "job.held", running: "job.baking", done: "job.done" }[phase] ?? "job.held");
  }

  whereText(now) {
    const { phase, failure, charged } = this.tale;
    if (phase === "held") return t("job.held-text");
    if (phase === "queued") {
      const { low, high } = etaNow(this.tale, now);
      return t("job.start", { wait: waitRange(low, high) });
    }
    if (phase === "running") return this.stepText();
    if (phase === "done") return t("job.charged", { n: charged });
    if (failure?.refusal) return "";
    return failure?.reason === "JOB_CANCELLED" ? t("job.uncharged") : failure?.message || t("job.uncharged");
  }

  stepText() {
    const { frames, steps, count } = this.tale;
    const active = frames.findIndex((frame) => !frame.image && frame.step < steps);
    const index = active < 0 ? frames.length - 1 : active;
    const { step } = frames[index];
    if (frames.every((frame) => frame.step === 0)) return t("job.warming");
    return count > 1 ? t("job.step-of", { index: index + 1, count, step, steps }) : t("job.step", { step, steps });
  }

  whyText() {
    if (this.tale.phase === "running") return t("job.attempt", { n: this.tale.attempt });
    if (!this.tale.rose) return "";
    const { by, reason } = this.tale.rose;
    return `${t("job.rose", { n: by })} ${t(`why.${reason}`, { otherwise: "" })}`.trim();
  }

  updateBar() {
    const { done, all } = progressOf(this.tale);
    this.bar.max = Math.max(1, all);
    this.bar.value = done;
    this.bar.setAttribute("aria-label", t("job.progress"));
  }

  /** Buttons, the refusal and the state of the connection; built again only when they change. */
  build() {
    const { phase, failure, prompt } = this.tale;
    const wanted = [phase, this.link, this.cancelling, failure?.reason].join();
    if (wanted === this.built) return;
    this.built = wanted;
    const focused = this.buttons.contains(document.activeElement);
    const live = !ended(this.tale);
    show(this.lost, live && this.link !== "up");
    this.lost.replaceChildren(el("p", { text: t(this.link === "lost" ? "job.lost" : "job.reconnecting") }));
    if (this.link === "lost") this.lost.append(button(t("job.reconnect"), "second", () => this.actions.reconnect()));
    show(this.refusal, Boolean(failure?.refusal));
    this.refusal.replaceChildren(...(failure?.refusal ? refusalBody(failure.refusal, prompt, this.appeals, this.actions.edit) : []));
    this.buttons.replaceChildren(...this.wantedButtons(live));
    if (focused) (this.buttons.querySelector("button") ?? this.title).focus();
  }

  wantedButtons(live) {
    if (live) {
      const cancel = button(t(this.cancelling ? "job.cancelling" : "job.cancel"), "plain", () => this.actions.cancel());
      cancel.disabled = this.cancelling;
      return [cancel];
    }
    if (this.tale.failure?.refusal) return [];
    const again = button(t("job.again"), "second", () => this.actions.again());
    if (this.tale.phase !== "done") return [again];
    return [again, button(t("job.shelve"), "plain", () => this.actions.dismiss())];
  }

  say(phase, rose) {
    const text = phase === "queued" ? `${this.title.textContent}. ${this.where.textContent}` : this.title.textContent;
    if (text === this.said) return;
    const minor = phase === "queued" && this.saidPhase === phase && !rose;
    announce(rose && phase === "queued" ? `${text} ${this.whyText()}` : text, { minor });
    this.said = text;
    this.saidPhase = phase;
  }
}
