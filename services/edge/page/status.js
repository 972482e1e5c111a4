/** The public state of the bakery: how far demand is above the ovens and why, the ovens, the waits. Needs no key. */

import { Api } from "./api.js";
import { announce, el, reveal, setText, show } from "./dom.js";
import { currentLanguage, duration, exactTime, moment, onLanguage, startLanguage, t, waitLikely } from "./i18n.js";
import { embers } from "./line.js";

const EVERY_MS = 5000;
const BUSY_FROM_SECONDS = 0.5;
const CAUSE = /^backlog (\d+) s (at or above|below) (\d+) s for (\d+) s$/;
const BY_HAND = /^(pinned|released): (.*)$/s;

const api = new Api();
api.key = "";
const parts = Object.fromEntries(["trouble", "state", "level", "figures", "waits", "read"].map((id) => [id, document.getElementById(id)]));
let facts = null;
let readAt = null;
let failed = false;
let timer = null;

/** Reads and draws, and comes back in a few seconds; while nobody looks it rests. */
async function look() {
  clearTimeout(timer);
  try {
    const before = facts?.surge.level;
    facts = await api.line();
    readAt = new Date(api.now());
    failed = false;
    if (before && before !== facts.surge.level) announce(t(`status.${facts.surge.level}`, { otherwise: facts.surge.level }));
  } catch {
    failed = true;
  }
  render();
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(look, EVERY_MS);
}

function render() {
  api.language = currentLanguage();
  document.title = t("status.page-title");
  show(parts.trouble, failed);
  show(parts.state, Boolean(facts));
  parts.state.classList.toggle("stale", failed);
  if (failed) setText(parts.trouble, readAt ? t("status.stale", { time: exactTime(readAt) }) : t("status.unread"));
  setText(parts.read, readAt && !failed ? t("status.read", { time: exactTime(readAt), n: EVERY_MS / 1000 }) : "");
  if (!facts) return;
  parts.level.replaceChildren(...level(facts.surge));
  parts.level.dataset.level = facts.surge.level;
  parts.figures.replaceChildren(...figures(facts));
  parts.waits.replaceChildren(...waits(facts.classes));
}

function level({ level: name, since, cause, backlog }) {
  const told = [
    el("h2", { id: "level-title", text: t(`status.${name}`, { otherwise: name }) }),
    steps(name),
    el("p", { text: t(`status.${name}-text`, { otherwise: "" }) }),
  ];
  if (since) {
    const from = new Date(since);
    const span = duration(Math.max(0, (api.now() - from) / 1000));
    told.push(el("p", { class: "quiet", text: t("status.since", { time: moment(from), span }) }));
  }
  if (cause) told.push(el("p", { class: "quiet" }, `${t("status.why")} `, ...reason(cause)));
  if (backlog >= BUSY_FROM_SECONDS) told.push(el("p", { class: "quiet", text: t("status.backlog", { span: duration(backlog) }) }));
  return told;
}

/** The level as four embers, for the eyes only. */
function steps(name) {
  const height = ["normal", "busy", "surge", "shed"].indexOf(name);
  const row = el("div", { class: "steps", "aria-hidden": "true" });
  for (let index = 0; index < 4; index += 1) row.append(el("span", { class: index <= height ? "hot" : "" }));
  return row;
}

/** The mesh's own words of why, in the reader's language; an operator's reason stays as it was written. */
function reason(cause) {
  const measured = CAUSE.exec(cause);
  if (measured) {
    const [, backlog, side, mark, held] = measured;
    return [t(side === "below" ? "status.cause-below" : "status.cause-above", { backlog: Number(backlog), mark: Number(mark), held: Number(held) })];
  }
  const byHand = BY_HAND.exec(cause);
  if (byHand) return [`${t(`status.cause-${byHand[1]}`)} `, el("q", { lang: "", text: byHand[2] })];
  return [el("q", { lang: "", text: cause })];
}

function figures({ ovens, slots, baking }) {
  const figure = (n, key) => el("li", {}, el("strong", { text: String(n) }), " ", el("span", { text: t(key, { n }) }));
  return [
    el("h2", { id: "figures-title", text: t("status.figures") }),
    el("ul", { class: "figures" }, figure(ovens, "status.ovens"), figure(baking, "status.baking"), figure(Math.max(0, slots - baking), "status.places")),
    embers(baking, slots),
  ];
}

function waits(classes) {
  const title = el("h2", { id: "waits-title", text: t("status.waits") });
  if (!classes.length) return [title, el("p", { text: t("status.nobody") })];
  const head = ["status.model", "status.tier", "status.waiting", "status.starts"].map((key) => el("th", { scope: "col", text: t(key) }));
  const sorted = [...classes].sort((a, b) => (a.model + a.tier < b.model + b.tier ? -1 : 1));
  const longest = Math.max(1, ...sorted.map((one) => one.wait ?? 0));
  return [title, el("table", { "aria-labelledby": "waits-title" }, el("thead", {}, el("tr", {}, ...head)),
    el("tbody", {}, ...sorted.map((one) => row(one, longest))))];
}

function row({ model, tier, waiting, wait }, longest) {
  const bar = el("span", { class: "bar", "aria-hidden": "true" });
  bar.style.width = `${wait === null ? 0 : Math.max(2, 100 * wait / longest)}%`;
  return el("tr", {},
    el("th", { scope: "row", text: model }),
    el("td", {}, el("span", { class: "tag", text: t(`tier.${tier}`, { otherwise: tier }) })),
    el("td", { text: t("line.waiting", { n: waiting }) }),
    el("td", { data: { label: t("status.starts") } }, el("span", { text: waitLikely(wait) }), bar));
}

onLanguage(render);
startLanguage();
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else look();
});
await reveal(look());
