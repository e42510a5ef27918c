// Ours, as a page uses it: the client and its worker.
import { createRecommender, popular } from '/lib/client.js';

/** The list for everybody, before the engine is there. */
export async function firstShelf() {
  const list = await popular('/films/');
  if (list.length === 0) throw new Error('the catalog has no opening; build it with this release');
}

export async function firstRecommendation(query) {
  const recommender = await createRecommender({
    catalog: '/films/',
    model: `/${new URL(location).searchParams.get('model') ?? 'model'}/`,
    device: 'cpu',
  });
  const list = await recommender.recommend({ query, k: 10 });
  return { first: list[0].title, status: recommender.status() };
}
