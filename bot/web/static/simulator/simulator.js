// The sandbox page: shows what the doors tell, and posts what people do. Nothing is kept here.

import {
  day, effects, EVENTS, FLAGS, HINTS, hour, make, MARKS, moment, NEXT, phoneText, spaced, STATES, STEPS, whole,
} from "./words.js";
import { byId, pick, showParts } from "./parts.js";

let people = [];
let chosen = null;
let clock = { at: 0, seen: 0 };
let isBusy = false;

// --- The doors

async function call(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(`/simulator/${path}`, options).catch(() => null);
  if (!answer) throw new Error("The sandbox does not answer. Is it still running?");
  const told = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(told?.error ?? `The sandbox answered with an error (${answer.status}).`);
  return told;
}

async function doing(work) {
  if (isBusy) return;
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
}

function setBusy(busy) {
  isBusy = busy;
  document.body.setAttribute("aria-busy", String(busy));
}

// --- Showing

async function refresh() {
  const shownFor = chosen;
  const [list, screen, standing, time] = await Promise.all([
    call("customers"), call(`phones/${encodeURIComponent(shownFor.phone)}`),
    call(`customers/${encodeURIComponent(shownFor.customer)}`), call("clock"),
  ]);
  if (shownFor !== chosen) return;
  showPeople(list);
  showTime(time);
  showTalk("sms", screen);
  showTalk("telegram", screen);
  showJourney(standing);
  showReasons(standing.why);
}

function showPeople(list) {
  const labels = list.map((p) => `${phoneText(p.phone)} · ${p.language} · ${spaced(p.state)}`);
  const select = byId("customer");
  if (select.options.length !== list.length) select.replaceChildren(...list.map((p) => make("option", { value: p.customer })));
  labels.forEach((label, n) => { if (select.options[n].textContent !== label) select.options[n].textContent = label; });
  people = list;
}

function showTime(time) {
  clock = { at: Date.parse(time.now), seen: performance.now() };
  byId("next").textContent = time.next ? `next due ${moment(time.next)}` : "nothing is due";
  tick();
}

function tick() {
  const now = new Date(clock.at + (performance.now() - clock.seen));
  byId("now").textContent = `${day.format(now)}, ${hour.format(now)}`;
  byId("now").dateTime = now.toISOString();
}

function showJourney(standing) {
  const { streak } = standing;
  const flags = standing.flags.map((flag) => FLAGS[flag] ?? spaced(flag));
  const months = standing.state === "streak" ? `, ${streak.done} of ${streak.months} done` : "";
  byId("state").textContent = [`${STATES[standing.state] ?? standing.state}${months}`, ...flags].join(" · ");
  const next = standing.next;
  byId("upcoming").textContent = next ? `Then: ${NEXT[next.what] ?? spaced(next.what)}, ${moment(next.at)}` : "";
  const credits = new Map(standing.credits.map((credit) => [credit.step, credit]));
  byId("rail").replaceChildren(...standing.rewards.map(([step, megabytes]) => showStep(step, megabytes, credits.get(step), streak)));
  const credited = standing.credits.filter((c) => c.state === "confirmed").reduce((sum, c) => sum + c.megabytes, 0);
  const total = standing.rewards.reduce((sum, [, megabytes]) => sum + megabytes, 0);
  byId("credited").textContent = whole.format(credited);
  byId("of-total").textContent = `of ${whole.format(total)} MB credited`;
}

function showStep(step, megabytes, credit, streak) {
  const mark = credit ? MARKS[credit.state] ?? "being booked" : "open";
  const name = step === "streak" ? `${streak.months} ${STEPS.streak}` : STEPS[step] ?? spaced(step);
  const item = make("li", { class: `step ${step}`, "data-mark": mark.replace(" ", "-") },
    make("span", { class: "tick", "aria-hidden": "true" }), make("span", { class: "name" }, name),
    make("span", { class: "worth" }, `+${whole.format(megabytes)} MB`), make("span", { class: "mark" }, mark));
  if (step !== "streak") return item;
  const blocks = Array.from({ length: streak.months }, (_, n) => {
    const how = n < streak.done ? "full" : n === streak.done && streak.start ? "now" : "";
    return make("i", { class: how });
  });
  item.append(make("span", { class: "months", role: "img", "aria-label": `${streak.done} of ${streak.months} months done` }, ...blocks));
  return item;
}

function showReasons(why) {
  byId("no-reasons").hidden = why.length > 0;
  const list = byId("reasons");
  if (list.dataset.for === chosen.customer && Number(list.dataset.rows) === why.length) return;
  Object.assign(list.dataset, { for: chosen.customer, rows: why.length });
  list.replaceChildren(...why.toReversed().map((reason) => make("li", {},
    make("time", { datetime: reason.at }, moment(reason.at)), make("b", {}, EVENTS[reason.event] ?? spaced(reason.event)),
    make("span", {}, effects(reason.effect)))));
}

// --- The phones

function showTalk(channel, screen) {
  const list = byId(`talk-${channel}`);
  const messages = screen.filter((message) => message.channel === channel);
  const isSwitched = list.dataset.for !== chosen.customer;
  // Another customer's whole talk is no news to be read out.
  list.parentElement.setAttribute("aria-live", isSwitched ? "off" : "polite");
  if (isSwitched) list.replaceChildren();
  list.dataset.for = chosen.customer;
  const grown = placeMessages(list, messages);
  if (channel === "telegram") showBlank(messages, screen);
  if (grown) list.parentElement.scrollTop = list.parentElement.scrollHeight;
}

