// A page that starts one side, named in the address, and recommends films for a query in words. `window.measured` is what it took from the
// beginning of the navigation, and what was found.
const QUERY = 'a quiet film about the sea';
const side = new URL(location).searchParams.get('side');
/** On a first visit a page shows what it can as soon as it can. */
const isCold = new URL(location).searchParams.has('cold');

window.measured = import(`./start-${side}.js`).then(async ({ firstShelf, firstRecommendation }) => {
  const recommendation = firstRecommendation(QUERY);
  const shelfMs = isCold && firstShelf ? await firstShelf().then(() => performance.now()) : null;
  const found = await recommendation;
  const ms = performance.now();
  return { ms, shelfMs: shelfMs ?? ms, ...found };
});
