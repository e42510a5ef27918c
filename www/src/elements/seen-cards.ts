/** An item counts as shown once half of its card has been in view for this long. */
const SEEN_MS = 1000;

/** Tells of cards that have been in view. */
export class SeenCards {
  readonly #timers = new Map<Element, ReturnType<typeof setTimeout>>();
  readonly #observer: IntersectionObserver;

  constructor(onSeen: (card: Element) => void) {
    this.#observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          clearTimeout(this.#timers.get(target));
          this.#timers.delete(target);
          if (isIntersecting)
            this.#timers.set(
              target,
              setTimeout(() => onSeen(target), SEEN_MS),
            );
        }
      },
      { threshold: 0.5 },
    );
  }

  observe(card: Element): void {
    this.#observer.observe(card);
  }

  unobserve(card: Element): void {
    this.#observer.unobserve(card);
    clearTimeout(this.#timers.get(card));
    this.#timers.delete(card);
  }

  disconnect(): void {
    this.#observer.disconnect();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
