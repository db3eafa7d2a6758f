// Tells the server which ranges of the film were really played. What counts, the server decides;
// this only never claims more than it may: twice the time since the server last answered.

const EVERY_MS = 4000;
const POLL_MS = 1500;
const FASTEST = 2;
const LONGEST_GAP_MS = 9500;

const at = (id) => document.getElementById(id);
const film = at("film");

if (film) {
  at("no-script").hidden = true;
  const said = at("said").dataset;
  const durationMs = Number(film.dataset.durationMs);
  let heardAt = null; // when the server last answered
  let isAsking = false;
  let isDone = film.dataset.hasWatched === "yes";
  let watched = []; // what the server believes

  const say = (words) => {
    if (at("said").textContent !== words) at("said").textContent = words;
  };

  const played = () => {
    const ranges = [];
    for (let n = 0; n < film.played.length; n += 1) {
      const begins = Math.max(0, Math.ceil(film.played.start(n) * 1000));
      const ends = Math.min(durationMs, Math.floor(film.played.end(n) * 1000));
      if (ends > begins) ranges.push([begins, ends]);
    }
    return ranges;
  };

  const without = (ranges, known) => {
    let left = ranges;
    for (const [from, until] of known) {
      left = left.flatMap(([begins, ends]) => [
        [begins, Math.min(ends, from)],
        [Math.max(begins, until), ends],
      ].filter(([first, last]) => last > first));
    }
    return left;
  };

  const claim = () => {
    if (heardAt === null) return [];
    let room = FASTEST * Math.min(performance.now() - heardAt, LONGEST_GAP_MS);
    const ranges = [];
    for (const [begins, ends] of without(played(), watched)) {
      const until = Math.min(ends, Math.floor(begins + room));
      if (until <= begins) break;
      ranges.push([begins, until]);
      room -= until - begins;
    }
    return ranges;
  };

  const body = () => JSON.stringify({
    film: film.dataset.film,
    ranges: claim().map((range) => range.map((ms) => ms / 1000)),
  });

  const show = (answer) => {
    const percent = Math.min(100, Math.floor(answer.share * 100));
    at("share").value = percent;
    at("percent").textContent = at("percent").dataset.words.replace("{percent}", percent);
    isDone = answer.is_done;
    if (isDone) {
      at("done").hidden = false;
      at("watched").hidden = true;
      say(said.enough);
    } else {
      const isWaiting = without(played(), watched).length > 0;
      say(film.ended && !isWaiting ? said.ahead : "");
    }
  };

  const report = async () => {
    if (isAsking || isDone) return;
    isAsking = true;
    try {
      const answer = await fetch(film.dataset.report, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: body(),
        signal: AbortSignal.timeout(10000),
      });
      if (answer.ok) {
        const told = await answer.json();
        heardAt = performance.now();
        watched = told.watched;
        show(told);
      } else if (answer.status === 409) {
        say(said.changed);
      } else {
        say(said.lost);
      }
    } catch {
      say(said.lost);
    } finally {
      isAsking = false;
    }
  };

  const isBusy = () => !film.paused || without(played(), watched).length > 0;

  // A page that goes away cannot wait for an answer.
  const leave = () => {
    if (isDone || isAsking || heardAt === null || claim().length === 0) return;
    navigator.sendBeacon(film.dataset.report, new Blob([body()], { type: "application/json" }));
    heardAt = performance.now();
  };

  film.addEventListener("play", report);
  film.addEventListener("pause", report);
  film.addEventListener("ended", report);
  film.addEventListener("ratechange", () => {
    if (film.playbackRate > FASTEST) film.playbackRate = FASTEST;
  });
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") leave();
  });
  setInterval(() => {
    if (heardAt !== null && isBusy()) report();
  }, EVERY_MS);

  // A film that is still being drawn is put on the stage when it is there.
  const wait = async () => {
    const answer = await fetch(`${film.dataset.name}.mp4`, { method: "HEAD" }).catch(() => null);
    if (answer && answer.ok) {
      film.poster = `${film.dataset.name}.jpg`;
      film.src = `${film.dataset.name}.mp4`;
      at("drawing").hidden = true;
      at("stage").hidden = false;
    } else if (answer && answer.status === 404) {
      location.reload(); // it could not be drawn: the page shows another one
    } else {
      setTimeout(wait, POLL_MS);
    }
  };
  if (at("stage").hidden) wait();
}
