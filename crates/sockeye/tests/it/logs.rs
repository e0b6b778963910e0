//! What operators read: no more of it than they can, nothing of a stranger's in it that is not escaped, and no secrets.

use crate::client::{Clock, Host, POLLING, Poller, WEBSOCKET, Ws, echo};
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps every line of this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<(Level, String)>>>);

impl Lines {
    fn at_least(&self, level: Level) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|(given, _)| *given <= level).map(|(_, line)| line.clone()).collect()
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {field}={value}").unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("sockeye")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push((*event.metadata().level(), line.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn refused_origins_are_warned_of_ten_times_a_second_in_short_escaped_lines() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let clock = Clock::hold();
    let host = Host::start(echo()).await;
    for second in 1..=2 {
        let mut http = host.http().await;
        for page in 0..200 {
            let origin = format!("http://evil.example:{page}/{}", "x".repeat(500));
            http.write(format!("GET {POLLING} HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\u{9b}31m\r\n\r\n"))
                .await;
            assert!(matches!(http.response().await.status, 400 | 403));
            let origin = [("Origin", origin.as_str())];
            assert_eq!(http.request("GET", POLLING, &origin, b"").await.status, 403);
        }
        let warnings = lines.at_least(Level::WARN);
        assert_eq!(warnings.len(), 10 * second);
        for line in &warnings {
            assert!(
                line.len() < 300 && line.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '),
                "{line}"
            );
        }
        clock.advance(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn bad_packets_and_bad_requests_are_no_warnings() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let host = Host::start(echo()).await;
    for bad in ["", "4", "9", "42[", "x\n\u{1b}[31m", "451-[\"a\",{\"_placeholder\":true,\"num\":7}]", "2"] {
        for _ in 0..20 {
            let mut ws = host.client().await;
            ws.send(bad).await;
            ws.ended().await;
        }
    }
    for _ in 0..200 {
        let mut poller = Poller::session(host.address).await;
        poller.post(["9\n\u{1b}"; 500].join("\x1e")).await;
        poller.get().await;
        host.http().await.get("/socket.io/?EIO=4&transport=%1b%0a").await;
    }
    let seen = lines.at_least(Level::INFO);
    assert!(seen.is_empty(), "{seen:?}");
    let all = lines.at_least(Level::TRACE);
    assert!(!all.is_empty());
    assert!(all.iter().all(|line| !line.contains(['\n', '\u{1b}'])), "{all:?}");
}

#[tokio::test]
async fn secrets_of_a_client_are_in_no_line() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let host = Host::start(echo()).await;
    let target = format!("{WEBSOCKET}&token=canary");
    let mut ws = Ws::open(host.address, &target).await;
    let open = ws.text().await;
    let sid = open[r#"0{"sid":""#.len()..][..20].to_owned();
    ws.send("40{\"token\":\"canary\"}").await;
    assert!(ws.text().await.starts_with("40{"));
    ws.send("42[\"echo\",\"canary\"]").await;
    ws.expect("42[\"echo\",\"canary\"]").await;
    ws.send("42[\"unheard\",\"canary\"]").await;
    ws.send("42[\"broken\",\"canary\"").await;
    ws.ended().await;
    let mut poller = host.poller().await;
    let headers = [("Authorization", "canary"), ("Cookie", "canary")];
    let target = format!("{}&token=canary", poller.target());
    poller.posts.request("POST", &target, &headers, b"4canary").await;
    for target in [
        &format!("{POLLING}&token=canary&sid=AAAAAAAAAAAAAAAAAAAA"),
        &format!("{POLLING}&token=canary&EIO=9"),
    ] {
        host.http().await.request("GET", target, &headers, b"").await;
    }
    // The news of its end.
    poller.get().await;
    host.io.close().await;
    let all = lines.at_least(Level::TRACE);
    assert!(!all.is_empty());
    for secret in ["canary", &sid, &poller.sid] {
        assert!(all.iter().all(|line| !line.contains(secret)), "{all:?}");
    }
}
