// Runs in every frame before the page's own scripts: notes what leaves a page without being a request that a proxy or the browser's log could
// show. It is turned into text and must use nothing from outside of itself.

export function watchPage() {
  /** Where the notes go: a binding of the verifier. */
  const note = (kind, detail) => globalThis.__inglenookVerifyNote?.({ kind, detail: String(detail).slice(0, 300) });
  for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport']) {
    const Original = globalThis[name];
    if (!Original) continue;
    globalThis[name] = new Proxy(Original, {
      construct(target, parameters, newTarget) {
        const [first] = parameters;
        const servers = first?.iceServers?.flatMap(({ urls }) => urls).join(', ');
        note(name === 'WebTransport' ? 'webtransport' : 'webrtc', `${name} ${servers ?? first ?? ''}`.trim());
        return Reflect.construct(target, parameters, newTarget);
      },
    });
  }
  // Names that are looked up ahead of time reach a name server.
  const hints =
    'link[rel~="dns-prefetch"], link[rel~="preconnect"], link[rel~="prefetch"], script[type="speculationrules"]';
  const look = (node) => {
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    const found = [...(node.matches(hints) ? [node] : []), ...node.querySelectorAll(hints)];
    for (const each of found) note('hint', each.outerHTML);
  };
  new MutationObserver((records) => {
    for (const { addedNodes, target, type } of records) {
      if (type === 'attributes') look(target);
      else addedNodes.forEach(look);
    }
  }).observe(document, { subtree: true, childList: true, attributeFilter: ['rel', 'href'] });
}
