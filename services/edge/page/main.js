/** Puts the page together: who is asking, what is ordered, what is in the bakehouse, what stands on the shelf. */

import { AllowanceCard } from "./allowance.js";
import { Api, newRequestId } from "./api.js";
import { Appeals } from "./appeals.js";
import { Bakehouse } from "./bakehouse.js";
import { Checker } from "./checker.js";
import { announce, reveal, whenVisible } from "./dom.js";
import { Estimate } from "./estimate.js";
import { Gallery } from "./gallery.js";
import { currentLanguage, onLanguage, startLanguage, t } from "./i18n.js";
import { ended } from "./job_state.js";
import { KeyCard } from "./key.js";
import { LineCard } from "./line.js";
import { NoticeBoard } from "./notice_board.js";
import { OrderForm } from "./order.js";
import { RefusedList } from "./refused_list.js";
import { Refusals } from "./refusals.js";

const LINE_MS = 6000;
const ALLOWANCE_MS = 60000;
const APPEALS_MS = 30000;
const KEY_REASONS = new Set(["KEY_MISSING", "KEY_UNKNOWN", "KEY_REVOKED", "KEY_EXPIRED"]);

const api = new Api();
let sending = { body: "", id: "" };
let unseenDone = false;

const keyCard = new KeyCard(api, changedKey);
const allowance = new AllowanceCard(api);
const line = new LineCard(api);
const form = new OrderForm({ submit: send, change: () => estimate.changed() });
const estimate = new Estimate(api, form, allowance);
const refusals = new Refusals(api);
const appeals = new Appeals(api, refusals, (prompt) => form.fill({ prompt }));
const refused = new RefusedList(appeals, refusals, { problem: showProblem, emptied: () => form.edit() });
const bakehouse = new Bakehouse(api, appeals, {
  ended: jobEnded,
  shelve: (tale) => fetchToShelf(tale.id),
  closed: (tale) => putAway(tale.failure?.refusal),
  problem: showProblem,
  again: ({ prompt, count }) => form.fill({ prompt, count }),
  reuseSeed: ({ prompt }, seed) => form.fill({ prompt, seed }),
  edit: (prompt) => form.fill({ prompt }),
  places: showTitle,
  emptied: () => form.edit(),
});
const gallery = new Gallery(api, {
  problem: showProblem,
  again: ({ prompt, count }) => form.fill({ prompt, count }),
  reuseSeed: ({ prompt }, seed) => form.fill({ prompt, seed }),
  emptied: () => form.edit(),
});
const notices = new NoticeBoard(() => ({ api, appeals, allowance: allowance.facts }), {
  closed: (problem) => { putAway(problem.refusal); form.edit(); },
  retry: (order) => (order ? send(order) : refreshAll()),
  changed: () => refused.render(),
});
const checker = new Checker(api, () => keyCard.complain(t("checker.key-needed")));

/** Sends an order. An answer that was lost is asked for again with the same id: nothing is ordered twice. */
async function send(order) {
  if (!api.key) {
    keyCard.complain(t("key.needed"));
    return;
  }
  const body = JSON.stringify(order);
  if (sending.body !== body) sending = { body, id: newRequestId() };
  form.setBusy(true);
  try {
    const job = await api.order(order, sending.id);
    sending = { body: "", id: "" };
    notices.close();
    const card = bakehouse.add(job);
    card.title.focus({ preventScroll: true });
    card.element.scrollIntoView({ block: "nearest" });
  } catch (problem) {
    if (!problem.transient) sending = { body: "", id: "" };
    if (problem.reason === "ALLOWANCE_SPENT") await refreshAllowance();
    showProblem(problem, order);
  } finally {
    form.setBusy(false);
  }
  await Promise.all([refreshAllowance(), line.refresh()]);
  estimate.outdate();
}

function showProblem(problem, order = null) {
  if (KEY_REASONS.has(problem.reason)) {
    keyCard.complain(problem.detail || t("notice.key"));
    return;
  }
  if (problem.refusal) refusals.note(problem.refusal, order?.prompt ?? "");
  notices.show(problem, order);
}

/** A refusal whose card is gone stands in the list from here on. */
function putAway(refusal) {
  refused.render();
  if (refusal && refusals.has(refusal.decision_id)) announce(t("refused.found"));
}

function jobEnded(tale) {
  noteRefusal(tale);
  if (tale.phase === "done" && document.hidden) unseenDone = true;
  refreshAllowance().then(() => estimate.outdate());
}

function noteRefusal({ failure, prompt }) {
  if (failure?.refusal) refusals.note(failure.refusal, prompt);
}

/** The window's title tells the nearest place, or that a picture came while nobody looked. */
function showTitle() {
  const places = bakehouse.tales().filter((tale) => !ended(tale) && tale.place).map((tale) => tale.place.place + 1);
  document.title = unseenDone ? t("job.title-done") : places.length ? t("job.title-wait", { n: Math.min(...places) }) : "Fournil";
}

async function refreshAllowance() {
  try {
    const facts = await allowance.refresh();
    if (!facts) return;
    keyCard.setTier(facts.tier);
    refusals.use(facts.account_id);
  } catch (problem) {
    if (KEY_REASONS.has(problem.reason)) keyCard.complain(problem.detail || t("notice.key"));
  }
}

async function fetchToShelf(id) {
  try {
    gallery.put(await api.job(id));
  } catch (problem) {
    showProblem(problem);
  }
}

async function loadJobs() {
  if (!api.key) return;
  const key = api.key;
  try {
    const { jobs, next_page_token: token } = await api.jobs();
    if (key !== api.key) return;
    bakehouse.take(jobs);
    gallery.take(jobs, token, (id) => bakehouse.has(id));
    refusals.learn(jobs);
    bakehouse.tales().forEach(noteRefusal);
  } catch (problem) {
    if (!KEY_REASONS.has(problem.reason)) showProblem(problem);
  }
}

function refreshAll() {
  return Promise.all([refreshAllowance(), line.refresh(), loadJobs(), appeals.refresh()]);
}

async function changedKey() {
  notices.close();
  bakehouse.clear();
  gallery.clear();
  appeals.clear();
  refusals.clear({ forget: !api.key });
  allowance.facts = null;
  allowance.render();
  await refreshAll();
  estimate.outdate();
}

async function offerModels() {
  try {
    form.setModels((await api.models()).data);
  } catch {
    // The form works without: the server picks the default model.
  }
}

function relabel() {
  api.language = currentLanguage();
  form.render();
  form.setBusy(Boolean(form.busy));
  for (const part of [keyCard, allowance, line, gallery, estimate, checker, notices]) part.render();
  appeals.changed();
  bakehouse.relabel();
  showTitle();
}

onLanguage(relabel);
startLanguage();
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unseenDone = false;
  showTitle();
  refreshAllowance();
  line.refresh();
  appeals.refresh();
});
whenVisible(1000, () => bakehouse.tick());
whenVisible(LINE_MS, () => { line.refresh(); estimate.changed(); });
whenVisible(ALLOWANCE_MS, refreshAllowance);
whenVisible(APPEALS_MS, () => { if (appeals.waiting) appeals.refresh(); });
const answers = Promise.all([refreshAll(), keyCard.askForDemoKeys(), offerModels()]);
await reveal(answers);
await answers;
estimate.changed();
