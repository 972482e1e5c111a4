/**
 * A job as the page tells it: a record from the API, moved along by its events. No element is touched here.
 *
 * Phases: held, queued, running, done, failed. Times are the server's, in milliseconds since 1970.
 */

const PHASES = { held: "held", queued: "queued", running: "running", committed: "done", refunded: "failed" };
const WHY_SHOWN_MS = 12000;

/** The tale of a job from its record. `before` is the tale so far, whose previews are kept. */
export function fromRecord(job, now, before = null) {
  const tale = {
    id: job.id,
    phase: PHASES[job.state] ?? "held",
    prompt: job.prompt,
    model: job.model,
    count: job.count,
    size: job.size,
    seed: job.seed,
    steps: job.steps,
    created: job.create_time,
    attempt: before?.attempt ?? 1,
    place: before?.place ?? null,
    rose: before?.rose ?? null,
    frames: before?.frames ?? Array.from({ length: job.count }, newFrame),
    failure: job.failure ?? null,
    charged: job.charged ?? 0,
  };
  if (job.place) takePlace(tale, job.place, now, "record");
  for (const image of job.images ?? []) {
    if (tale.frames[image.index]) tale.frames[image.index].image = image;
  }
  return tale;
}

/** The tale after one event of the job's stream. */
export function afterEvent(tale, { id, event, data }, now) {
  const at = eventTime(id, now);
  const frame = tale.frames[data.index ?? 0];
  switch (event) {
    case "queued":
      tale.phase = "queued";
      takePlace(tale, data, at, "event");
      break;
    case "started":
      tale.phase = "running";
      tale.rose = null;
      tale.attempt = data.attempt;
      for (const one of tale.frames) one.step = 0;
      break;
    case "step":
      tale.phase = "running";
      if (frame) frame.step = data.step;
      tale.steps = data.steps;
      break;
    case "preview":
      if (frame) frame.preview = { png: data.png, step: data.step };
      break;
    case "image":
      if (frame) frame.image = data;
      break;
    case "completed":
      return fromRecord(data, now, tale);
    case "failed":
      tale.phase = "failed";
      tale.failure = data;
      break;
  }
  return tale;
}

/** Seconds until the start as `{low, high}` from now on, null where nobody knows. */
export function etaNow(tale, now) {
  const { low, high, at } = tale.place ?? {};
  if (low === undefined || low === null || high === null) return { low: null, high: null };
  const passed = Math.max(0, (now - at) / 1000);
  return { low: Math.max(0, low - passed), high: Math.max(0, high - passed) };
}

/** Steps done and to do over all pictures of a job. */
export function progressOf(tale) {
  const done = tale.frames.reduce((sum, frame) => sum + (frame.image ? tale.steps : frame.step), 0);
  return { done, all: tale.steps * tale.count };
}

/** Whether nothing more can happen. */
export function ended(tale) {
  return tale.phase === "done" || tale.phase === "failed";
}

function newFrame() {
  return { step: 0, preview: null, image: null };
}

/** Records and events are compared with their like only: events seen again after a reload tell of the past. */
function takePlace(tale, { place, eta_low: low = null, eta_high: high = null, reason = "" }, at, source) {
  const by = tale.place?.source === source ? place - tale.place.place : 0;
  if (by > 0) tale.rose = { by, reason, at };
  else if (tale.rose && at - tale.rose.at > WHY_SHOWN_MS) tale.rose = null;
  tale.place = { place, low, high, at, source };
}

/** The time in an event's id, "milliseconds-sequence"; `now` when the id holds none or one that cannot be. */
function eventTime(id, now) {
  const stamp = Number.parseInt(id, 10);
  return Number.isFinite(stamp) && stamp > 1e12 && stamp <= now ? stamp : now;
}
