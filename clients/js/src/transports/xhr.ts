// Polling by `XMLHttpRequest`, as the official client does on a page.

import { type PollingRequest, pollingBy } from "./polling.js";
import { MAX_ERROR_BODY, type TransportFactory } from "./transport.js";

/** Polling by `XMLHttpRequest`. Its failures are `xhr poll error` and `xhr post error`. */
export const XHR: TransportFactory = /* @__PURE__ */ pollingBy(request, "xhr poll error", "xhr post error");

function request({ url, body, options, limit, done, failed }: PollingRequest): () => void {
  const xhr = new XMLHttpRequest();
  const end = () => {
    xhr.onreadystatechange = xhr.onprogress = null;
    xhr.abort();
  };
  const fail = () => {
    const { status, responseText } = xhr;
    end();
    failed({ description: status, status, context: xhr, body: responseText.slice(0, MAX_ERROR_BODY) });
  };
  xhr.open(body === undefined ? "GET" : "POST", url);
  // A body that is a string has the type `text/plain;charset=UTF-8` already.
  for (const [name, value] of Object.entries(options.extraHeaders ?? {})) xhr.setRequestHeader(name, value);
  xhr.withCredentials = !!options.withCredentials;
  xhr.onreadystatechange = () => {
    if (xhr.readyState === 4) xhr.status === 200 ? done(xhr.responseText) : fail();
  };
  xhr.onprogress = ({ loaded }) => {
    if (loaded > limit) fail();
  };
  xhr.send(body ?? null);
  return end;
}
