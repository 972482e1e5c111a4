/** The place under the order where a "no" is explained; one card at a time. */

import { announce, show } from "./dom.js";
import { problemCard } from "./notice.js";

/**
 * The box #notice. `context()` gives what the words of a card need, but for the prompt (notice.js). `on`: closed(problem)
 * when a person puts the card away, retry(order or null), changed() whenever a card came or went.
 */
export class NoticeBoard {
  constructor(context, on) {
    this.context = context;
    this.on = on;
    this.root = document.getElementById("notice");
    this.shown = null;
  }

  /** Explains a problem, of an order where it was one's, and brings the keyboard there. */
  show(problem, order) {
    this.draw(problem, order);
    this.root.focus({ preventScroll: true });
    this.root.scrollIntoView({ block: "nearest" });
    announce(this.shown.title);
  }

  /** Draws again in the language in use. */
  render() {
    if (this.shown) this.draw(this.shown.problem, this.shown.order);
  }

  close() {
    this.drop();
    this.on.changed();
  }

  draw(problem, order) {
    this.drop();
    const putAway = () => { this.close(); this.on.closed(problem); };
    const card = problemCard(problem, { ...this.context(), prompt: order?.prompt ?? "" }, {
      close: putAway,
      edit: putAway,
      retry: () => { this.close(); this.on.retry(order); },
    });
    this.shown = { ...card, problem, order };
    this.root.replaceChildren(card.element);
    show(this.root, true);
    this.on.changed();
  }

  drop() {
    this.shown?.stop();
    this.shown = null;
    this.root.replaceChildren();
    show(this.root, false);
  }
}
