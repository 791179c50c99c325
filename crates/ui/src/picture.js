// Makes a picture small before it is sent: the till shows it the size of a button, and keeps little of it. Without
// this script the file is sent as it is, if it is small enough.

(() => {
  const LONGEST = 512; // pixels of the longer side
  const MOST_BYTES = 450000; // the till takes no more
  const KINDS = [["image/webp", 0.82], ["image/jpeg", 0.82], ["image/png"]];

  const blobOf = (canvas, kind, quality) => new Promise((done) => canvas.toBlob(done, kind, quality));

  /** The picture in `file`, drawn anew: turned as it is to be seen, and without what the camera wrote into it. */
  async function drawn(file) {
    const source = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(source.width, source.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(source.width * scale));
    canvas.height = Math.max(1, Math.round(source.height * scale));
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
    source.close();
    return canvas;
  }

  /** The smallest file of a kind that this browser can write. */
  async function packed(canvas) {
    for (const [kind, quality] of KINDS) {
      const blob = await blobOf(canvas, kind, quality);
      // A browser that cannot write a kind writes PNG without a word.
      if (blob && blob.type === kind && blob.size <= MOST_BYTES) return blob;
    }
    return null;
  }

  for (const field of document.querySelectorAll("[data-picture]")) {
    const input = field.querySelector("input[type=file]"), wrong = field.querySelector("[role=alert]");
    const form = input.form, button = form.querySelector("button[type=submit]");
    let turn = 0;
    const complain = (text) => {
      wrong.textContent = text;
      wrong.hidden = !text;
    };
    const show = (canvas) => {
      field.querySelector(".picture")?.remove();
      canvas.className = "picture";
      input.before(canvas);
    };
    input.addEventListener("change", async () => {
      const [file] = input.files, mine = turn += 1;
      complain("");
      if (!file) return;
      button.disabled = true;
      try {
        const canvas = await drawn(file), blob = await packed(canvas);
        if (mine !== turn) return;
        if (!blob) throw new RangeError("too large");
        const chosen = new DataTransfer();
        chosen.items.add(new File([blob], `picture.${blob.type.split("/")[1]}`, { type: blob.type }));
        input.files = chosen.files;
        show(canvas);
      } catch (error) {
        if (mine !== turn) return;
        input.value = "";
        complain(error instanceof RangeError ? field.dataset.tooLarge : field.dataset.noPicture);
      } finally {
        if (mine === turn) button.disabled = false;
      }
    });
  }
})();
