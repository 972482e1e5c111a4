/** "Check a picture": any picture, chosen or dropped anywhere on the page, is asked where it comes from. */

import { button, el, show } from "./dom.js";
import { t } from "./i18n.js";
import { provenanceTold, readProvenance } from "./provenance.js";

const MOST_BYTES = 16 * 2 ** 20;

/** The fold #checker. `needKey()` is called when somebody checks without a key. */
export class Checker {
  constructor(api, needKey) {
    this.api = api;
    this.needKey = needKey;
    this.root = document.getElementById("checker");
    this.field = document.getElementById("checked-file");
    this.told = document.getElementById("checked");
    this.thumbnail = null;
    this.report = null;
    this.serial = 0;
    this.field.addEventListener("change", () => {
      if (this.field.files.length) this.check(this.field.files[0]);
      this.field.value = "";
    });
    this.listenForDrops();
  }

  /** A file that is let go over the page would replace it: here it is checked. */
  listenForDrops() {
    const withFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!withFile(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      document.documentElement.classList.add("dragging");
    });
    const over = () => document.documentElement.classList.remove("dragging");
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(); });
    document.addEventListener("drop", (event) => {
      if (!withFile(event)) return;
      event.preventDefault();
      over();
      this.root.open = true;
      this.root.scrollIntoView({ block: "nearest" });
      this.check(event.dataTransfer.files[0]);
    });
  }

  async check(file) {
    if (!this.api.key) {
      this.needKey();
      return;
    }
    this.serial += 1;
    const { serial } = this;
    this.report = null;
    if (file.size > MOST_BYTES) {
      this.draw([el("p", { class: "problem", text: t("checker.too-large") })], null);
      return;
    }
    this.draw([el("p", { class: "quiet", text: t("provenance.reading") })], file);
    try {
      const report = await readProvenance(this.api, file);
      if (serial !== this.serial) return;
      this.report = report;
      this.draw(provenanceTold(report), file);
    } catch (problem) {
      if (serial !== this.serial) return;
      const words = problem.status === 400 ? t("checker.not-a-picture") : problem.detail || t("provenance.unread");
      this.draw([el("p", { class: "problem", text: words }), button(t("notice.retry"), "plain small", () => this.check(file))], null);
    }
  }

  /** Draws the last report again, in the language in use. */
  render() {
    if (this.report) this.draw(provenanceTold(this.report), this.file);
  }

  draw(nodes, file) {
    if (this.thumbnail && file !== this.file) {
      URL.revokeObjectURL(this.thumbnail);
      this.thumbnail = null;
    }
    this.file = file;
    if (file) this.thumbnail ??= URL.createObjectURL(file);
    show(this.told, true);
    const picture = this.thumbnail ? el("img", { src: this.thumbnail, alt: t("checker.alt", { name: file.name }) }) : null;
    this.told.replaceChildren(...(picture ? [picture] : []), el("div", { class: "tale" }, ...nodes));
  }
}
