/** The order form: prompt, examples, count, details. Gives an order or says which field is not right. */

import { button, el } from "./dom.js";
import { examples, t } from "./i18n.js";

/** The form in #order. `on`: submit(order), change(order or null). */
export class OrderForm {
  constructor(on) {
    this.on = on;
    this.form = document.getElementById("order");
    this.prompt = document.getElementById("prompt");
    this.fields = { count: null, seed: null, steps: null, size: null, model: null };
    for (const name of Object.keys(this.fields)) this.fields[name] = document.getElementById(name);
    this.bake = document.getElementById("bake");
    this.details = document.getElementById("details");
    this.examples = this.form.querySelector(".examples");
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    this.form.addEventListener("input", () => this.changed());
    this.prompt.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); this.submit(); }
    });
  }

  /** Example prompts in the language in use, and the words of the button. */
  render() {
    this.examples.replaceChildren(...examples().map((text) => button(text, "chip", () => {
      this.prompt.value = text;
      this.prompt.focus();
      this.changed();
    })));
  }

  /** Offers the models, when there is a choice, and tells the defaults of the chosen one. */
  setModels(models) {
    this.models = models;
    this.fields.model.replaceChildren(...models.map((model) => el("option", { value: model.id, text: model.id })));
    this.fields.model.parentElement.hidden = models.length < 2;
    this.showDefaults();
  }

  showDefaults() {
    const model = this.models?.find((one) => one.id === this.fields.model.value);
    if (!model) return;
    this.fields.steps.placeholder = String(model.default_steps ?? "auto");
    const { output_width: width, output_height: height } = model;
    this.fields.size.options[0].textContent = width ? `auto (${width} × ${height})` : "auto";
  }

  /** Puts an earlier order back into the form, for a person to look at and send. */
  fill({ prompt, count = 1, seed = null }) {
    this.prompt.value = prompt;
    this.fields.count.value = String(count);
    this.fields.seed.value = seed === null ? "" : String(seed);
    if (seed !== null) this.details.open = true;
    this.changed();
    this.edit();
  }

  /** Brings the keyboard to the prompt. */
  edit() {
    this.form.scrollIntoView({ block: "nearest" });
    this.prompt.focus();
    this.prompt.setSelectionRange(this.prompt.value.length, this.prompt.value.length);
  }

  /** The order as it stands; null while it is not complete. */
  order() {
    const prompt = this.prompt.value.trim();
    if (!prompt || this.wrongField()) return null;
    const order = { prompt, count: Number(this.fields.count.value), size: this.fields.size.value };
    if (this.fields.seed.value !== "") order.seed = Number(this.fields.seed.value);
    if (this.fields.steps.value !== "") order.steps = Number(this.fields.steps.value);
    if (this.models?.length > 1) order.model = this.fields.model.value;
    return order;
  }

  /** The first field with an impossible value, or undefined. */
  wrongField() {
    return [this.fields.count, this.fields.seed, this.fields.steps].find((field) => !field.checkValidity());
  }

  /** While an order is on its way the button waits; the fields stay. */
  setBusy(busy) {
    this.busy = busy;
    this.bake.setAttribute("aria-disabled", String(busy));
    this.bake.classList.toggle("busy", busy);
    this.bake.firstElementChild.textContent = t(busy ? "order.sending" : "order.bake");
  }

  /** What is wrong with the field, in words. */
  complaint(field) {
    const name = field.parentElement.querySelector("span").textContent;
    return t("order.bad-field", { field: name, low: Number(field.min), high: Number(field.max) });
  }

  submit() {
    if (this.busy) return;
    const wrong = this.wrongField();
    if (wrong) {
      this.details.open ||= this.details.contains(wrong);
      wrong.focus();
      this.changed();
      return;
    }
    const order = this.order();
    if (order) this.on.submit(order);
    else this.edit();
  }

  changed() {
    for (const field of [this.fields.count, this.fields.seed, this.fields.steps]) {
      if (field.checkValidity()) field.removeAttribute("aria-invalid");
      else field.setAttribute("aria-invalid", "true");
    }
    this.showDefaults();
    this.on.change();
  }
}
