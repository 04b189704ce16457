// Getting a photo in: choose, drop or paste it on any page, take one, or give the address of a picture. It is turned
// upright, made smaller and freed of its hidden data here, before it is sent. Without this script the form does it all.
"use strict";

const LONGEST_SIDE = 1024;
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

/** What was dropped or pasted: {files}, or the {address} of a picture on another page. Throws an Error with a sentence. */
async function photoIn(transfer, say) {
  const entries = [...(transfer.items || [])].map((item) => item.webkitGetAsEntry?.());
  if (entries.some((entry) => entry?.isDirectory)) throw new Error(say.folder);
  const all = [...transfer.files];
  const files = all.filter((file) => file.type.startsWith("image/") || /\.(hei[cf]|avif)$/i.test(file.name));
  if (files.length) return { files };
  if (all.some((file) => file.type.startsWith("video/"))) throw new Error(say.video);
  const text = transfer.getData("text/plain").trim();
  const page = new DOMParser().parseFromString(transfer.getData("text/html"), "text/html");
  const address = page.querySelector("img")?.getAttribute("src") || transfer.getData("text/uri-list").split("\n")[0] || text;
  if (!/^(https?|data):\S+$/.test(address)) throw new Error(text && !all.length ? say.text : say.noPhoto);
  try {
    const answer = await fetch(address, { credentials: "omit", referrerPolicy: "no-referrer" });
    const picture = await answer.blob();
    if (answer.ok && picture.type.startsWith("image/")) return { files: [new File([picture], "dropped", { type: picture.type })] };
  } catch {
    // that page lets no other page fetch its pictures: the shop can
  }
  return address.startsWith("data:") ? { files: [] } : { address };
}

/** A live picture of the camera until the shutter is pressed: resolves to a File, to nothing when it was closed. */
async function takePhoto(say) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
  const dialog = document.createElement("dialog");
  dialog.className = "live";
  dialog.innerHTML = '<video autoplay muted playsinline></video><form method="dialog"><button class="button quiet"></button><button class="button" value="take"></button></form>';
  const video = dialog.querySelector("video");
  const [close, shutter] = dialog.querySelectorAll("button");
  close.textContent = say.cancel;
  shutter.textContent = say.shutter;
  dialog.setAttribute("aria-label", say.shutter);
  document.body.append(dialog);
  video.srcObject = stream;
  dialog.showModal();
  shutter.focus();
  await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  if (dialog.returnValue === "take" && canvas.width) canvas.getContext("2d").drawImage(video, 0, 0);
  for (const track of stream.getTracks()) track.stop();
  dialog.remove();
  if (dialog.returnValue !== "take" || !canvas.width) return undefined;
  const picture = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  return new File([picture], "photo.jpg", { type: "image/jpeg" });
}

/** Another photo keeps the words and filters of the results that it was given on. */
function withFilters(url) {
  const filters = new URLSearchParams(document.querySelector("[data-crop]") ? location.search : "");
  filters.delete("page");
  return filters.size ? `${url}?${filters}` : url;
}

for (const form of document.querySelectorAll("[data-photo-form]")) {
  const say = form.dataset;
  const problem = form.querySelector(".problem");
  const progress = form.querySelector(".progress");
  const bar = progress.querySelector("progress");
  const status = progress.querySelector("[role=status]");
  const again = form.querySelector("[data-again]");
  const cancel = form.querySelector("[data-stop]");
  const dialog = form.closest("dialog"); // on pages that are not about photos
  const address = form.querySelector("[name=address]");
  let sending; // an AbortController while a photo is on its way
  let unsent; // photos, made small, that did not reach the shop

  const open = () => {
    if (dialog && !dialog.open) dialog.showModal();
  };
  const show = (sentence) => {
    open();
    progress.hidden = true;
    problem.textContent = sentence;
    again.hidden = !unsent;
  };

  const search = async (files) => {
    if (sending || !files.length) return;
    unsent = undefined;
    if (files.length > Number(say.most)) return show(say.tooMany);
    sending = new AbortController();
    const { signal } = sending;
    show("");
    progress.hidden = false;
    bar.removeAttribute("value");
    status.textContent = say.preparing;
    try {
      const data = new FormData();
      const small = await Promise.all(files.map(shrink));
      if (small.some((file) => file.type.startsWith("video/"))) throw new Error(say.video);
      const limit = Number(say.mostBytes);
      if (small.some((file) => file.size > limit)) throw new Error(say.large.replace("{limit}", Math.floor(limit / 1e6)));
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
      location.assign(withFilters(url));
    } catch (error) {
      if (!(error instanceof Unreached)) unsent = undefined;
      show(signal.aborted ? "" : error.message);
      if (unsent) again.focus();
    } finally {
      sending = undefined;
      form.reset();
    }
  };

  /** The shop fetches the picture: it may, where this page may not. */
  const searchAddress = async (picture) => {
    if (sending) return;
    sending = new AbortController();
    show("");
    progress.hidden = false;
    bar.removeAttribute("value");
    status.textContent = say.fetching;
    try {
      const data = new FormData();
      data.append("address", picture);
      const { url } = await send(form.action, data, { say, signal: sending.signal, onProgress: () => {} });
      location.assign(withFilters(url));
    } catch (error) {
      show(sending.signal.aborted ? "" : error.message);
    } finally {
      sending = undefined;
    }
  };

  const take = async (transfer, say) => {
    try {
      const { files, address } = await photoIn(transfer, say);
      if (address) searchAddress(address);
      else files.length ? search(files) : show(say.noPhoto);
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
  form.addEventListener("submit", (event) => {
    if (!address.value) return;
    event.preventDefault();
    searchAddress(address.value);
  });
  if (matchMedia("(pointer: coarse)").matches) form.querySelector(".camera").hidden = false;
  let live = Boolean(navigator.mediaDevices?.getUserMedia);
  form.querySelector(".camera label").addEventListener("click", async (event) => {
    if (!live) return; // the plain input opens the phone's camera
    event.preventDefault();
    try {
      const photo = await takePhoto(say);
      if (photo) search([photo]);
    } catch {
      live = false;
      show(say.noCamera);
    }
  });
  form.addEventListener("change", (event) => event.target.files && search([...event.target.files]));
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href$="#photo"]');
    if (!link || !dialog) return;
    event.preventDefault();
    show("");
  });
  dialog?.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  document.addEventListener("paste", (event) => {
    if (event.target.closest("input, textarea") && !event.clipboardData.files.length) return;
    event.preventDefault();
    take(event.clipboardData, say);
  });
  let depth = 0;
  const dropping = (inside) => (dialog && !dialog.open ? document.body : form).classList.toggle("dropping", inside);
  document.addEventListener("dragenter", () => dropping(++depth > 0));
  document.addEventListener("dragleave", () => dropping(--depth > 0));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    dropping((depth = 0) > 0);
    take(event.dataTransfer, { ...say, text: say.droppedText });
  });
  addEventListener("pageshow", () => (progress.hidden = true)); // back from the results
}
