// Polling by `XMLHttpRequest`, as the official client does on a page.

import { type PollingRequest, pollingBy } from "./polling.js";
import { MAX_ERROR_BODY, type TransportFactory } from "./transport.js";

/** Polling by `XMLHttpRequest`. Its failures are `xhr poll error` and `xhr post error`. */
export const XHR: TransportFactory = /* @__PURE__ */ pollingBy(request, "xhr poll error", "xhr post error");

function request({ url, body, options, limit, done, failed }: PollingRequest): () => void {
  const xhr = new XMLHttpRequest();
  const fail = () => {
    const { status } = xhr;
    failed({
      description: status || new Error("no answer"),
      context: xhr,
      ...(status && { status, body: xhr.responseText.slice(0, MAX_ERROR_BODY) }),
    });
  };
  xhr.open(body === undefined ? "GET" : "POST", url);
  if (body !== undefined) xhr.setRequestHeader("content-type", "text/plain;charset=UTF-8");
  for (const [name, value] of Object.entries(options.extraHeaders ?? {})) xhr.setRequestHeader(name, value);
  xhr.withCredentials = !!options.withCredentials;
  xhr.onload = () => (xhr.status === 200 ? done(xhr.responseText) : fail());
  xhr.onerror = fail;
  xhr.onprogress = ({ loaded }) => {
    if (loaded <= limit) return;
    end();
    failed({ description: new Error("answer too long"), context: xhr });
  };
  const end = () => {
    xhr.onload = xhr.onerror = xhr.onprogress = null;
    xhr.abort();
  };
  xhr.send(body ?? null);
  return end;
}