function placeMessages(list, messages) {
  const known = new Map([...list.children].map((node) => [node.dataset.id, node]));
  let before = "", grown = false;
  messages.forEach((message, n) => {
    const today = day.format(new Date(message.at));
    const stamp = JSON.stringify([message.text, message.at, message.buttons, today !== before]);
    let node = known.get(String(message.id));
    known.delete(String(message.id));
    if (node?.dataset.stamp !== stamp) {
      const fresh = showMessage(message, today !== before && today);
      Object.assign(fresh.dataset, { id: message.id, stamp });
      node?.replaceWith(fresh);
      [node, grown] = [fresh, true];
    }
    if (list.children[n] !== node) list.insertBefore(node, list.children[n] ?? null);
    before = today;
  });
  known.forEach((node) => node.remove());
  return grown;
}

function showMessage(message, today) {
  const { is_tap: isTap, direction } = message;
  const said = isTap ? "You tapped " : message.direction === "in" ? "You wrote: " : "";
  const words = direction === "in" && message.text.startsWith("/start ") ? "/start" : message.text;
  const text = message.markup ? marked(message.markup) : linked(words);
  const bubble = make("div", { class: "bubble" }, make("span", { class: "unseen" }, said), ...text,
    make("time", { datetime: message.at }, `${message.is_edited ? "edited " : ""}${hour.format(new Date(message.at))}`));
  const buttons = message.buttons.map((label) => make("button", { type: "button", onclick: () => tap(label, message.links[label]) }, label));
  const keys = buttons.length ? [make("div", { class: "keys", role: "group", "aria-label": "Buttons" }, ...buttons)] : [];
  const rule = today ? [make("p", { class: "day" }, today)] : [];
  return make("li", { class: `${direction}${isTap ? " tap" : ""}` }, ...rule, bubble, ...keys);
}

function linked(text) {
  return text.split(/(https?:\/\/\S+[^\s.,;:!?)])/).map((piece, n) => {
    if (n % 2 === 0) return piece;
    return isStart(piece) ? make("button", { type: "button", class: "link", onclick: () => play(piece) }, piece) : make("span", { class: "link" }, piece);
  });
}

const isStart = (link) => /[?&]start=/.test(link);

function marked(markup) {
  const safe = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return linked(node.data);
    const children = [...node.childNodes].flatMap(safe);
    if (node.nodeName === "A") return [make("span", { class: "link", title: node.getAttribute("href") }, ...children)];
    return ["B", "STRONG", "I", "EM", "U", "S", "CODE"].includes(node.nodeName) ? [make(node.nodeName, {}, ...children)] : children;
  };
  return safe(new DOMParser().parseFromString(markup, "text/html").body);
}

function showBlank(messages, screen) {
  const links = screen.flatMap((m) => m.channel === "sms" && m.direction === "out" ? m.text.match(/https?:\/\/\S+[?&]start=[\w-]+/g) ?? [] : []);
  byId("blank").hidden = messages.length > 0;
  byId("open-link").hidden = links.length === 0;
  byId("open-link").onclick = () => play(links.at(-1));
}

function showHints() {
  for (const channel of ["sms", "telegram"]) {
    const words = HINTS[chosen.language] ?? HINTS.en;
    byId(`hints-${channel}`).replaceChildren(...words.map((word) => make("button", { type: "button", onclick: () => say(channel, word) }, word)));
  }
}

// --- What people do

const say = (channel, text) => doing(() => call(channel, { from: chosen.phone, text }));

function play(link) {
  pick("telegram");
  return say("telegram", link);
}

function tap(label, url) {
  return doing(async () => {
    await call("telegram", { from: chosen.phone, button: label });
    if (url) byId("note").textContent = `This button leads to ${url}. In the sandbox, report below what the customer did there.`;
  });
}

function report(button) {
  const { event, reason } = button.dataset;
  return doing(async () => {
    const body = { type: event, customer: chosen.customer, data: reason ? { reason_code: reason } : {} };
    const { result, why } = await call("events", body);
    byId("note").textContent = `${button.textContent}: ${spaced(result)}. ${why}`;
  });
}

function advance(length) {
  return doing(async () => {
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
  });
}

function choose(customer) {
  chosen = people.find((person) => person.customer === customer) ?? people[0];
  byId("customer").value = chosen.customer;
  byId("number").textContent = phoneText(chosen.phone);
  byId("story").href = `/simulator/story/${encodeURIComponent(chosen.phone)}`;
  byId("note").textContent = "";
  history.replaceState(null, "", `#${chosen.customer}`);
  showHints();
}

// --- The beginning

async function begin() {
  showParts();
  for (const button of document.querySelectorAll("[data-event]")) button.addEventListener("click", () => report(button));
  for (const button of document.querySelectorAll("[data-advance]")) button.addEventListener("click", () => advance(button.dataset.advance));
  for (const form of document.forms) form.addEventListener("submit", (event) => {
    event.preventDefault();
    const input = form.querySelector("input"), text = input.value.trim();
    if (!text || isBusy) return;
    input.value = "";
    say(form.dataset.channel, text);
  });
  byId("customer").addEventListener("change", (event) => doing(async () => choose(event.target.value)));
  await doing(async () => {
    const list = await call("customers");
    if (!list.length) throw new Error("There are no customers yet. Import some with: statthotline invite FILE.csv");
    showPeople(list);
    choose(location.hash.slice(1));
  });
  setInterval(tick, 1000);
  // A credit is booked, and a lane sends, without anybody pressing anything.
  setInterval(() => { if (!document.hidden && !isBusy && chosen) refresh().catch(() => {}); }, 2000);
}

begin();
