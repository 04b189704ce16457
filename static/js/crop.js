// The part of the photo to search for: a box with corners, moved by mouse, touch or keyboard. Every change searches anew.
"use strict";

const SMALLEST = 0.08; // of the photo's side
const CORNERS = ["nw", "ne", "se", "sw"];

function cropBox(host) {
  const photo = host.querySelector("img");
  const status = document.querySelector(".crop-status [role=status]");
  const again = document.querySelector(".crop-status [data-again]");
  const [x, y, width, height] = host.dataset.value ? host.dataset.value.split(",").map(Number) : [0, 0, 1, 1];
  let area = { x, y, width, height };
  let pause;
  let running; // an AbortController: only the last change counts

  host.insertAdjacentHTML("beforeend", '<div class="shade"><div class="hole"></div></div><div class="box" role="group" tabindex="0"></div>');
  const hole = host.querySelector(".hole");
  const box = host.querySelector(".box");
  box.setAttribute("aria-label", host.dataset.box);
  for (const corner of CORNERS) {
    const handle = document.createElement("button");
    handle.type = "button";
    handle.className = `corner ${corner}`;
    handle.dataset.corner = corner;
    handle.setAttribute("aria-label", host.dataset[corner]);
    box.append(handle);
  }

  const written = () => [area.x, area.y, area.width, area.height].map((part) => part.toFixed(4)).join(",");

  const draw = () => {
    box.classList.toggle("whole", area.width > 0.999 && area.height > 0.999); // nothing to move: a swipe scrolls the page
    for (const element of [hole, box]) {
      element.style.left = `${100 * area.x}%`;
      element.style.top = `${100 * area.y}%`;
      element.style.width = `${100 * area.width}%`;
      element.style.height = `${100 * area.height}%`;
    }
    for (const part of document.querySelectorAll("[data-parts] button")) part.setAttribute("aria-pressed", part.value === written());
    for (const dot of host.querySelectorAll(".dot")) { // none lies on the box itself, which a finger moves
      const [left, top] = [parseFloat(dot.style.left) / 100 - area.x, parseFloat(dot.style.top) / 100 - area.y];
      dot.hidden = !box.classList.contains("whole") && left > 0 && left < area.width && top > 0 && top < area.height;
    }
  };

  /** Moves the whole box, or one corner, by fractions of the photo from where it was in `start`. */
  const shift = (start, corner, dx, dy) => {
    const within = (value, low, high) => Math.min(Math.max(value, low), high);
    let { x: left, y: top } = start;
    let right = left + start.width;
    let bottom = top + start.height;
    if (corner) {
      if (corner.includes("w")) left = within(left + dx, 0, right - SMALLEST);
      else right = within(right + dx, left + SMALLEST, 1);
      if (corner.includes("n")) top = within(top + dy, 0, bottom - SMALLEST);
      else bottom = within(bottom + dy, top + SMALLEST, 1);
    } else {
      left = within(left + dx, 0, 1 - start.width);
      top = within(top + dy, 0, 1 - start.height);
      right = left + start.width;
      bottom = top + start.height;
    }
    area = { x: left, y: top, width: right - left, height: bottom - top };
    draw();
  };

  const search = async () => {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    status.textContent = host.dataset.looking;
    again.hidden = true;
    const data = new FormData();
    data.append("crop", written());
    if (host.dataset.photo) data.append("photo", host.dataset.photo); // one of several
    const kept = JSON.parse(sessionStorage.getItem("photo") || "null");
    if (kept?.query === host.dataset.query) {
      data.append("image", await (await fetch(kept.photo)).blob(), "photo.jpg");
    } else {
      data.append("query", host.dataset.query);
    }
    let answer;
    try {
      const response = await fetch(host.dataset.action, { method: "POST", body: data, headers: { Accept: "application/json" }, signal });
      answer = await response.json();
      if (!response.ok) throw new Error(answer.detail);
    } catch (error) {
      if (signal.aborted) return;
      again.hidden = false;
      status.textContent = error instanceof TypeError ? host.dataset.offline : error.message;
      return;
    }
    if (host.dataset.photo) return location.assign(`${answer.url}?photo=${host.dataset.photo}`); // all of them are shown anew
    if (kept?.query === host.dataset.query) sessionStorage.setItem("photo", JSON.stringify({ ...kept, query: answer.query }));
    host.dataset.query = answer.query;
    const filters = new URLSearchParams(location.search);
    filters.delete("page");
    const address = filters.size ? `${answer.url}?${filters}` : answer.url;
    try {
      await htmx.ajax("GET", address, { target: "#found", swap: "outerHTML", source: host });
    } catch {
      again.hidden = false;
      status.textContent = host.dataset.offline;
      return;
    }
    if (signal.aborted) return;
    history.pushState({ htmx: true }, "", address);
    status.textContent = "";
  };
  const searchSoon = (wait) => {
    clearTimeout(pause);
    pause = setTimeout(search, wait);
  };

  box.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const { clientX, clientY } = event;
    const start = area;
    const before = written();
    const corner = event.target.dataset.corner;
    (corner ? event.target : box).focus({ focusVisible: false });
    box.setPointerCapture(event.pointerId);
    const move = (event) => shift(start, corner, (event.clientX - clientX) / photo.width, (event.clientY - clientY) / photo.height);
    box.addEventListener("pointermove", move);
    const end = () => {
      box.removeEventListener("pointermove", move);
      if (written() !== before) searchSoon(0);
      else host.classList.add("large"); // a tap on the small picture of narrow screens
    };
    box.addEventListener("pointerup", end, { once: true });
    box.addEventListener("pointercancel", end, { once: true });
  });

  box.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.1 : 0.02;
    const corner = event.target.dataset.corner;
    const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] || [];
    if (dx !== undefined) shift(area, corner, dx, dy);
    else if (event.key === "-") { shift(area, "nw", step, step); shift(area, "se", -step, -step); }
    else if (event.key === "+") { shift(area, "nw", -step, -step); shift(area, "se", step, step); }
    else return;
    event.preventDefault();
    searchSoon(500);
  });

  document.addEventListener("submit", (event) => {
    const part = event.target.closest("[data-parts]") && event.submitter;
    if (!part) return;
    event.preventDefault();
    const [x, y, width, height] = part.value.split(",").map(Number);
    area = { x, y, width, height };
    draw();
    search();
  });

  again.addEventListener("click", search);
  document.addEventListener("htmx:oobAfterSwap", draw); // the dots have come
  draw();
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "why-content") document.getElementById("why").showModal();
});

document.querySelectorAll("[data-crop]").forEach(cropBox);
addEventListener("popstate", () => location.reload());
