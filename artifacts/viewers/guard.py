"""What a policy can't forbid inside a previewed page: WebRTC, which reaches hosts past every directive.

Runs before the page's own scripts. Nested frames go too, since each would bring the constructors anew;
the policy allows none of them anyway but the ones without an address.
"""

GUARD = b"""<script>(() => {
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) delete window[name];
  const sweep = (root) => root.querySelectorAll("iframe, frame, object, embed, fencedframe").forEach((e) => e.remove());
  const watch = (root) => new MutationObserver(() => sweep(root)).observe(root, { childList: true, subtree: true });
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    watch(root);
    return root;
  };
  watch(document);
  document.currentScript.remove();
})();</script>"""
