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
            let mut answer =
                typed(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=UTF-8", "Method Not Allowed");
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|tags| is_known(tags.as_bytes()));
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

/// Whether a list of tags names the present files. Weak tags compare like strong ones here (RFC 9110 § 13.1.2).
fn is_known(tags: &[u8]) -> bool {
    tags.split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .any(|tag| tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == ETAG.as_bytes())
}
