/** Every "no" in words: which limit, until when, what would be accepted, and that nothing was charged. */

import { resetFacts } from "./allowance.js";
import { button, copyButton, el } from "./dom.js";
import { duration, t } from "./i18n.js";

/** What a refusal says: category, the words in their sentence, the reassurance, the decision's id, what to do: `edit()` or appeal. */
export function refusalBody(refusal, prompt, appeals, edit) {
  const { stage, category, words, decision_id: decision } = refusal;
  const named = t(`category.${category}`, { otherwise: category });
  const body = [el("p", { text: t(stage === "image" ? "refusal.image" : "refusal.prompt", { category: named }) })];
  if (words?.length) {
    body.push(
      el("p", { class: "quiet", text: t("refusal.words") }),
      el("blockquote", { lang: "" }, ...marked(prompt, words)),
    );
  }
  body.push(
    el("p", { class: "free", text: t("refusal.free") }),
    decisionLine(decision),
    el("div", { class: "actions" }, button(t("refusal.edit"), "second", edit)),
    appeals.panel(refusal, prompt).element,
  );
  return body;
}

/** A decision's id, to be read and copied. */
export function decisionLine(decision) {
  return el("p", { class: "quiet facts" }, `${t("refusal.decision")} `, el("code", { text: decision }),
    " ", copyButton(t("refusal.copy"), t("refusal.copied"), decision));
}

/** The prompt as nodes, with the words that weighed marked. Words come folded, so both sides are. */
export function marked(prompt, words) {
  const wanted = new Set(words.map(fold));
  const nodes = [];
  const missing = new Set(wanted);
  for (const piece of prompt.slice(0, 2000).split(/([\p{L}\p{N}\p{M}_]+)/u)) {
    const folded = fold(piece);
    const hit = folded !== "" && wanted.has(folded);
    if (hit) missing.delete(folded);
    if (piece) nodes.push(hit ? el("mark", { text: piece }) : document.createTextNode(piece));
  }
  if (missing.size < wanted.size) return nodes;
  return words.flatMap((word, index) => [index ? ", " : "", el("mark", { text: word })]);
}

/**
 * The card for a Problem. `context`: api, allowance (facts or null), appeals, prompt; `actions`: close(), retry(), edit().
 * Returns `{element, title, stop}`; call `stop` when the card is taken away.
 */
export function problemCard(problem, context, actions) {
  const { title, body, tone } = words(problem, context, actions);
  const heading = el("h3", { text: title });
  const element = el("div", { class: `notice ${tone}`, role: "group", "aria-label": title }, heading, ...body);
  const buttons = el("div", { class: "actions" });
  let timer = null;
  if (problem.transient) {
    const retry = button(t("notice.retry"), "second", actions.retry);
    const when = el("span", { class: "quiet" });
    buttons.append(retry, when);
    timer = countDown(problem.retryAfter ?? 0, retry, when);
  }
  const close = button("×", "close", actions.close);
  close.setAttribute("aria-label", t("notice.close"));
  element.append(buttons, close);
  if (problem.requestId) {
    element.append(el("p", { class: "quiet facts", text: t("notice.request", { id: problem.requestId }) }));
  }
  return { element, title, stop: () => clearInterval(timer) };
}

/** The sentences about an allowance that does not suffice, as `[title, text]`. */
export function spentWords(api, allowance, metadata = {}) {
  const limit = allowance?.limit ?? Number(metadata.limit ?? 0);
  const reset = allowance?.reset_time ?? metadata.reset;
  const facts = reset ? resetFacts(api, reset) : { time: "?", span: "?" };
  const left = allowance?.remaining ?? 0;
  if (left > 0) return [t("notice.short"), t("notice.short-text", { n: left, ...facts })];
  return [t("notice.spent"), t("notice.spent-text", { n: limit, ...facts })];
}

function words(problem, { api, allowance, appeals, prompt }, { edit }) {
  const text = (line) => el("p", { text: line });
  switch (problem.reason) {
    case "MODERATION_BLOCKED":
      if (problem.refusal) return { title: t("refusal.title"), body: refusalBody(problem.refusal, prompt, appeals, edit), tone: "refusal" };
      break;
    case "ALLOWANCE_SPENT": {
      const [title, line] = spentWords(api, allowance, problem.metadata);
      return { title, body: [text(line), text(t("job.uncharged"))], tone: "spent" };
    }
    case "TOO_MANY_LIVE_JOBS":
      return { title: t("notice.live"), body: [text(problem.detail || t("notice.live-text"))], tone: "spent" };
    case "LINE_FULL":
    case "OVERLOADED":
      return { title: t("notice.full"), body: [text(t("notice.full-text"))], tone: "full" };
    case "KEY_MISSING":
    case "KEY_UNKNOWN":
    case "KEY_REVOKED":
    case "KEY_EXPIRED":
      return { title: t("notice.key"), body: [text(problem.detail)], tone: "spent" };
    case "NETWORK":
      return { title: t("notice.network"), body: [text(t("notice.network-text"))], tone: "full" };
  }
  return { title: t("notice.other"), body: problem.detail ? [text(problem.detail)] : [], tone: "full" };
}

function countDown(seconds, retry, when) {
  const until = Date.now() + Math.min(seconds, 3600) * 1000;
  const tick = () => {
    const left = (until - Date.now()) / 1000;
    retry.disabled = left > 0;
    when.textContent = left > 0 ? t("notice.retry-in", { span: duration(left) }) : "";
  };
  tick();
  return setInterval(tick, 1000);
}

function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
