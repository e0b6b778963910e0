// Polling by `fetch`, which is there in pages, in workers of every kind, and in Node.

import { type PollingRequest, pollingBy } from "./polling.js";
import { MAX_ERROR_BODY, type TransportFactory } from "./transport.js";

/** Polling by `fetch`. Its failures are `fetch read error` and `fetch write error`. */
export const Fetch: TransportFactory = /* @__PURE__ */ pollingBy(request, "fetch read error", "fetch write error");

function request({ url, body, options, limit, done, failed }: PollingRequest): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  const run = async () => {
    const context = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      body: body ?? null,
      cache: "no-store",
      credentials: options.withCredentials ? "include" : "same-origin",
      // A body that is a string has the type `text/plain;charset=UTF-8` already.
      headers: options.extraHeaders ?? {},
      signal,
    });
    const { ok, status } = context;
    const most = ok ? limit : MAX_ERROR_BODY;
    const text = await readText(context, most);
    if (signal.aborted) return;
    if (ok && text.length <= most) return done(text);
    abort.abort();
    failed({ description: status, status, context, body: text.slice(0, MAX_ERROR_BODY) });
  };
  run().catch((description) => signal.aborted || failed({ description }));
  return () => abort.abort();
}

/** The text of an answer, or of its beginning when that is longer than `limit` characters. */
async function readText({ body }: Response, limit: number): Promise<string> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (reader && text.length <= limit) {
    const { value } = await reader.read();
    if (!value) break;
    text += decoder.decode(value, { stream: true });
  }
  return text;
}
