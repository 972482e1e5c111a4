/** Words, numbers and times in French and English. The language is the browser's until a person picks one. */

import { en } from "./en.js";
import { fr } from "./fr.js";

const MESSAGES = { en, fr };
const STORED = "fournil.language";
const SHORTEST = 0.7;
const LONGEST = 1.5;
const listeners = new Set();
let language = "en";

/** The language in use, "fr" or "en". */
export function currentLanguage() {
  return language;
}

/** Runs `listener` after every change of language. */
export function onLanguage(listener) {
  listeners.add(listener);
}

/** Picks the remembered language, else the first of the browser's that is ours, else English; the buttons change it. */
export function startLanguage() {
  for (const choice of document.querySelectorAll("[data-language]")) {
    choice.addEventListener("click", () => setLanguage(choice.dataset.language));
  }
  const remembered = localStorage.getItem(STORED);
  const wanted = [remembered, ...navigator.languages].map((tag) => String(tag).slice(0, 2).toLowerCase());
  setLanguage(wanted.find((tag) => tag in MESSAGES) ?? "en", { remember: false });
}

/** Changes the language of the whole page. */
export function setLanguage(wanted, { remember = true } = {}) {
  language = wanted in MESSAGES ? wanted : "en";
  if (remember) localStorage.setItem(STORED, language);
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  for (const node of document.querySelectorAll("[data-t-placeholder]")) node.placeholder = t(node.dataset.tPlaceholder);
  for (const node of document.querySelectorAll("[data-language]")) {
    node.setAttribute("aria-pressed", String(node.dataset.language === language));
  }
  for (const listener of listeners) listener();
}

/**
 * The sentence for `key`, with `{name}` filled from `facts`. A message with forms is chosen by `facts.n`:
 * `zero` when it has one, else the plural rule of the language. An unknown key gives `facts.otherwise` or itself.
 */
export function t(key, facts = {}) {
  let message = MESSAGES[language][key];
  if (message === undefined) return facts.otherwise ?? key;
  if (typeof message === "object") {
    const form = facts.n === 0 && message.zero ? "zero" : new Intl.PluralRules(language).select(facts.n);
    message = message[form] ?? message.other;
  }
  return spaced(message).replace(/\{(\w+)\}/g, (_, name) => (typeof facts[name] === "number" ? number(facts[name]) : facts[name] ?? ""));
}

/** Examples of prompts in the language in use. */
export function examples() {
  return MESSAGES[language].examples;
}

/** A number as people write it. */
export function number(value) {
  return new Intl.NumberFormat(locale()).format(value);
}

/** A length of time in words, rounded so that it reads at a glance. `seconds` of 0 or more. */
export function duration(seconds) {
  if (seconds < 90) return t("time.s", { n: Math.max(1, Math.ceil(seconds)) });
  if (seconds < 5400) return t("time.min", { n: Math.round(seconds / 60) });
  if (seconds < 172800) return t("time.h", { n: Math.round(seconds / 3600) });
  return t("time.d", { n: Math.round(seconds / 86400) });
}

/** A wait as a range, "in 4 to 9 s"; null for either end means that nobody knows. */
export function waitRange(low, high) {
  if (low === null || high === null || low === undefined || high === undefined) return t("wait.unknown");
  if (high < 2) return t("wait.now");
  const [size, unit] = high < 60 ? [1, "s"] : high < 5400 ? [60, "min"] : [3600, "h"];
  const from = Math.floor(Math.max(0, low) / size);
  const to = Math.max(1, Math.ceil(high / size));
  if (from === to) return t("wait.about", { span: t(`time.${unit}`, { n: to }) });
  if (from === 0) return t("wait.under", { span: t(`time.${unit}`, { n: to }) });
  return t("wait.range", { low: from, span: t(`time.${unit}`, { n: to }) });
}

/** The wait of one estimate, in seconds, as the range it may well be; null means that nobody knows. */
export function waitLikely(wait) {
  return wait === null ? waitRange(null, null) : waitRange(wait * SHORTEST, wait * LONGEST);
}

/** An instant to come as words: "at 8:00 PM", "tomorrow at 8:00 PM", "on Tuesday at 8:00 PM", in local time. */
export function clock(date) {
  const time = new Intl.DateTimeFormat(locale(), { hour: "numeric", minute: "2-digit" }).format(date);
  const tomorrow = new Date();
  tomorrow.setDate(tomorrow.getDate() + 1);
  if (date.toDateString() === new Date().toDateString()) return t("clock.today", { time });
  if (date.toDateString() === tomorrow.toDateString()) return t("clock.tomorrow", { time });
  const day = new Intl.DateTimeFormat(locale(), { weekday: "long" }).format(date);
  return t("clock.day", { day, time });
}

/** A measured quantity to three digits. */
export function measure(value) {
  return new Intl.NumberFormat(locale(), { maximumSignificantDigits: 3 }).format(value);
}

/** An instant that has passed: the time alone when it was today. */
export function moment(date) {
  if (date.toDateString() !== new Date().toDateString()) return dayAndTime(date);
  return new Intl.DateTimeFormat(locale(), { timeStyle: "short" }).format(date);
}

/** The time of an instant of today, to the second. */
export function exactTime(date) {
  return new Intl.DateTimeFormat(locale(), { timeStyle: "medium" }).format(date);
}

/** An instant as a date and time. */
export function dayAndTime(date) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "long", timeStyle: "short" }).format(date);
}

function locale() {
  return navigator.languages.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;
}

function spaced(text) {
  if (language !== "fr") return text;
  return text.replace(/ ([:;?!»%])/g, "\u00a0$1").replace(/« /g, "«\u00a0");
}
