// The clock in the bar: it runs, and its buttons move it.

import { call } from "./doors.js";
import { byId } from "./parts.js";
import { day, hour, moment } from "./words.js";

let clock = { at: 0, seen: 0 };

export function showTime(time) {
  clock = { at: Date.parse(time.now), seen: performance.now() };
  byId("next").textContent = time.next ? `next due ${moment(time.next)}` : "nothing is due";
  tick();
}

function tick() {
  const now = new Date(clock.at + (performance.now() - clock.seen));
  byId("now").textContent = `${day.format(now)}, ${hour.format(now)}`;
  byId("now").dateTime = now.toISOString();
}

function advance(length) {
  return async () => {
    byId("moving").hidden = false;
    byId("note").textContent = "The clock is moving…";
    const watch = setInterval(() => call("clock").then(showTime).catch(() => {}), 300);
    try {
      const { now } = await call("clock", { advance: length });
      byId("note").textContent = `It is ${moment(now)} now.`;
    } catch (error) {
      byId("note").textContent = "";
      throw error;
    } finally {
      clearInterval(watch);
      byId("moving").hidden = true;
    }
  };
}

export function startClock(doing) {
  setInterval(tick, 1000);
  for (const button of document.querySelectorAll("[data-advance]")) {
    button.addEventListener("click", () => doing(advance(button.dataset.advance)));
  }
}
