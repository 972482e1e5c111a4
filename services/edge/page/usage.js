/** What an order took: pictures, machine time, energy. What nobody measured is said to be unknown, never 0. */

import { factList } from "./dom.js";
import { measure, t } from "./i18n.js";

const JOULES_IN_WATT_HOUR = 3600;

/** The rows for a job of the API. */
export function usageTold({ usage, charged, count }) {
  return factList([
    [t("usage.charged"), t("usage.pictures", { n: charged })],
    [t(count > 1 ? "usage.time-all" : "usage.time"), usage ? t("usage.seconds", { n: measure(usage.compute_seconds) }) : t("usage.unknown")],
    [t(count > 1 ? "usage.energy-all" : "usage.energy"), energy(usage?.energy_joules)],
  ]);
}

function energy(joules) {
  if (joules === null || joules === undefined) return t("usage.energy-unknown");
  if (joules < JOULES_IN_WATT_HOUR) return t("usage.joules", { n: measure(joules) });
  return t("usage.watt-hours", { n: measure(joules / JOULES_IN_WATT_HOUR) });
}
