// A service worker that passes on what the page tells it: no page's own log shows this.
addEventListener('message', ({ data }) => void fetch(`collect?${data}`));
