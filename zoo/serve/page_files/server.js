// What the page asks of the server that it came from.

async function asked(path, body, signal) {
  const options = body ? { method: "POST", body: JSON.stringify(body), signal } : { signal };
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is it still running?");
  }
  if (response.ok) return response;
  let told;
  try {
    told = (await response.json()).error;
  } catch {
    told = `The server answered with ${response.status}.`;
  }
  throw new Error(told);
}

/** Returns the models that there are. */
export async function models() {
  return (await (await asked("/zoo/models")).json()).models;
}

/** Returns the answer to one input. */
export async function answer(model, input, signature, signal) {
  const path = `/zoo/models/${encodeURIComponent(model)}`;
  const response = await asked(path, { inputs: [input], signature }, signal);
  return (await response.json()).rows[0];
}

/** Yields what a generator writes after a prompt. */
export async function* stream(model, prompt, settings, signal) {
  const path = `/zoo/models/${encodeURIComponent(model)}/stream`;
  const reader = (await asked(path, { prompt, ...settings }, signal)).body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}
