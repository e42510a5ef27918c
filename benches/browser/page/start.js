// A page that starts one side, named in the address, and recommends films for a query in words. `window.measured` is what it took from the
// beginning of the navigation, and what was found.
const QUERY = 'a quiet film about the sea';
const side = new URL(location).searchParams.get('side');

window.measured = import(`./start-${side}.js`)
  .then(({ firstRecommendation }) => firstRecommendation(QUERY))
  .then((found) => ({ ms: performance.now(), ...found }));
