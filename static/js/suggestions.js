// Suggestions below the search box (a combobox with a listbox, as WAI-ARIA describes it). Without them the form does it all.
"use strict";

if (document.getElementById("words").dataset.suggestions) {
  const box = document.getElementById("words");
  const list = document.getElementById("suggestions");
  let pause;
  let running; // an AbortController: only the last letter counts

  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", "suggestions");
  box.setAttribute("aria-expanded", "false");

  const options = () => [...list.children];
  const chosen = () => list.querySelector("[aria-selected=true]");

  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) box.setAttribute("aria-activedescendant", option.id);
    else box.removeAttribute("aria-activedescendant");
  };
  const show = (visible) => {
    choose(null);
    list.hidden = !visible;
    box.setAttribute("aria-expanded", String(visible));
  };

  const ask = async () => {
    running?.abort();
    running = new AbortController();
    const words = box.value.trim();
    if (words.length < 2) return show(false);
    try {
      const answer = await fetch(`${box.dataset.suggestions}?q=${encodeURIComponent(words)}`, { signal: running.signal });
      if (!answer.ok) return;
      list.innerHTML = await answer.text();
      show(list.children.length > 0 && document.activeElement === box);
    } catch {
      // aborted, or no connection: the box works without suggestions
    }
  };

  box.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(ask, 120);
  });
  box.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(chosen());
    if (event.key === "Escape" && !list.hidden) show(false);
    else if (list.hidden && event.key === "ArrowDown" && all.length) show(true);
    else if (list.hidden) return;
    else if (event.key === "ArrowDown") choose(all[at + 1] || null);
    else if (event.key === "ArrowUp") choose(at < 0 ? all.at(-1) : all[at - 1] || null);
    else if (event.key === "Enter" && at >= 0) location.assign(all[at].dataset.address);
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[data-address]");
    if (option) location.assign(option.dataset.address);
  });
  box.addEventListener("blur", () => show(false));
  box.form.addEventListener("submit", () => clearTimeout(pause));
}
