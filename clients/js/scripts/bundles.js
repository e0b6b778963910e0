// The bundles: of which entry and which kit each is made, and how large it may be.

/** `budget`: bytes after gzip -9. `official`: the size of what the official client has for the same, version 4.8.4. */
export const BUNDLES = [
  {
    name: "socket.io.esm.min.js",
    entry: "index",
    kit: "browser",
    format: "esm",
    minify: true,
    budget: 8_000,
    official: 12_867,
  },
  {
    name: "socket.io.websocket.esm.min.js",
    entry: "websocket",
    kit: "browser-websocket",
    format: "esm",
    minify: true,
    budget: 6_200,
    official: 12_867,
  },
  { name: "socket.io.msgpack.esm.min.js", entry: "index", kit: "browser-msgpack", format: "esm", minify: true },
  {
    name: "socket.io.min.js",
    entry: "umd",
    kit: "browser",
    format: "iife",
    minify: true,
    budget: 9_000,
    official: 14_746,
  },
  {
    name: "socket.io.msgpack.min.js",
    entry: "umd",
    kit: "browser-msgpack",
    format: "iife",
    minify: true,
    official: 15_319,
  },
  { name: "socket.io.js", entry: "umd", kit: "browser", format: "iife", official: 37_049 },
  { name: "node.js", entry: "node", kit: "node", format: "esm", platform: "node" },
  { name: "node.cjs", entry: "node", kit: "node", format: "cjs", platform: "node" },
  { name: "node-websocket.js", entry: "node", kit: "node-websocket", format: "esm", platform: "node" },
  { name: "node-websocket.cjs", entry: "node", kit: "node-websocket", format: "cjs", platform: "node" },
  { name: "node-msgpack.js", entry: "node", kit: "node-msgpack", format: "esm", platform: "node" },
  { name: "node-msgpack.cjs", entry: "node", kit: "node-msgpack", format: "cjs", platform: "node" },
];

/** How terser makes smaller what esbuild leaves: by a twentieth. */
export const minifyOf = ({ format }) => ({
  ecma: 2020,
  module: format === "esm",
  toplevel: true,
  // `pure_getters` would be smaller and wrong: `writable` of a transport is one, and is read before its state changes.
  compress: {
    passes: 3,
    unsafe: true,
    unsafe_arrows: true,
    // What is alike compresses better than what is short.
    inline: 1,
    sequences: false,
    hoist_funs: true,
  },
});

/** Names that begin with `_` are for the client itself, and shortened; these are not, for they are data. */
export const MANGLED = { mangleProps: /^_/, reserveProps: /^_placeholder$/ };

/** How esbuild makes a bundle. */
export function optionsOf({ entry, kit, format, platform = "browser", minify = false }, root) {
  return {
    absWorkingDir: root,
    entryPoints: [`src/${entry}.ts`],
    alias: { "#kit": `./src/kits/${kit}.ts` },
    define: { POLLING: `${!kit.endsWith("websocket")}` },
    bundle: true,
    format,
    platform,
    minify,
    ...(minify && MANGLED),
    target: "es2022",
    sourcemap: true,
    // Nothing of Node's is imported by what is not for Node.
    ...(platform === "node" && { packages: "external" }),
    // A script looks for `module` on purpose.
    logOverride: { "commonjs-variable-in-esm": "silent" },
  };
}
