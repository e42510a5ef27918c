import type { Interaction, Profile } from 'inglenook';

export type Opinion = 'like' | 'dislike';

/** What the reader thinks of films, as the profile keeps it: one opinion a film, newest last. */
export class Opinions {
  readonly #profile: Profile;
  #history: Interaction[] = [];

  constructor(profile: Profile) {
    this.#profile = profile;
  }

  /** Takes up what the profile holds; says whether that was news. */
  async restore(): Promise<boolean> {
    const entries = await this.#profile.get();
    const history = entries
      .flatMap(({ itemId, interactions }) => {
        const last = interactions.findLast(({ kind }) => kind === 'like' || kind === 'dislike');
        return last ? [{ itemId, ...last }] : [];
      })
      .sort((a, b) => a.timestampMs - b.timestampMs);
    const key = (list: Interaction[]) => JSON.stringify(list.map(({ itemId, kind }) => [itemId, kind]).sort());
    const isNews = key(history) !== key(this.#history);
    this.#history = history;
    return isNews;
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
    if (opinion === null) {
      this.#history = others;
      await this.#profile.remove(itemId);
    } else {
      const timestamp = Date.now();
      this.#history = [...others, { itemId, kind: opinion, timestampMs: timestamp }];
      await this.#profile.edit({ itemId, kind: opinion, timestamp });
    }
  }

  async replace(history: Interaction[]): Promise<void> {
    this.#history = history;
    await this.#profile.import({ ...(await this.#profile.export()), interactions: history });
  }

  async forget(): Promise<void> {
    this.#history = [];
    await this.#profile.reset();
  }
}
