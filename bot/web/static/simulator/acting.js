// One act at a time: what people do is done, shown, and if it fails said in one sentence.

import { byId } from "./parts.js";

export function oneAtATime(refresh) {
  let busy = false;
  const setBusy = (now) => {
    busy = now;
    document.body.setAttribute("aria-busy", String(now));
  };
  const doing = async (work) => {
    if (busy) return;
    setBusy(true);
    byId("error").textContent = "";
    try {
      await work();
      await refresh();
    } catch (error) {
      byId("error").textContent = error.message;
    } finally {
      setBusy(false);
    }
  };
  return { doing, isBusy: () => busy };
}
