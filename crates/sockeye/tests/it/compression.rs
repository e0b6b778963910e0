//! Bodies in the coding that the client wishes: payloads of polls and files of the browser client. The decoders are those
//! of the libraries that encode; browsers decode in `conformance/interop/browser.mjs`.

use crate::client::{Host, Http, POLLING, Poller, Response, echo_with};
use sockeye::{Server, ServerBuilder};
use std::io::Read;

const FILE: &str = "/socket.io/socket.io.js";

fn decoded(response: &Response) -> String {
    let (mut plain, body) = (String::new(), response.bytes.as_slice());
    match response.header("content-encoding") {
        Some("br") => brotli::Decompressor::new(body, 4096).read_to_string(&mut plain),
        Some("gzip") => flate2::read::GzDecoder::new(body).read_to_string(&mut plain),
        Some("deflate") => flate2::read::ZlibDecoder::new(body).read_to_string(&mut plain),
        None => return response.body.clone(),
        Some(other) => panic!("nobody asked for {other}"),
    }
    .unwrap();
    plain
}

/// A client in the main namespace whose next poll brings a payload of `size` bytes; and that poll's answer.
async fn poll(options: ServerBuilder, accept: Option<&str>, size: usize) -> (String, Response) {
    let host = Host::start(echo_with(options)).await;
    let mut poller: Poller = host.poller().await;
    poller.join().await;
    let packet = format!("42[\"echo\",\"{}\"]", "a".repeat(size - "42[\"echo\",\"\"]".len()));
    poller.send(&packet).await;
    let headers: Vec<_> = accept.map(|accept| ("Accept-Encoding", accept)).into_iter().collect();
    let mut http = Http::connect(host.address).await;
    (packet, http.request("GET", &poller.target(), &headers, b"").await)
}

#[tokio::test]
async fn a_payload_comes_in_the_coding_that_the_client_likes_best() {
    for (accept, coding) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("deflate", "deflate"),
        ("gzip;q=0.5, deflate;q=0.7", "deflate"),
        ("br;q=0, *", "gzip"),
    ] {
        let (packet, answer) = poll(Server::builder(), Some(accept), 4000).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, Some(coding)), "{accept}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=UTF-8"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.bytes.len() < 200);
        assert_eq!(decoded(&answer), packet);
    }
}

#[tokio::test]
async fn a_payload_stays_plain_for_who_wants_no_coding_of_ours() {
    for accept in [None, Some(""), Some("identity"), Some("zstd"), Some("gzip;q=0"), Some("*;q=0")] {
        let (packet, answer) = poll(Server::builder(), accept, 4000).await;
        assert_eq!(answer.header("content-encoding"), None, "{accept:?}");
        answer.is(200, &packet);
    }
}

#[tokio::test]
async fn a_payload_below_the_threshold_stays_plain() {
    for (size, coding) in [(1023, None), (1024, Some("gzip")), (1025, Some("gzip"))] {
        let (packet, answer) = poll(Server::builder(), Some("gzip"), size).await;
        assert_eq!(answer.header("content-encoding"), coding, "{size}");
        assert_eq!(decoded(&answer), packet);
    }
    for (size, coding) in [(99, None), (100, Some("gzip")), (101, Some("gzip"))] {
        let options = Server::builder().http_compression_threshold(100);
        let (packet, answer) = poll(options, Some("gzip"), size).await;
        assert_eq!(answer.header("content-encoding"), coding, "{size}");
        assert_eq!(decoded(&answer), packet);
    }
}

#[tokio::test]
async fn nothing_is_compressed_where_it_is_switched_off() {
    let (packet, answer) = poll(Server::builder().http_compression(false), Some("gzip"), 4000).await;
    assert_eq!(answer.header("content-encoding"), None);
    answer.is(200, &packet);
    let host = Host::start(Server::builder().http_compression(false).build()).await;
    let file = host.http().await.request("GET", FILE, &[("Accept-Encoding", "gzip")], b"").await;
    assert_eq!((file.header("content-encoding"), file.header("vary")), (None, None));
}

#[tokio::test]
async fn a_file_of_the_client_comes_in_each_coding_and_caches_are_told() {
    let host = Host::start(Server::new()).await;
    let mut http = host.http().await;
    let plain = http.get(FILE).await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("Accept-Encoding")));
    for coding in ["br", "gzip", "deflate", "br"] {
        let file = http.request("GET", FILE, &[("Accept-Encoding", coding)], b"").await;
        assert_eq!((file.status, file.header("content-encoding")), (200, Some(coding)));
        assert_eq!(file.header("vary"), Some("Accept-Encoding"));
        assert_eq!(file.header("content-type"), plain.header("content-type"));
        assert_eq!(decoded(&file), plain.body);
        assert!(file.bytes.len() < plain.bytes.len() / 2);
    }
    let tag = plain.header("etag").unwrap();
    let headers = [("Accept-Encoding", "br"), ("If-None-Match", tag)];
    let known = http.request("GET", FILE, &headers, b"").await;
    assert_eq!((known.status, known.bytes.len()), (304, 0));
    assert_eq!((known.header("content-encoding"), known.header("vary")), (None, Some("Accept-Encoding")));
}

#[tokio::test]
async fn a_listed_origin_and_the_coding_are_both_told_to_caches() {
    let host = Host::start(Server::builder().cors(["https://chat.example"]).build()).await;
    let headers = [("Accept-Encoding", "gzip"), ("Origin", "https://chat.example")];
    let file = host.http().await.request("GET", FILE, &headers, b"").await;
    let vary: Vec<_> =
        file.headers.iter().filter(|(name, _)| name == "vary").map(|(_, value)| value).collect();
    assert_eq!(vary, ["Accept-Encoding", "Origin"]);
}

#[tokio::test]
async fn what_opens_a_session_and_what_refuses_it_are_too_short_to_compress() {
    let host = Host::start(Server::new()).await;
    let mut http = host.http().await;
    for target in [POLLING, "/socket.io/?EIO=4&transport=polling&sid=unknown"] {
        let answer = http.request("GET", target, &[("Accept-Encoding", "gzip")], b"").await;
        assert_eq!((answer.header("content-encoding"), answer.header("vary")), (None, None), "{target}");
    }
}
