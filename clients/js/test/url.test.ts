import assert from "node:assert/strict";
import { test } from "node:test";
import { type HostOptions, parseUrl, type Target } from "../src/url.js";

const PAGE = { protocol: "https:", host: "page.example:8443" };

function check(uri: string | undefined, expected: Partial<Target>, page?: { protocol: string; host: string }): void {
  const target = parseUrl(uri, {}, page);
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(target[key as keyof Target], value, uri);
}

test("a whole address names scheme, host, port, namespace and query", () => {
  check("https://example.com:8080/admin?token=a%20b&x=1", {
    secure: true,
    hostname: "example.com",
    port: "8080",
    namespace: "/admin",
    query: { token: "a b", x: "1" },
    id: "https://example.com:8080",
  });
});

test("usual ports are written out, so equal servers have equal ids", () => {
  check("http://example.com", { hostname: "example.com", port: "80", namespace: "/", id: "http://example.com:80" });
  check("ws://example.com:80/", { hostname: "example.com", port: "80", id: "http://example.com:80" });
  check("wss://example.com", { hostname: "example.com", port: "443", secure: true, id: "https://example.com:443" });
});

test("an address without a host is the page's", () => {
  check("/chat", { hostname: "page.example", port: "8443", secure: true, namespace: "/chat" }, PAGE);
  check(undefined, { hostname: "page.example", port: "8443", secure: true, namespace: "/" }, PAGE);
});

test("an address without a scheme takes the page's, and https where there is no page", () => {
  check(
    "other.example:3000/x",
    { hostname: "other.example", port: "3000", secure: false },
    { protocol: "http:", host: "p" },
  );
  check("//other.example/x", { hostname: "other.example", port: "443", secure: true, namespace: "/x" }, PAGE);
  check("localhost:3000", { hostname: "localhost", port: "3000", secure: true });
});

test("where there is no page, no address means this machine", () => {
  check(undefined, { hostname: "localhost", port: "80", secure: false, namespace: "/" });
  check("/ns", { hostname: "localhost", port: "80", secure: false, namespace: "/ns" });
});

test("an IPv6 host keeps its brackets", () => {
  check("http://[::1]:3000/ns", { hostname: "[::1]", port: "3000", namespace: "/ns" });
});

test("a namespace is not encoded or normalised", () => {
  check("http://h/räume/../x y", { namespace: "/räume/../x y" });
});

test("what is no address is refused", () => {
  assert.throws(() => parseUrl("http://exa mple"), TypeError);
});

test("options name the host where there is no address", () => {
  const parsed = (options: HostOptions, page?: typeof PAGE) => {
    const { secure, hostname, port } = parseUrl(undefined, options, page);
    return [secure, hostname, port];
  };
  assert.deepEqual(parsed({ hostname: "h" }, PAGE), [true, "h", "443"]);
  assert.deepEqual(parsed({ host: "h", port: 3000 }), [false, "h", "3000"]);
  assert.deepEqual(parsed({ hostname: "::1", port: "3000" }), [false, "[::1]", "3000"]);
  assert.deepEqual(parsed({ port: 3000 }, PAGE), [true, "page.example", "3000"]);
  assert.deepEqual(parsed({ hostname: "h", secure: true }), [true, "h", "443"]);
  assert.equal(parseUrl("http://a", { hostname: "b", port: 1, secure: true }).id, "http://a:80");
});
