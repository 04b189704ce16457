// Getting a photo in: choose, drop, paste, take one, or drag a picture from another page. It is turned upright, made
// smaller and freed of its hidden data here, before it is sent. Without this script the form does the same job.
"use strict";

const LONGEST_SIDE = 1024;
const MOST = 5;
const PATIENCE = 30_000; // ms without a sign of life

/** An upright JPEG of at most 1,024 px; the file itself where the browser cannot read it (HEIC outside Safari). */
async function shrink(file) {
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file;
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.88));
  return small && new File([small], "photo.jpg", { type: "image/jpeg" });
}

/** What keeps the photo from the shop, though nothing is wrong with it: sending it again may help. */
class Unreached extends Error {}

/** POST to the search; resolves to {url} or throws an Error with a sentence, an AbortError when `signal` says stop.
 * `onProgress` gets 0..100. */
function send(address, data, { say, signal, onProgress }) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much was sent
    let patience;
    const alive = () => {
      clearTimeout(patience);
      patience = setTimeout(() => request.abort(), PATIENCE);
    };
    signal.addEventListener("abort", () => request.abort());
    request.open("POST", address);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      alive();
      if (event.lengthComputable) onProgress(Math.round((100 * event.loaded) / event.total));
    });
    request.addEventListener("load", () => {
      if (request.status < 300 && request.response) done(request.response);
      else if (request.response?.detail && request.status < 500) fail(new Error(request.response.detail));
      else fail(new Unreached(request.response?.detail || say.failed));
    });
    request.addEventListener("error", () => fail(new Unreached(navigator.onLine ? say.unreached : say.offline)));
    request.addEventListener("abort", () => fail(signal.aborted ? signal.reason : new Unreached(say.stalled)));
    request.addEventListener("loadend", () => clearTimeout(patience));
    alive();
    request.send(data);
  });
}

/** The photo as it was sent stays in this tab, so that another part of it can be searched for as sharply. */
function remember(query, file) {
  const reader = new FileReader();
  return new Promise((done) => {
    reader.addEventListener("loadend", () => {
      try {
        sessionStorage.setItem("photo", JSON.stringify({ query, photo: reader.result }));
      } catch {
        sessionStorage.removeItem("photo"); // too large: the small picture on the server will do
      }
      done();
    });
    reader.readAsDataURL(file);
  });
}

/** Files in what was dropped or pasted; a picture dragged from a page may come as its address only. */
async function photosIn(transfer, elsewhere) {
  const files = [...transfer.files].filter((file) => file.type.startsWith("image/") || /\.(hei[cf]|avif)$/i.test(file.name));
  if (files.length) return files;
  const page = new DOMParser().parseFromString(transfer.getData("text/html"), "text/html");
  const address = page.querySelector("img")?.getAttribute("src") || transfer.getData("text/uri-list").split("\n")[0];
  if (!/^(https?|data):/.test(address)) return [];
  try {
    const answer = await fetch(address, { credentials: "omit", referrerPolicy: "no-referrer" });
    const picture = await answer.blob();
    return answer.ok && picture.type.startsWith("image/") ? [new File([picture], "dropped", { type: picture.type })] : [];
  } catch {
    throw new Error(elsewhere);
  }
}

for (const form of document.querySelectorAll("[data-photo-form]")) {
  const say = form.dataset;
  const problem = form.querySelector(".problem");
  const progress = form.querySelector(".progress");
  const bar = progress.querySelector("progress");
  const status = progress.querySelector("[role=status]");
  const again = form.querySelector("[data-again]");
  const cancel = form.querySelector("[data-cancel]");
  let sending; // an AbortController while a photo is on its way
  let unsent; // photos, made small, that did not reach the shop

  const show = (sentence) => {
    progress.hidden = true;
    problem.textContent = sentence;
    again.hidden = !unsent;
  };

  const search = async (files) => {
    if (sending || !files.length) return;
    unsent = undefined;
    if (files.length > MOST) return show(say.tooMany);
    sending = new AbortController();
    const { signal } = sending;
    show("");
    progress.hidden = false;
    bar.removeAttribute("value");
    status.textContent = say.preparing;
    try {
      const data = new FormData();
      const small = await Promise.all(files.map(shrink));
      unsent = small;
      small.forEach((file) => data.append("image", file, file.name));
      signal.throwIfAborted();
      const onProgress = (percent) => {
        bar.value = percent;
        status.textContent = percent < 100 ? say.sending.replace("{percent}", percent) : say.looking;
        if (percent === 100) bar.removeAttribute("value");
      };
      const { url, query } = await send(form.action, data, { say, signal, onProgress });
      if (small.length === 1) await remember(query, small[0]);
      location.assign(url);
    } catch (error) {
      if (!(error instanceof Unreached)) unsent = undefined;
      show(signal.aborted ? "" : error.message);
      if (unsent) again.focus();
    } finally {
      sending = undefined;
      form.reset();
    }
  };

  const take = async (transfer) => {
    try {
      const files = await photosIn(transfer, say.elsewhere);
      files.length ? search(files) : show(say.noPhoto);
    } catch (error) {
      show(error.message);
    }
  };

  again.addEventListener("click", () => search(unsent));
  addEventListener("online", () => unsent && search(unsent));
  cancel.addEventListener("click", () => {
    if (sending) sending.abort();
    else window.stop(); // the photo has arrived, the results are on their way
    show("");
    form.querySelector("#image").focus();
  });
  if (matchMedia("(pointer: coarse)").matches) form.querySelector(".camera").hidden = false;
  form.addEventListener("change", (event) => search([...event.target.files]));
  document.addEventListener("paste", (event) => {
    if (event.target.closest("input, textarea") && !event.clipboardData.files.length) return;
    event.preventDefault();
    take(event.clipboardData);
  });
  let depth = 0;
  const dropping = (inside) => form.classList.toggle("dropping", inside);
  document.addEventListener("dragenter", () => dropping(++depth > 0));
  document.addEventListener("dragleave", () => dropping(--depth > 0));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    dropping((depth = 0) > 0);
    take(event.dataTransfer);
  });
  addEventListener("pageshow", () => (progress.hidden = true)); // back from the results
}
