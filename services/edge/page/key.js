/** The key card: who is asking. With a key it is one quiet line, without one it is the first thing to do. */

import { announce, button, el, show } from "./dom.js";
import { t } from "./i18n.js";

/** Draws itself into #key. `onKey(key)` is called with a new key, or "" when it was forgotten. */
export class KeyCard {
  constructor(api, onKey) {
    this.api = api;
    this.onKey = onKey;
    this.root = document.getElementById("key");
    this.demo = null;
    this.open = !api.key;
    this.problem = "";
    this.tier = "";
  }

  /** Asks once whether this mesh lends demo keys. */
  async askForDemoKeys() {
    try {
      this.demo = await this.api.demoKeys();
      this.render();
    } catch {
      this.demo = null;
    }
  }

  /** Opens the card with what is wrong, and puts the keyboard there. */
  complain(text) {
    this.open = true;
    this.problem = text;
    this.render();
    this.root.querySelector("input").focus();
    announce(text);
  }

  /** Shows the tier that the key turned out to have. */
  setTier(tier) {
    if (tier === this.tier) return;
    this.tier = tier;
    this.render();
  }

  use(key) {
    const trimmed = key.trim();
    if (!trimmed) {
      this.complain(t("key.needed"));
      return;
    }
    this.problem = "";
    this.tier = "";
    this.open = false;
    this.api.useKey(trimmed);
    this.render();
    this.root.querySelector("button").focus();
    this.onKey(trimmed);
  }

  forget() {
    this.api.useKey("");
    this.open = true;
    this.problem = "";
    this.tier = "";
    this.render();
    this.onKey("");
  }

  render() {
    const typed = this.root.querySelector("input")?.value ?? "";
    const focused = this.root.contains(document.activeElement) ? document.activeElement.id : "";
    this.root.classList.toggle("slim", !this.open);
    this.root.replaceChildren(...(this.open ? this.wholeCard(typed) : this.oneLine()));
    if (focused) document.getElementById(focused)?.focus();
  }

  oneLine() {
    const tier = el("span", { class: "tag", text: t(`tier.${this.tier}`, { otherwise: this.tier }) });
    show(tier, Boolean(this.tier));
    const change = button(t("key.change"), "plain small", () => {
      this.open = true;
      this.render();
      document.getElementById("key-field").focus();
    });
    change.id = "key-change";
    return [
      el("h2", { id: "key-title", class: "visually-hidden", text: t("key.title") }),
      el("span", { text: t("key.in-use", { end: this.api.key.slice(-4) }) }),
      tier,
      change,
    ];
  }

  wholeCard(typed) {
    const field = el("input", {
      id: "key-field", type: "password", autocomplete: "off", spellcheck: "false", autocapitalize: "off",
      "aria-describedby": "key-problem", "aria-invalid": this.problem ? "true" : null, props: { value: typed },
    });
    const form = el("form", {
      novalidate: true,
      on: { submit: (event) => { event.preventDefault(); this.use(field.value); } },
    },
    el("label", { for: "key-field", text: t("key.field") }), field,
    el("p", { id: "key-problem", class: "problem", text: this.problem, hidden: !this.problem }),
    el("button", { id: "key-use", type: "submit", class: "second", text: t("key.use") }));
    const card = [
      el("h2", { id: "key-title", text: t("key.title") }),
      el("p", { class: "quiet", text: t("key.welcome") }),
      form,
    ];
    if (this.demo) {
      const demos = el("div", { class: "demos" });
      for (const tier of ["free", "paid"].filter((one) => this.demo[one])) {
        demos.append(button(t(`key.demo-${tier}`), "chip", () => this.use(this.demo[tier])));
      }
      card.push(el("p", { class: "quiet", text: t("key.demo") }), demos);
    }
    if (this.api.key) {
      card.push(el("p", { class: "demos" },
        button(t("key.keep"), "plain small", () => { this.open = false; this.problem = ""; this.render(); }),
        button(t("key.forget"), "plain small", () => this.forget())));
    }
    return card;
  }
}
