// Looks again at a page that waits for an owner, so that nobody has to. Without it the page works too.
"use strict";
(function () {
  var left = 60;
  function lookAgain() {
    var place = document.querySelector("[data-look-again]");
    if (!place || left-- <= 0) return;
    setTimeout(function () {
      fetch(location.href, { headers: { Accept: "text/html" } })
        .then(function (answer) { return answer.ok ? answer.text() : null; })
        .then(function (text) {
          if (text) {
            var found = new DOMParser().parseFromString(text, "text/html").getElementById("main");
            var shown = document.getElementById("main");
            if (found && found.innerHTML !== shown.innerHTML) shown.replaceWith(found);
          }
          lookAgain();
        })
        .catch(lookAgain);
    }, Number(place.getAttribute("data-look-again")));
  }
  lookAgain();
  document.addEventListener("submit", function (event) {
    var button = event.target.querySelector("button[type=submit]");
    if (button) setTimeout(function () { button.disabled = true; }, 0);
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("button[type=submit]").forEach(function (button) { button.disabled = false; });
  });
})();
