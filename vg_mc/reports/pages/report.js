"use strict";
// The state of the filters is stored in the URL fragment, so that it can be bookmarked and shared.
const wanted = () => new URLSearchParams(location.hash.slice(1));
const every = (selector) => [...document.querySelectorAll(selector)];
const split = document.getElementById("split");
const text = document.getElementById("text");

function ask(key, value) {
  const asked = wanted();
  asked.set(key, value);
  location.replace(`#${asked}`);
}

function show() {
  const asked = wanted();
  const get = (key) => asked.get(key) ?? "";
  const words = get("text").toLowerCase().split(/\s+/);
  let shown = 0;
  for (const card of every("article")) {
    const fits = (!get("verdict") || card.dataset.verdict === get("verdict"))
      && (!get("split") || card.dataset.split === get("split"))
      && words.every((word) => card.dataset.text.includes(word));
    card.hidden = !fits;
    shown += fits;
  }
  document.getElementById("count").value = `${shown} shown`;
  split.value = get("split");
  if (text.value !== get("text")) text.value = get("text");
  const panels = every("[data-part]");
  const part = get("part") || panels[0]?.dataset.part;
  for (const panel of panels) panel.hidden = panel.dataset.part !== part;
  for (const button of every("button")) {
    const chosen = button.dataset.key === "part" ? part : get(button.dataset.key);
    button.setAttribute("aria-pressed", button.dataset.value === chosen);
  }
}

for (const button of every("button")) {
  button.addEventListener("click", () => ask(button.dataset.key, button.dataset.value));
}
split.addEventListener("change", () => ask("split", split.value));
text.addEventListener("input", () => ask("text", text.value));
addEventListener("hashchange", show);
addEventListener("beforeprint", () => {
  for (const folded of every("details")) folded.open = true;  // print all tables
});
show();
