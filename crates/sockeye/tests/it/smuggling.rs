//! Requests that a proxy in front may cut differently than we do. Either they are read as HTTP says, or the connection ends
//! before a second request can hide in them. Source: RFC 9112 § 6; RUSTSEC-2020-0008, 2021-0020, 2021-0078, 2021-0079.

use crate::client::{Host, Http, Mount, POLLING, Response, WEBSOCKET, echo};

/// What every test hides: a request that would open a session.
const HIDDEN: &str = "GET /socket.io/?EIO=4&transport=polling&hidden HTTP/1.1\r\nHost: a\r\n\r\n";

/// All answers of the connection to these bytes, and how many sessions the server holds then.
async fn answers(mount: Mount, bytes: impl AsRef<[u8]>) -> (Vec<Response>, usize) {
    let host = Host::mount(echo(), mount).await;
    let mut http = Http::connect(host.address).await;
    http.write(bytes).await;
    tokio::io::AsyncWriteExt::shutdown(&mut http.stream).await.unwrap();
    let mut answers = Vec::new();
    while let Some(answer) = http.try_response().await {
        answers.push(answer);
    }
    (answers, host.io.counts().clients)
}

#[tokio::test]
async fn lengths_that_others_might_read_differently_end_the_connection() {
    for mount in Mount::ALL {
        for framing in [
            "Content-Length: +4",
            "Content-Length: -4",
            "Content-Length: 4,4,5",
            "Content-Length: 4\r\nContent-Length: 5",
            "Content-Length: 0x4",
            "Content-Length: 4 4",
            "Content-Length: ",
            "Content-Length: 18446744073709551616",
            "Content-Length : 4",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: identity",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding : chunked",
            "Transfer-Encoding: gzip",
        ] {
            let request = format!("POST {POLLING} HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n0\r\n\r\n{HIDDEN}");
            let (answers, clients) = answers(mount, &request).await;
            assert_eq!(clients, 0, "{mount:?} {framing}: {answers:?}");
            assert!(answers.len() <= 1, "{mount:?} {framing}: {answers:?}");
            assert!(answers.iter().all(|answer| answer.status == 400), "{mount:?} {framing}: {answers:?}");
        }
    }
}

#[tokio::test]
async fn chunks_that_others_might_read_differently_end_the_connection() {
    for mount in Mount::ALL {
        for size in ["10000000000000000", "fffffffffffffffff", "-1", "+4", "0x4", "4_", "g", "", " "] {
            let head = format!("POST {POLLING} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            let request = format!("{head}{size}\r\nabcd\r\n0\r\n\r\n{HIDDEN}");
            let (answers, clients) = answers(mount, &request).await;
            assert_eq!(clients, 0, "{mount:?} {size}: {answers:?}");
            assert!(answers.len() <= 1, "{mount:?} {size}: {answers:?}");
        }
    }
}

#[tokio::test]
async fn the_body_of_a_get_is_no_request() {
    for mount in Mount::ALL {
        let body = format!("Content-Length: {}\r\n\r\n{HIDDEN}", HIDDEN.len());
        let chunked =
            format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len());
        for framing in [body, chunked] {
            let (answers, clients) =
                answers(mount, format!("GET {POLLING} HTTP/1.1\r\nHost: a\r\n{framing}")).await;
            assert_eq!((answers.len(), clients), (1, 1), "{mount:?} {framing}: {answers:?}");
        }
    }
}

#[tokio::test]
async fn both_lengths_at_once_end_the_connection_behind_the_answer() {
    for mount in Mount::ALL {
        for length in [0, 5, 500] {
            let framing = format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
            let request = format!("POST {POLLING} HTTP/1.1\r\nHost: a\r\n{framing}{HIDDEN}");
            let (answers, clients) = answers(mount, &request).await;
            assert_eq!((answers.len(), clients), (1, 0), "{mount:?}: {answers:?}");
            assert_eq!(answers[0].header("connection"), Some("close"), "{mount:?}: {answers:?}");
        }
    }
}

#[tokio::test]
async fn a_handshake_that_is_refused_hides_no_request_behind_it() {
    for mount in Mount::ALL {
        let upgrade = "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n";
        let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let (answers, clients) =
            answers(mount, format!("GET {WEBSOCKET} HTTP/1.1\r\n{upgrade}{key}\r\n{HIDDEN}")).await;
        assert_eq!((answers.len(), clients), (1, 0), "{mount:?}: {answers:?}");
        assert_eq!(answers[0].status, 426);
    }
}

#[tokio::test]
async fn lines_that_are_no_headers_end_the_connection() {
    for mount in Mount::ALL {
        for line in [
            "Host: a\r\n folded: yes",
            "Host: a\r\nNo colon",
            "Host: a\r\nNul: a\0b",
            "Host: a\r\nName\u{b}: x",
        ] {
            let (answers, clients) =
                answers(mount, format!("GET {POLLING} HTTP/1.1\r\n{line}\r\n\r\n{HIDDEN}")).await;
            assert_eq!(clients, 0, "{mount:?} {line:?}: {answers:?}");
            assert!(answers.iter().all(|answer| answer.status == 400), "{mount:?} {line:?}: {answers:?}");
        }
    }
}
