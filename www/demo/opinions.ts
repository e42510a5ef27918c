import type { Interaction, Recommender } from 'inglenook';
import { recall, remember } from './memory.js';

export type Opinion = 'like' | 'dislike';

/**
 * What the reader thinks of films: one opinion a film, newest last. The recommender learns each change, and this browser keeps it.
 */
export class Opinions {
  readonly #recommender: Recommender;
  #history: Interaction[] = [];

  constructor(recommender: Recommender) {
    this.#recommender = recommender;
  }

  /** Takes up where this browser left off, without films that have left the catalog since. */
  async restore(): Promise<void> {
    const known = await Promise.all(
      recall().map(async (interaction) => {
        try {
          await this.#record(interaction);
          return [interaction];
        } catch (error) {
          if (error instanceof Error && 'code' in error && error.code === 'unknown_item') return [];
          throw error;
        }
      }),
    );
    this.#history = known.flat();
  }

  of(itemId: string): Opinion | null {
    return (this.#history.find((interaction) => interaction.itemId === itemId)?.kind as Opinion | undefined) ?? null;
  }

  /** Ids of the films of one opinion, newest first. */
  all(opinion: Opinion): string[] {
    return this.#history
      .filter(({ kind }) => kind === opinion)
      .map(({ itemId }) => itemId)
      .reverse();
  }

  snapshot(): Interaction[] {
    return [...this.#history];
  }

  async set(itemId: string, opinion: Opinion | null): Promise<void> {
    const others = this.#history.filter((interaction) => interaction.itemId !== itemId);
    const news: Interaction[] = opinion === null ? [] : [{ itemId, kind: opinion, timestampMs: Date.now() }];
    if (others.length === this.#history.length) {
      this.#keep([...others, ...news]);
      await Promise.all(news.map((interaction) => this.#record(interaction)));
    } else {
      await this.replace([...others, ...news]);
    }
  }

  async replace(history: Interaction[]): Promise<void> {
    this.#keep(history);
    await this.#recommender.profile.import({ format: 'inglenook-profile', version: 1, interactions: history });
  }

  #keep(history: Interaction[]): void {
    this.#history = history;
    remember(history);
  }

  #record({ itemId, kind, timestampMs }: Interaction): Promise<void> {
    return this.#recommender.record({ itemId, kind, timestamp: timestampMs });
  }
}
