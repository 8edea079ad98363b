// Puts Banso's form where this script stands, as high as it needs to be.
"use strict";
(function () {
  var script = document.currentScript;
  var home = new URL(script.src).origin;
  var address = new URL("/embed", home);
  ["product", "category", "lang"].forEach(function (name) {
    if (script.dataset[name]) address.searchParams.set(name, script.dataset[name]);
  });
  var frame = document.createElement("iframe");
  frame.src = address.href;
  frame.title = script.dataset.title || "Banso";
  frame.style.cssText = "width:100%;border:0;height:60rem";
  window.addEventListener("message", function (event) {
    var height = event.data && event.data.banso;
    if (event.source === frame.contentWindow && event.origin === home && height > 0) {
      frame.style.height = Math.ceil(height) + "px";
    }
  });
  script.parentNode.insertBefore(frame, script);
})();
