// One act at a time: what people do is done, shown, and if it fails said in one sentence.

import { byId } from "./parts.js";

// `doing` passes over what is pressed meanwhile, lest a click count twice; `inTurn` lets it wait,
// since nobody writes anything twice by mistake.
export function oneAtATime(refresh) {
  const waiting = [];
  let busy = false;
  const setBusy = (now) => {
    busy = now;
    document.body.setAttribute("aria-busy", String(now));
  };
  const attempt = async (work) => {
    try {
      await work();
      await refresh();
    } catch (error) {
      byId("error").textContent = error.message;
    }
  };
  const doing = async (work) => {
    if (busy) return;
    setBusy(true);
    byId("error").textContent = "";
    await attempt(work);
    while (waiting.length) await attempt(waiting.shift());
    setBusy(false);
  };
  const inTurn = (work) => (busy ? void waiting.push(work) : doing(work));
  return { doing, inTurn, isBusy: () => busy };
}
