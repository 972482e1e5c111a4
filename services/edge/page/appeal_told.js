/** How an appeal stands, in words: its state, the operator's note, and what was sent. */

import { button, el, factList } from "./dom.js";
import { moment, t } from "./i18n.js";

/** The nodes that tell it. `heading` is the tag of its title, `id` the title's; `again(prompt)` orders one that passes now. */
export function appealTold(appeal, { heading, id, again }) {
  const told = [
    el(heading, { id, tabindex: "-1", class: `appeal-state ${appeal.state}`, text: t(`appeal.${appeal.state}`, { otherwise: appeal.state }) }),
    el("p", { class: "quiet", text: times(appeal) }),
  ];
  if (appeal.state === "open") told.push(el("p", { text: t(heading === "h3" ? "appeal.open-listed" : "appeal.open-text") }));
  if (appeal.notice) {
    told.push(el("p", { class: "quiet", text: t("appeal.notice") }), el("blockquote", { lang: "", text: appeal.notice }));
  }
  if (appeal.state === "granted" && appeal.stage === "prompt") told.push(el("p", { text: t("appeal.granted-text") }));
  if (appeal.credited) told.push(el("p", { class: "free", text: t("appeal.credited") }));
  if (appeal.state === "granted" && appeal.prompt) {
    told.push(el("div", { class: "actions" }, button(t("appeal.again"), "second", () => again(appeal.prompt))));
  }
  told.push(el("details", {}, el("summary", { text: t("appeal.what-was-sent") }), factList(sent(appeal))));
  return told;
}

function times(appeal) {
  const filed = t("appeal.sent", { time: moment(new Date(appeal.create_time)) });
  if (!appeal.decide_time) return filed;
  return `${filed} · ${t("appeal.decided", { time: moment(new Date(appeal.decide_time)) })}`;
}

function sent(appeal) {
  const words = (text) => el("span", { lang: "", text });
  const prompt = appeal.stage === "image" ? t("appeal.picture-gone") : appeal.prompt ? words(appeal.prompt) : t("appeal.prompt-gone");
  return [
    [t("appeal.prompt"), prompt],
    [t("appeal.category"), t(`category.${appeal.category}`, { otherwise: appeal.category })],
    [t("appeal.your-reason"), appeal.note ? words(appeal.note) : t("appeal.no-reason")],
    [t("refusal.decision"), el("code", { text: appeal.decision_id })],
  ];
}
