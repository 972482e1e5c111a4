/** A refusal that its owner questions: a line to say why, a button, and what became of it. */

import { announce, button, el } from "./dom.js";
import { t } from "./i18n.js";

/** The form, or null where the refusal cannot be questioned. `file(decision, note)` files an appeal. */
export function appealForm({ appealable, decision_id: decision }, file) {
  if (!appealable || !file) return null;
  const note = el("input", { type: "text", maxlength: "2000", "aria-label": t("appeal.note"), placeholder: t("appeal.note") });
  const told = el("p", { class: "quiet", role: "status" });
  const send = button(t("appeal.file"), "plain", async () => {
    send.disabled = true;
    let text;
    try {
      const { state, notice, credited } = await file(decision, note.value.trim());
      text = [t(`appeal.${state}`), credited ? t("appeal.credited") : "", notice].filter(Boolean).join(" ");
      form.replaceChildren(told);
    } catch (problem) {
      text = problem.detail || t("notice.network");
      send.disabled = false;
    }
    told.textContent = text;
    announce(text);
  });
  const form = el("div", { class: "appeal" }, el("p", { class: "quiet", text: t("appeal.wrong") }), note, send, told);
  return form;
}
