/** Where a picture comes from, read from its credentials by the server and told in plain words. */

import { el, factList } from "./dom.js";
import { dayAndTime, t } from "./i18n.js";

/** Reads the credentials of a Blob; a report as the API gives it. Throws Problem. */
export function readProvenance(api, picture) {
  return api.provenance(picture);
}

/** The bytes of one of our own pictures, from the browser's cache where it has them. Throws Problem. */
export async function pictureBytes(api, url) {
  const answer = await api.open(url, { cache: "default", signal: AbortSignal.timeout(20000) });
  return answer.blob();
}

/** The nodes that tell a report: first what it is worth, then what the picture says of itself. */
export function provenanceTold(report) {
  const { state, made_here: madeHere, problems } = report;
  const worth = madeHere ? "here" : state;
  const told = [el("p", { class: `worth ${worth}`, text: t(`provenance.${worth}`, { otherwise: state }) })];
  if (state === "valid" || state === "trusted") told.push(factList(facts(report)));
  else told.push(el("p", { class: "quiet", text: t(`provenance.${state}-text`, { otherwise: "" }) }));
  if (problems?.length) {
    told.push(el("p", { class: "quiet facts" }, `${t("provenance.problems")} `, el("code", { text: problems.join(", ") })));
  }
  return told;
}

function facts(report) {
  const unsaid = (text) => text || t("provenance.unsaid");
  const time = new Date(report.time);
  return [
    [t("provenance.made-here"), t(report.made_here ? "provenance.yes" : "provenance.no")],
    [t("provenance.generator"), report.made_here ? "" : unsaid(report.generator)],
    [t("provenance.model"), unsaid(report.model)],
    [t("provenance.when"), Number.isNaN(time.getTime()) ? unsaid(report.time) : dayAndTime(time)],
    [t("provenance.how"), t(`source.${report.source_type}`, { otherwise: unsaid(report.source_type) })],
    [t("provenance.prompt"), report.prompt ? el("span", { lang: "", text: report.prompt }) : t("provenance.no-prompt")],
    [t("provenance.signer"), unsaid(report.signer)],
  ];
}
