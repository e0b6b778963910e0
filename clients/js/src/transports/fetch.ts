// Polling by `fetch`, which is there in pages, in workers of every kind, and in Node.

import { type PollingRequest, pollingBy } from "./polling.js";
import { MAX_ERROR_BODY, type TransportFactory } from "./transport.js";

/** Polling by `fetch`. Its failures are `fetch read error` and `fetch write error`. */
export const Fetch: TransportFactory = /* @__PURE__ */ pollingBy(request, "fetch read error", "fetch write error");

function request({ url, body, options, limit, done, failed }: PollingRequest): () => void {
  const abort = new AbortController();
  const run = async () => {
    const context = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      body: body ?? null,
      cache: "no-store",
      credentials: options.withCredentials ? "include" : "same-origin",
      headers: {
        ...(body !== undefined && { "content-type": "text/plain;charset=UTF-8" }),
        ...options.extraHeaders,
      },
      signal: abort.signal,
    });
    const { ok, status } = context;
    const text = await readText(context, ok ? limit : MAX_ERROR_BODY);
    if (abort.signal.aborted) return;
    if (ok) done(text);
    else failed({ description: status, status, context, body: text });
  };
  run().catch((error) => {
    if (!abort.signal.aborted) failed({ description: error });
  });
  return () => abort.abort();
}

/** The text of an answer; one that is longer than it may be is an error. */
async function readText(response: Response, limit: number): Promise<string> {
  if (limit > 1e9) return response.text();
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
    text += decoder.decode(chunk.value, { stream: true });
    if (text.length > limit) {
      reader?.cancel();
      if (response.ok) throw new Error("answer too long");
      return text.slice(0, limit);
    }
  }
  return text;
}
