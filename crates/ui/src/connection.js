// Whether the daemon answers. This stands before the other scripts, in the same file (`files.rs`).
"use strict";

const connection = (() => {
  // What is shown may be out of date when the till does not answer; once may be chance.
  const notice = document.querySelector("[data-offline]");
  let failures = 0;
  const answered = () => { failures = 0; if (notice) notice.hidden = true; };
  const failed = (isCertain) => {
    failures += 1;
    if (notice && (failures > 1 || isCertain)) notice.hidden = false;
  };
  /** Has lost the till: sees whether it is there again, before it is asked something that it answers late. */
  const probe = async () => {
    if (failures === 0) return;
    const answer = await fetch(document.querySelector("link[rel=icon]").href, { cache: "no-store" });
    if (!answer.ok) throw new Error("not now");
    answered();
  };
  addEventListener("offline", () => failed(true));
  return { answered, failed, probe };
})();

