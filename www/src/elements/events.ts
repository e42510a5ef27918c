import type { InglenookError, Recommendation, Recommender, Status } from 'inglenook';

/** Every event of the elements bubbles, and leaves shadow trees. */
const INIT: EventInit = { bubbles: true, composed: true };

/** The element shows its first list. */
export class InglenookReadyEvent extends Event {
  readonly recommender: Recommender;
  readonly status: Status;

  constructor(recommender: Recommender) {
    super('inglenook-ready', INIT);
    this.recommender = recommender;
    this.status = recommender.status();
  }
}

/** The reader chose an item. `preventDefault()` keeps the browser from following its link. */
export class InglenookSelectEvent extends Event {
  readonly recommendation: Recommendation;
  /** Place in the list, 0 for the first. */
  readonly index: number;

  constructor(recommendation: Recommendation, index: number) {
    super('inglenook-select', { ...INIT, cancelable: true });
    this.recommendation = recommendation;
    this.index = index;
  }
}

/** Loading failed, or a request of the element did. The element shows it; its fallback content stays. */
export class InglenookErrorEvent extends Event {
  readonly error: InglenookError;

  constructor(error: InglenookError) {
    super('inglenook-error', INIT);
    this.error = error;
  }
}

interface InglenookEventMap {
  'inglenook-ready': InglenookReadyEvent;
  'inglenook-select': InglenookSelectEvent;
  'inglenook-error': InglenookErrorEvent;
}

declare global {
  interface HTMLElementEventMap extends InglenookEventMap {}
  interface DocumentEventMap extends InglenookEventMap {}
}
