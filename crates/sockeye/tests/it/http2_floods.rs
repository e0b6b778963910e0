//! Clients of HTTP/2 that make a server work for nothing, frame by frame, and the limits that end it.
//! Source: CVE-2023-44487, CVE-2023-26964, CVE-2024-27316, RUSTSEC-2024-0003, RUSTSEC-2024-0332, RUSTSEC-2026-0258.

use crate::client::h2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, RawH2, SETTINGS, block, raw,
};
use crate::client::{Clock, Host, Http, echo_with};
use crate::http2::options;
use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use std::time::Duration;

const ENHANCE_YOUR_CALM: u32 = 11;
const REFUSED_STREAM: u32 = 7;

/// A server with a route that never answers and one that takes a body.
async fn start() -> Host {
    let io = echo_with(options());
    let app = Router::new()
        .route("/wait", get(std::future::pending::<()>))
        .route("/upload", post(async |body: Bytes| body.len().to_string()))
        .layer(io.layer());
    Host::serve(io, async move |listener| {
        sockeye::serve(listener, app).http2(true).await.unwrap();
    })
    .await
}

/// A request without a body.
fn request(stream: u32, path: &str) -> Vec<u8> {
    raw(HEADERS, END_HEADERS | END_STREAM, stream, &block("GET", path, &[]))
}

fn code(payload: &[u8]) -> u32 {
    u32::from_be_bytes(*payload.first_chunk().unwrap())
}

#[tokio::test]
async fn the_settings_say_the_limits() {
    let host = start().await;
    let mut h2 = RawH2::connect(host.address).await;
    let (_, _, _, payload) = h2.next(SETTINGS).await;
    let settings: Vec<(u16, u32)> = payload
        .chunks(6)
        .map(|setting| (u16::from_be_bytes([setting[0], setting[1]]), code(&setting[2..])))
        .collect();
    for expected in [(3, 128), (6, 16 * 1024), (8, 1)] {
        assert!(settings.contains(&expected), "{expected:?} in {settings:?}");
    }
}

#[tokio::test]
async fn the_hundred_and_twenty_ninth_stream_is_refused() {
    let host = start().await;
    let mut h2 = RawH2::connect(host.address).await;
    for number in 0..128 {
        h2.write(request(2 * number + 1, "/wait")).await;
    }
    h2.expect_alive().await;
    h2.write(request(257, "/wait")).await;
    let (_, _, stream, payload) = h2.next(RST_STREAM).await;
    assert_eq!((stream, code(&payload)), (257, REFUSED_STREAM));
    // One less, and there is room for one more.
    h2.write(raw(RST_STREAM, 0, 1, &8u32.to_be_bytes())).await;
    h2.write(request(259, "/elsewhere")).await;
    assert_eq!(h2.next(HEADERS).await.2, 259);
}

#[tokio::test]
async fn twenty_resets_may_wait_and_one_more_ends_the_connection() {
    let host = start().await;
    for (resets, survives) in [(19, true), (20, true), (21, false), (500, false)] {
        let mut h2 = RawH2::connect(host.address).await;
        h2.expect_alive().await;
        // In one segment, so that none of the streams is accepted before its reset is read.
        let mut burst = Vec::new();
        for number in 0..resets {
            burst.extend(request(2 * number + 1, "/wait"));
            burst.extend(raw(RST_STREAM, 0, 2 * number + 1, &8u32.to_be_bytes()));
        }
        h2.write(burst).await;
        if survives {
            h2.expect_alive().await;
        } else {
            assert_eq!(h2.goaway().await, ENHANCE_YOUR_CALM, "{resets}");
            h2.ended().await;
        }
    }
    host.client().await.expect_echo("others go on").await;
}

#[tokio::test]
async fn errors_that_make_us_reset_streams_are_counted_too() {
    let host = start().await;
    for (errors, survives) in [(20, true), (21, false), (500, false)] {
        let mut h2 = RawH2::connect(host.address).await;
        let mut burst = Vec::new();
        for number in 0..errors {
            // A body that is announced and does not come is an error of the stream.
            let announced = block("POST", "/upload", &[("content-length", "1")]);
            burst.extend(raw(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, &announced));
        }
        h2.write(burst).await;
        if survives {
            h2.expect_alive().await;
        } else {
            assert_eq!(h2.goaway().await, ENHANCE_YOUR_CALM, "{errors}");
            h2.ended().await;
        }
    }
}

