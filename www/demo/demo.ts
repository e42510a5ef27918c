// The demo page: loads the recommender, then hands over to the library.
// ?device=cpu or ?device=webgpu in the address insists on a device.
import 'inglenook/define';
import { createRecommender, type Device } from 'inglenook';
import { byId } from './dom.js';
import { showFailure } from './failure.js';
import { fetchFilms } from './film.js';
import { Library } from './library.js';
import { showProgress } from './loading.js';
import { pause } from './unhurried.js';

try {
  const [recommender, films] = await Promise.all([
    createRecommender({
      catalog: 'catalog/',
      model: 'model/',
      device: (new URLSearchParams(location.search).get('device') ?? 'auto') as Device,
      onProgress: showProgress,
    }),
    fetchFilms(),
  ]);
  await Library.open(recommender, films);
  await pause();
  byId<HTMLElementTagNameMap['inglenook-privacy']>('privacy').recommender = recommender;
  await pause();
  document.body.dataset['state'] = 'ready';
  byId('search').focus({ preventScroll: true });
} catch (error) {
  showFailure(error);
}
