// Makes the pages easier where a browser can: everything works without it, too.
"use strict";
(function () {
  // A page that waits for an owner looks again, so that nobody has to.
  var left = 60;
  function lookAgain() {
    var place = document.querySelector("[data-look-again]");
    if (!place || left-- <= 0) return;
    setTimeout(function () {
      fetch(location.href, { headers: { Accept: "text/html" } })
        .then(function (answer) { return answer.ok ? answer.text() : null; })
        .then(function (text) {
          if (text) show(text, true);
          lookAgain();
        })
        .catch(lookAgain);
    }, Number(place.getAttribute("data-look-again")));
  }

  function show(text, keepPlace) {
    var found = new DOMParser().parseFromString(text, "text/html").getElementById("main");
    var shown = document.getElementById("main");
    if (!found || found.innerHTML === shown.innerHTML) return false;
    shown.replaceWith(document.adoptNode(found));
    begin(found);
    if (!keepPlace) {
      var alert = found.querySelector("[role=alert]:not([hidden]), .mistake:not([hidden])");
      if (alert) { alert.tabIndex = -1; alert.focus(); }
    }
    return true;
  }

  // What is kept on this device; browsers that forbid it keep nothing.
  var WEEK = 7 * 24 * 3600 * 1000;
  function recall(key) {
    try { return JSON.parse(localStorage.getItem("banso." + key)); } catch (error) { return null; }
  }
  function keep(key, value) {
    try {
      if (value === null) localStorage.removeItem("banso." + key);
      else localStorage.setItem("banso." + key, JSON.stringify(value));
    } catch (error) { /* then nothing is kept */ }
  }

  function draft(form) {
    var key = form.dataset.draft;
    if (!key) return;
    var note = form.querySelector("[data-draft-found]");
    var choice = form.querySelector("[data-draft-choice]");
    var box = choice && choice.querySelector("input");
    if (choice) {
      choice.hidden = false;
      box.checked = recall("no-draft") !== true;
      box.addEventListener("change", function () {
        keep("no-draft", box.checked ? null : true);
        if (box.checked) save(); else keep(key, null);
      });
    }
    function inputs() {
      return Array.prototype.filter.call(form.elements, function (it) {
        return it.name && it.type !== "file" && !it.hasAttribute("data-not-kept");
      });
    }
    function isChoice(it) { return it.type === "radio" || it.type === "checkbox"; }
    function save() {
      if (recall("no-draft") === true) return;
      var said = [];
      var written = false;
      inputs().forEach(function (it) {
        if (isChoice(it) ? it.checked : it.value) {
          said.push([it.name, it.value]);
          written = written || it.type !== "hidden";
        }
      });
      keep(key, written ? { at: Date.now(), said: said } : null);
    }
    var kept = recall(key);
    if (form.hasAttribute("data-fresh") && kept && Date.now() - kept.at < WEEK) {
      var before = inputs().filter(function (it) { return it.type !== "hidden" && !isChoice(it) && it.value; }).map(function (it) { return it.name; });
      if (form.querySelector("[type=radio]:checked")) before.push("category");
      inputs().forEach(function (it) {
        if (before.indexOf(it.name) >= 0) return;
        kept.said.forEach(function (one) {
          if (one[0] !== it.name) return;
          if (!isChoice(it)) it.value = one[1];
          else if (one[1] === it.value) it.checked = true;
        });
      });
      form.querySelectorAll("details").forEach(function (it) {
        it.open = it.open || Array.prototype.some.call(it.querySelectorAll("input"), function (one) {
          return isChoice(one) ? one.checked : one.value;
        });
      });
      var around = form.closest("details");
      if (around) around.open = true;
      if (note) note.hidden = false;
    }
    form.addEventListener("input", save);
    form.addEventListener("change", save);
    var clear = form.querySelector("[data-draft-clear]");
    if (clear) clear.addEventListener("click", function () {
      keep(key, null);
      location.reload();
    });
  }

  // The company's own questions come and go with product and category.
  function questions(form) {
    var all = form.querySelectorAll(".question");
    function has(list, value) { return value && list.split(" ").indexOf(value) >= 0; }
    function ask() {
      var said = new FormData(form);
      all.forEach(function (one) {
        one.hidden = !has(one.dataset.products, said.get("product")) && !has(one.dataset.categories, said.get("category"));
      });
    }
    if (!all.length) return;
    form.addEventListener("change", ask);
    ask();
  }

  // Files: chosen, dropped, pasted or taken with the camera; shown, and taken out again.
  function files(place, carried) {
    var input = place.querySelector("#files");
    var camera = place.querySelector("#camera");
    var list = place.querySelector(".chosen");
    var trouble = place.querySelector("[data-trouble]");
    var chosen = [];
    try { new DataTransfer().items.add(new File([], "a")); } catch (error) { return null; }
    place.classList.add("live");
    camera.removeAttribute("name");
    place.querySelector(".drop").hidden = false;
    var again = place.querySelector(".again");
    if (again && carried && carried.length) again.hidden = true;

    function why(file) {
      var together = chosen.reduce(function (sum, one) { return sum + one.size; }, file.size);
      var ending = file.name.split(".").pop().toLowerCase();
      if (place.dataset.refused.split(" ").indexOf(ending) >= 0) return place.dataset.sayRefused;
      if (file.size > Number(place.dataset.largest)) return place.dataset.sayLarge;
      if (chosen.length >= Number(place.dataset.most)) return place.dataset.sayMany;
      if (together > Number(place.dataset.together)) return place.dataset.sayTogether;
      return "";
    }
    function add(found) {
      var left = [];
      Array.prototype.forEach.call(found, function (file) {
        var twice = chosen.some(function (one) { return one.name === file.name && one.size === file.size && one.lastModified === file.lastModified; });
        var reason = twice ? "" : why(file);
        if (reason) left.push(reason.replace("{name}", file.name));
        else if (!twice) chosen.push(file);
      });
      trouble.textContent = left.join(" ");
      trouble.hidden = !left.length;
      update();
    }
    function update() {
      var transfer = new DataTransfer();
      chosen.forEach(function (file) { transfer.items.add(file); });
      input.files = transfer.files;
      list.hidden = !chosen.length;
      list.textContent = "";
      chosen.forEach(function (file) { list.appendChild(row(file)); });
    }
    function tile(file) {
      var tile = document.createElement("span");
      tile.className = "thumb";
      tile.textContent = (file.name.split(".").pop() || "").slice(0, 4).toUpperCase();
      tile.setAttribute("aria-hidden", "true");
      return tile;
    }
    function picture(file) {
      var picture = document.createElement("img");
      picture.className = "thumb";
      picture.alt = "";
      picture.src = URL.createObjectURL(file);
      picture.onload = function () { URL.revokeObjectURL(picture.src); };
      picture.onerror = function () { picture.onload(); picture.replaceWith(tile(file)); };
      return picture;
    }
    function row(file) {
      var item = document.createElement("li");
      var thumb = /^image\/(png|jpeg|gif|webp)$/.test(file.type) ? picture(file) : tile(file);
      var name = document.createElement("span");
      name.className = "name";
      name.textContent = file.name;
      var size = document.createElement("span");
      size.className = "optional";
      size.textContent = file.size < 1048576 ? Math.max(1, Math.round(file.size / 1024)) + " KB" : (file.size / 1048576).toFixed(1) + " MB";
      var remove = document.createElement("button");
      remove.type = "button";
      remove.className = "quiet";
      remove.textContent = "×";
      remove.setAttribute("aria-label", place.dataset.sayRemove.replace("{name}", file.name));
      remove.addEventListener("click", function () {
        chosen.splice(chosen.indexOf(file), 1);
        trouble.hidden = true;
        update();
        input.focus();
      });
      [thumb, name, size, remove].forEach(function (part) { item.appendChild(part); });
      return item;
    }
    input.addEventListener("change", function () { add(input.files); });
    camera.addEventListener("change", function () { add(camera.files); camera.value = ""; });
    place.addEventListener("dragover", function () { place.classList.add("over"); });
    place.addEventListener("dragleave", function () { place.classList.remove("over"); });
    if (carried && carried.length) add(carried);
    return { add: add, chosen: function () { return chosen; }, done: function () { place.classList.remove("over"); } };
  }

  // The files of the form that is on the page; a page shown again by us still has them.
  var current = null;
  function takes(event) {
    var given = event.dataTransfer || event.clipboardData;
    return current && given && Array.prototype.indexOf.call(given.types || [], "Files") >= 0 ? given : null;
  }
  document.addEventListener("dragover", function (event) { if (takes(event)) event.preventDefault(); });
  document.addEventListener("drop", function (event) {
    var given = takes(event);
    if (!given) return;
    event.preventDefault();
    current.done();
    current.add(given.files);
  });
  document.addEventListener("paste", function (event) {
    var given = takes(event);
    if (given) current.add(given.files);
  });

  // Sends a form without leaving the page, so that words and files stay whatever happens.
  function sends(form) {
    if (form.enctype !== "multipart/form-data") return;
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var button = form.querySelector("button.primary");
      if (button.disabled) return;
      var words = button.textContent;
      var notSent = form.querySelector("[data-not-sent]");
      notSent.hidden = true;
      button.textContent = button.dataset.sending;
      var request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.setRequestHeader("X-Banso-Script", "1");
      request.upload.onprogress = function (progress) {
        if (progress.lengthComputable && progress.total > 1e6) {
          button.textContent = button.dataset.sending + " " + Math.floor(100 * progress.loaded / progress.total) + " %";
        }
      };
      function failed() {
        notSent.hidden = false;
        button.textContent = words;
        button.disabled = false;
      }
      request.onerror = failed;
      request.onload = function () {
        if (request.status === 204) {
          location.assign(request.getResponseHeader("Location"));
        } else if (!show(request.responseText)) failed();
      };
      request.send(new FormData(form));
      button.disabled = true;
    });
  }

  function begin(main) {
    var carried = current ? current.chosen() : [];
    var sent = main.querySelector("[data-sent]");
    current = null;
    if (sent) keep(sent.dataset.sent, null);
    main.querySelectorAll("form[data-form]").forEach(function (form) {
      draft(form);
      questions(form);
      var place = form.querySelector("[data-files]");
      if (place) current = files(place, carried);
      sends(form);
    });
  }

  document.addEventListener("submit", function (event) {
    if (event.defaultPrevented) return;
    var button = event.target.querySelector("button[type=submit]");
    if (button) setTimeout(function () { button.disabled = true; }, 0);
  });
  window.addEventListener("pageshow", function (event) {
    document.querySelectorAll("button[type=submit]").forEach(function (button) { button.disabled = false; });
    // Whoever goes back to a form that was sent begins a new one.
    if (event.persisted && document.querySelector("form[data-draft]")) location.reload();
  });

  // In another site's frame: tells that site how high it needs to be.
  if (window.parent !== window && document.body.classList.contains("framed")) {
    new ResizeObserver(function () {
      window.parent.postMessage({ banso: document.documentElement.offsetHeight }, "*");
    }).observe(document.documentElement);
  }

  begin(document.getElementById("main"));
  lookAgain();
})();
