//! The browser client, built into the server and served beside it.

use super::compression::{Compressed, Encoded};
use super::{Answer, typed};
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode};

/// One file of the client.
pub(super) struct File {
    name: &'static str,
    content: &'static [u8],
    content_type: &'static str,
    encoded: Encoded,
}

const SCRIPT: &str = "application/javascript; charset=utf-8";
const MAP: &str = "application/json; charset=utf-8";

macro_rules! files {
    ($($name:literal $kind:ident),* $(,)?) => {
        [$(File { name: $name, content: include_bytes!(concat!("../../client/", $name)), content_type: $kind, encoded: Encoded::new() }),*]
    };
}

static FILES: [File; 8] = files![
    "socket.io.js" SCRIPT,
    "socket.io.js.map" MAP,
    "socket.io.min.js" SCRIPT,
    "socket.io.min.js.map" MAP,
    "socket.io.msgpack.min.js" SCRIPT,
    "socket.io.msgpack.min.js.map" MAP,
    "socket.io.esm.min.js" SCRIPT,
    "socket.io.esm.min.js.map" MAP,
];

/// The version is the tag: a new one is a new set of files.
const ETAG: &str = concat!("\"", env!("CARGO_PKG_VERSION"), "\"");

pub(super) fn find(path: &str, mount: &str) -> Option<&'static File> {
    let name = path.strip_prefix(mount)?.strip_prefix('/')?;
    FILES.iter().find(|file| file.name == name)
}

impl File {
    pub(super) fn answer(
        &self,
        method: &Method,
        headers: &HeaderMap,
        compressed: Option<Compressed>,
    ) -> Answer {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return typed(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=UTF-8", "Method Not Allowed");
        }
        let known = headers
            .get(header::IF_NONE_MATCH)
            .is_some_and(|tag| tag == ETAG || tag == concat!("W/\"", env!("CARGO_PKG_VERSION"), "\""));
        let mut answer = if known {
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            answer
        } else {
            let plain = typed(StatusCode::OK, self.content_type, Bytes::from_static(self.content));
            match compressed {
                Some(compressed) => compressed.file(plain, &self.encoded),
                None => plain,
            }
        };
        let into = answer.headers_mut();
        into.insert(header::ETAG, HeaderValue::from_static(ETAG));
        if compressed.is_some() {
            into.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        into.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=0"));
        answer
    }
}
