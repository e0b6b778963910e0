// Polling by `node:http`: with certificates, agents, cookies and any header, which the `fetch` of Node does not have.
// Redirects are not followed: what is secret goes to the server that the application named, or to none.

import * as http from "node:http";
import * as https from "node:https";
import { type PollingRequest, pollingBy } from "../transports/polling.js";
import { MAX_ERROR_BODY, type TransportFactory } from "../transports/transport.js";
import { jarOf } from "./cookies.js";
import { requestOptions } from "./options.js";

/** Polling by `node:http`. Its failures are `xhr poll error` and `xhr post error`, as those of the official client. */
export const XHR: TransportFactory = pollingBy(request, "xhr poll error", "xhr post error");

function request(asked: PollingRequest): () => void {
  const { url, body, options, owner } = asked;
  const jar = options.withCredentials ? jarOf(owner) : undefined;
  const cookie = jar?.header();
  const headers: http.OutgoingHttpHeaders = { accept: "*/*" };
  if (body !== undefined) headers["content-type"] = "text/plain;charset=UTF-8";
  if (body !== undefined) headers["content-length"] = Buffer.byteLength(body);
  if (cookie) headers.cookie = cookie;
  const { request: start } = url.startsWith("https") ? https : http;
  const method = body === undefined ? "GET" : "POST";
  let ended = false;
  let under: http.ClientRequest;

  const run = () => {
    const sent = start(url, { method, ...requestOptions(options), headers: { ...headers, ...options.extraHeaders } });
    under = sent;
    sent.on("response", (response) => {
      jar?.store(response.headers["set-cookie"]);
      read(asked, response, () => ended);
    });
    sent.on("error", (error: Error & { code?: string }) => {
      if (ended) return;
      // The server had closed a connection that was kept for the next request: it has not seen this one.
      if (sent.reusedSocket && error.code === "ECONNRESET") run();
      else asked.failed({ description: error, context: sent });
    });
    if (options.autoUnref) sent.on("socket", (socket) => socket.unref());
    sent.end(body);
  };

  run();
  return () => {
    ended = true;
    under.destroy();
  };
}

function read({ limit, done, failed }: PollingRequest, response: http.IncomingMessage, ended: () => boolean): void {
  const { statusCode: status = 0 } = response;
  const chunks: Buffer[] = [];
  let length = 0;
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= (status === 200 ? limit : MAX_ERROR_BODY)) return;
    if (status === 200) response.destroy(new Error("answer too long"));
    else response.emit("end");
  });
  response.on("end", () => {
    if (ended()) return;
    const text = Buffer.concat(chunks).toString();
    if (status === 200) done(text);
    else {
      const body = text.slice(0, MAX_ERROR_BODY);
      // What an XMLHttpRequest would have, for whoever looks there.
      failed({ description: status, status, body, context: Object.assign(response, { status, responseText: body }) });
    }
  });
  response.on("error", (error) => {
    if (!ended()) failed({ description: error, context: response });
  });
}
