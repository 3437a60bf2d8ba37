// What the page asks of the server that it came from.

const TRIES = 5;
const AGAIN = 700; // milliseconds until a server that is busy is asked again

async function asked(path, body, signal) {
  const options = body ? { method: "POST", body: JSON.stringify(body), signal } : { signal };
  for (let left = TRIES; ; left -= 1) {
    let response;
    try {
      response = await fetch(path, options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error("The server does not answer. Is it still running?");
    }
    if (response.ok) return response;
    if (response.status !== 503 || left <= 1) throw new Error(await told(response));
    await new Promise((resolve) => { setTimeout(resolve, AGAIN); });
    signal?.throwIfAborted();
  }
}

async function told(response) {
  try {
    return (await response.json()).error;
  } catch {
    return `The server answered with ${response.status}.`;
  }
}

/** Returns the models that there are. */
export async function models() {
  return (await (await asked("/zoo/models")).json()).models;
}

/** Returns the answer to one input. */
export async function answer(...asked) {
  return (await answers(...asked))[0];
}

/** Returns the answers to one input, of which a table with several series has one each. */
export async function answers(model, input, signature, signal, settings = {}) {
  const body = { inputs: [input], signature: model.signatures.includes(signature) ? signature : "", ...settings };
  const response = await asked(`/zoo/models/${encodeURIComponent(model.name)}`, body, signal);
  return (await response.json()).rows;
}

/** Yields what a generator writes after a prompt. */
export async function* stream(model, prompt, settings, signal) {
  const path = `/zoo/models/${encodeURIComponent(model.name)}/stream`;
  const reader = (await asked(path, { prompt, ...settings }, signal)).body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}
