// The product page: pictures as large as they are, and the link handed on.
"use strict";

{
  const zoom = document.getElementById("zoom");
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-zoom]");
    if (!link || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    const picture = zoom.querySelector("img");
    picture.src = link.href;
    picture.alt = link.querySelector("img").alt;
    zoom.classList.remove("close-up");
    zoom.showModal();
  });
  zoom?.addEventListener("click", (event) => {
    if (event.target.closest("img")) zoom.classList.toggle("close-up");
    else zoom.close();
  });

  const share = document.querySelector("[data-share]");
  if (share && !navigator.share && !navigator.clipboard) share.style.visibility = "hidden"; // its room stays: nothing jumps
  else if (share) {
    share.addEventListener("click", async () => {
      const url = document.querySelector("link[rel=canonical]").href;
      if (navigator.share) return navigator.share({ title: document.title, url }).catch(() => {});
      await navigator.clipboard.writeText(url);
      share.querySelector("span").textContent = share.dataset.copied;
    });
  }
}
