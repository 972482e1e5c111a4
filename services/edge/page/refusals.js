/**
 * What this browser was refused, so that a refusal whose card was closed is found again: decision, stage, category,
 * times and account. It is kept until the server forgets its decision, which it tells with the refusal, and never leaves
 * the browser. No prompt is stored: `prompts` is filled from what was ordered while the page is open, and from the orders
 * that the server lists.
 */

const STORED = "fournil.refusals";
const MOST_NOTED = 20;

export class Refusals {
  constructor(api) {
    this.api = api;
    this.account = "";
    this.prompts = new Map();
    this.listeners = new Set();
    this.noted = stored(api.now());
    window.addEventListener("storage", (event) => { if (event.key === STORED) this.change((noted) => noted); });
  }

  /** Runs `listener` whenever the list has changed. */
  onChange(listener) {
    this.listeners.add(listener);
  }

  /**
   * Those of the account in use, newest first: `{decision_id, stage, category, appealable, time, until, account}`. Whether
   * one is appealable is the word of when it was refused; a policy that has changed since says so when it is appealed.
   */
  get all() {
    return this.api.key ? this.noted.filter((one) => one.account === this.account) : [];
  }

  /** The refused prompt, "" where nobody knows it any more. */
  promptOf(decision) {
    return this.prompts.get(decision) ?? "";
  }

  /** Whether it stands in the list. */
  has(decision) {
    return this.all.some((one) => one.decision_id === decision);
  }

  /** Notes a refusal, once; not where the server does not keep its decision, as nothing could be done about it. */
  note({ decision_id, stage, category, appealable, expire_time }, prompt) {
    if (prompt) this.prompts.set(decision_id, prompt);
    if (!expire_time) return;
    const { account } = this;
    const until = Date.parse(expire_time);
    const made = { decision_id, stage, category, appealable: Boolean(appealable), time: this.api.now(), until, account };
    this.change((noted) => noted.some((one) => one.decision_id === decision_id) ? noted : [made, ...noted].slice(0, MOST_NOTED));
  }

  /** Takes the prompts of refused orders out of a list of the server's. */
  learn(jobs) {
    for (const { failure, prompt } of jobs) if (failure?.refusal) this.prompts.set(failure.refusal.decision_id, prompt);
    this.changed();
  }

  /** Whose refusals are shown from now on; those noted before the account was known are its own. */
  use(account) {
    if (account === this.account) return;
    this.account = account;
    this.change((noted) => noted.map((one) => ({ ...one, account: one.account || account })));
  }

  /** The server takes no appeal against this one. */
  close(decision) {
    this.change((noted) => noted.map((one) => one.decision_id === decision ? { ...one, appealable: false } : one));
  }

  /** Removes one for good. */
  forget(decision) {
    this.prompts.delete(decision);
    this.change((noted) => noted.filter((one) => one.decision_id !== decision));
  }

  /** The key is another. With `forget`, what the last account was refused is removed for good. */
  clear({ forget }) {
    const { account } = this;
    this.prompts.clear();
    this.account = "";
    this.change((noted) => forget ? noted.filter((one) => one.account !== account) : noted);
  }

  /** Other tabs write too, so what is stored is read again before it is changed. */
  change(changing) {
    const before = stored(this.api.now());
    this.noted = changing(before);
    if (this.noted !== before) localStorage.setItem(STORED, JSON.stringify(this.noted));
    this.changed();
  }

  changed() {
    for (const listener of this.listeners) listener();
  }
}

/** What is stored and not forgotten by the server; nothing where it cannot be read. */
function stored(now) {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? "[]").filter((one) => now < one.until);
  } catch {
    return [];
  }
}