#[tokio::test]
async fn headers_of_16_kib_are_refused() {
    let host = start().await;
    // RFC 9113 § 6.5.2: a header counts its name, its value and 32 bytes.
    let pseudo = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/elsewhere")];
    let counted: usize = pseudo.iter().map(|(name, value)| name.len() + value.len() + 32).sum();
    for (size, refused) in [(16_382, false), (16_383, false), (16_384, true)] {
        let mut h2 = RawH2::connect(host.address).await;
        let value = "v".repeat(size - counted - 32 - "name".len());
        let block = block("GET", "/elsewhere", &[("name", &value)]);
        let (first, rest) = block.split_at(16_000);
        h2.write(raw(HEADERS, END_STREAM, 1, first)).await;
        h2.write(raw(CONTINUATION, END_HEADERS, 1, rest)).await;
        let (_, _, _, answer) = h2.next(HEADERS).await;
        // The status is a literal whose name is in HPACK's static table: 404 is its entry 13.
        assert_eq!(answer.first() == Some(&0x8d), !refused, "{size}: {answer:?}");
        h2.expect_alive().await;
    }
}

#[tokio::test]
async fn continuations_without_end_end_the_connection() {
    let host = start().await;
    for piece in [&b""[..], &[0; 16_000]] {
        let mut h2 = RawH2::connect(host.address).await;
        let block = block("GET", "/wait", &[]);
        h2.write(raw(HEADERS, END_STREAM, 1, &block)).await;
        for _ in 0..1000 {
            h2.write(raw(CONTINUATION, 0, 1, piece)).await;
        }
        assert_eq!(h2.goaway().await, ENHANCE_YOUR_CALM);
        h2.ended().await;
    }
    host.client().await.expect_echo("others go on").await;
}

#[tokio::test]
async fn empty_data_without_end_ends_the_connection() {
    let host = start().await;
    let mut h2 = RawH2::connect(host.address).await;
    h2.write(raw(HEADERS, END_HEADERS, 1, &block("POST", "/upload", &[]))).await;
    let burst = raw(DATA, 0, 1, b"").repeat(1000);
    for _ in 0..100 {
        h2.write(&burst).await;
    }
    assert_eq!(h2.goaway().await, ENHANCE_YOUR_CALM);
    h2.ended().await;
}

#[tokio::test]
async fn a_preface_or_head_that_does_not_end_has_ten_seconds() {
    let clock = Clock::hold();
    let host = start().await;
    let mut partial_preface = Http::connect(host.address).await;
    partial_preface.write("PRI * HTTP/2.0\r\n").await;
    let mut silent = RawH2::connect(host.address).await;
    let mut partial_head = RawH2::connect(host.address).await;
    partial_head.write(raw(HEADERS, END_STREAM, 1, &block("GET", "/wait", &[]))).await;
    let mut pinging = RawH2::connect(host.address).await;
    pinging.expect_alive().await;
    host.settle().await;
    for second in 0..14 {
        pinging.write(raw(PING, 0, 0, b"8 octets")).await;
        host.settle().await;
        if second == 9 {
            silent.expect_alive().await;
        }
        clock.advance(Duration::from_secs(1)).await;
    }
    partial_preface.ended().await;
    silent.ended().await;
    partial_head.ended().await;
    pinging.ended().await;
}

#[tokio::test]
async fn who_answers_no_ping_is_gone_though_a_request_waits() {
    let clock = Clock::hold();
    let host = start().await;
    let mut deaf = RawH2::connect(host.address).await;
    deaf.write(request(1, "/wait")).await;
    deaf.expect_alive().await;
    for _ in 0..42 {
        host.settle().await;
        clock.advance(Duration::from_secs(1)).await;
    }
    deaf.ended().await;
}
