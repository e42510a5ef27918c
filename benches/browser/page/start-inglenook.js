// Ours, as a page uses it: the client and its worker.
import { createRecommender } from '/lib/client.js';

export async function firstRecommendation(query) {
  const recommender = await createRecommender({ catalog: '/films/', model: '/model/', device: 'cpu' });
  const list = await recommender.recommend({ query, k: 10 });
  return { first: list[0].title, status: recommender.status() };
}
