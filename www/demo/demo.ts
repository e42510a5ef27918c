// The demo page: loads the recommender, then hands over to the library.
// ?device=cpu or ?device=webgpu in the address insists on a device.
import { createRecommender, type Device } from 'inglenook';
import { byId } from './dom.js';
import { showFailure } from './failure.js';
import { fetchFilms } from './film.js';
import { Library } from './library.js';
import { showProgress } from './loading.js';

try {
  const [recommender, films] = await Promise.all([
    createRecommender({
      catalog: 'catalog/',
      model: 'model/',
      // The page keeps the history itself.
      storage: 'memory',
      device: (new URLSearchParams(location.search).get('device') ?? 'auto') as Device,
      onProgress: showProgress,
    }),
    fetchFilms(),
  ]);
  await Library.open(recommender, films);
  document.body.dataset['state'] = 'ready';
  byId('search').focus({ preventScroll: true });
} catch (error) {
  showFailure(error);
}
