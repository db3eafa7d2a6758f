// The managers' page: their chats side by side, so that four eyes can be tried with two hands.

import { oneAtATime } from "./acting.js";
import { call } from "./doors.js";
import { byId, pick, showParts } from "./parts.js";
import { placeMessages } from "./talk.js";
import { showTime, startClock } from "./time.js";
import { make } from "./words.js";

const COMMANDS = ["/help", "/broadcast", "/stats", "/credits", "/questions"];
const LARGEST = 20_000_000; // bytes; Telegram hands a bot no larger file

const { doing, inTurn, isBusy } = oneAtATime(() => refresh());

async function refresh() {
  const [managers, time] = await Promise.all([call("managers"), call("clock")]);
  for (const manager of managers) showChat(manager);
  showTime(time);
}

function showChat(manager) {
  const part = byId(`part-${manager.role}`), list = part.querySelector(".talk");
  part.querySelector(".blank").hidden = manager.messages.length > 0;
  const grown = placeMessages(list, manager.messages, {
    tap: (label, url) => tap(manager, label, url),
    open: (link) => { byId("note").textContent = `This leads to ${link}.`; },
  });
  if (grown) list.parentElement.scrollTop = list.parentElement.scrollHeight;
}

const sending = (manager, told) => () => call("manager", { from: manager.id, ...told });
const send = (manager, told) => doing(sending(manager, told));

function tap(manager, label, url) {
  if (url) byId("note").textContent = `This button leads to ${url}.`;
  return send(manager, { button: label });
}

async function attach(manager, input) {
  const [file] = input.files;
  input.value = "";
  if (!file) return;
  if (file.size > LARGEST) byId("error").textContent = `${file.name} is larger than 20 MB, which is all that a bot may fetch.`;
  else await send(manager, { document: { name: file.name, text: await file.text() } });
}

function furnish(manager) {
  const part = byId(`part-${manager.role}`);
  part.querySelector("header p").textContent = `${manager.name}, ${manager.role}`;
  part.querySelector(".hints").replaceChildren(...COMMANDS.map((word) =>
    make("button", { type: "button", onclick: () => send(manager, { text: word }) }, word)));
  const form = part.querySelector("form"), file = part.querySelector("input[type=file]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const input = form.querySelector("input:not([type=file])"), text = input.value.trim();
    if (!text) return;
    input.value = "";
    inTurn(sending(manager, { text }));
  });
  file.addEventListener("change", () => attach(manager, file));
}

async function begin() {
  showParts();
  startClock(doing);
  await doing(async () => (await call("managers")).forEach(furnish));
  pick("manager");
  // A broadcast moves on without anybody pressing anything.
  setInterval(() => { if (!document.hidden && !isBusy()) refresh().catch(() => {}); }, 2000);
}

begin();
