/** Questioning one refusal: a button, a small form, and later what became of it. */

import { appealTold } from "./appeal_told.js";
import { announce, button, el, show } from "./dom.js";
import { currentLanguage, t } from "./i18n.js";

const LONGEST_REASON = 2000;
const LONGEST_PROMPT = 32000;
let serial = 0;

/** Draws itself into `element`; nothing where the refusal cannot be appealed or the mesh takes no appeals. */
export class AppealPanel {
  constructor(appeals, refusal, prompt) {
    Object.assign(this, { appeals, refusal, prompt });
    this.element = el("div", { class: "appeal" });
    this.name = `appeal-${(serial += 1)}`;
    this.open = false;
    this.busy = false;
    this.reason = "";
    this.consent = false;
    this.over = false;
    this.forgotten = false;
    this.problem = "";
    this.built = "";
    this.update();
  }

  /** Draws again what has changed: while somebody types, nothing does. */
  update() {
    const appeal = this.appeals.of(this.refusal.decision_id);
    const wanted = [currentLanguage(), this.appeals.here, this.open, this.busy, this.over, this.forgotten, this.problem, appeal?.state, appeal?.credited].join();
    if (wanted === this.built) return;
    this.built = wanted;
    const shown = Boolean(appeal) || Boolean(this.refusal.appealable) && this.appeals.here !== false;
    show(this.element, shown);
    const focused = this.element.contains(document.activeElement) ? document.activeElement.id : "";
    this.element.replaceChildren(...(shown ? this.content(appeal) : []));
    if (focused) document.getElementById(focused)?.focus();
  }

  content(appeal) {
    if (appeal) return appealTold(appeal, { heading: "h4", id: `${this.name}-told`, again: this.appeals.again });
    if (this.over) return [el("p", { text: t("appeal.never") })];
    if (this.open) return [this.form()];
    const ask = button(t("appeal.ask"), "second", () => this.unfold());
    ask.id = `${this.name}-ask`;
    return [el("div", { class: "actions" }, el("p", { class: "quiet", text: t("appeal.offer") }), ask)];
  }

  form() {
    const id = (part) => `${this.name}-${part}`;
    const picture = this.refusal.stage === "image";
    const reason = el("textarea", {
      id: id("reason"), rows: 3, maxlength: LONGEST_REASON, "aria-describedby": id("what"), props: { value: this.reason },
      on: { input: () => { this.reason = reason.value; } },
    });
    const wrong = this.problem !== "" && !this.consent;
    const consent = el("input", {
      id: id("consent"), type: "checkbox", required: true, props: { checked: this.consent },
      "aria-invalid": wrong ? "true" : null, "aria-describedby": wrong ? id("problem") : null,
      on: { change: () => { this.consent = consent.checked; } },
    });
    const send = el("button", {
      id: id("send"), type: "submit", class: "second", text: t(this.busy ? "appeal.sending" : "appeal.send"),
      "aria-disabled": this.busy ? "true" : null,
    });
    return el("form", {
      novalidate: true, "aria-labelledby": id("title"),
      on: { submit: (event) => { event.preventDefault(); this.send(); } },
    },
    el("h4", { id: id("title"), text: t("appeal.title") }),
    el("p", { id: id("what"), class: "quiet", text: t(picture ? "appeal.what-picture" : "appeal.what-prompt") }),
    ...(this.forgotten ? this.promptField(id) : []),
    el("label", { for: id("reason"), text: t("appeal.reason") }), reason,
    el("label", { class: "consent" }, consent, el("span", { text: t(picture ? "appeal.consent-picture" : "appeal.consent-prompt") })),
    el("p", { id: id("problem"), class: "problem", text: this.problem, hidden: !this.problem }),
    el("div", { class: "actions" }, send, button(t("appeal.not-now"), "plain", () => this.fold())));
  }

  /** Asked for where neither this page nor the server knows the refused prompt any more. */
  promptField(id) {
    const field = el("textarea", {
      id: id("prompt"), rows: 2, maxlength: LONGEST_PROMPT, props: { value: this.prompt },
      "aria-describedby": this.problem ? id("problem") : null, on: { input: () => { this.prompt = field.value; } },
    });
    return [el("label", { for: id("prompt"), text: t("appeal.prompt-field") }), field];
  }

  unfold() {
    this.open = true;
    this.update();
    this.focus("reason");
  }

  fold() {
    this.open = false;
    this.problem = "";
    this.update();
    this.focus("ask");
  }

  async send() {
    if (this.busy) return;
    if (!this.consent) {
      this.complain(t("appeal.needs-consent"));
      this.focus("consent");
      return;
    }
    this.problem = "";
    this.busy = true;
    this.update();
    try {
      await this.appeals.file(this.refusal, this.prompt.trim(), this.reason.trim());
      announce(t("appeal.open"));
    } catch (problem) {
      this.busy = false;
      this.failed(problem);
      return;
    }
    this.busy = false;
    this.open = false;
    this.update();
    this.focus("told");
  }

  failed(problem) {
    if (problem.status === 404 || problem.reason === "NOT_APPEALABLE") {
      this.over = true;
      announce(t("appeal.never"));
      this.appeals.close(this.refusal.decision_id);
    } else if (problem.metadata.field === "prompt" && !this.forgotten) {
      this.forgotten = true;
      this.complain(t("appeal.prompt-needed"));
      this.focus("prompt");
    } else {
      this.complain(problem.status === 0 ? t("appeal.not-sent") : problem.detail || t("appeal.not-sent"));
      this.focus(problem.metadata.field === "prompt" ? "prompt" : "send");
    }
  }

  complain(text) {
    this.problem = text;
    this.update();
    announce(text);
  }

  focus(part) {
    document.getElementById(`${this.name}-${part}`)?.focus();
  }
}
