//! Stands for `socket.io-client` in the page: whichever client its first script made global.

export const { Manager } = globalThis.io;
