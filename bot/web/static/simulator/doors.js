// The sandbox' doors, as the pages call them: JSON in, JSON out, and one sentence if it fails.

export async function call(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(`/simulator/${path}`, options).catch(() => null);
  if (!answer) throw new Error("The sandbox does not answer. Is it still running?");
  const told = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(told?.error ?? `The sandbox answered with an error (${answer.status}).`);
  return told;
}
