//! Both sides of RFC 6455 § 4, and each against the other.

use super::*;

/// The key and answer of the document's example.
const KEY: &[u8] = b"dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

mod server {
    use super::*;

    const GOOD: UpgradeRequest<'static> = UpgradeRequest {
        get: true,
        http11: true,
        host: true,
        upgrade: Some(b"websocket"),
        connection: Some(b"Upgrade"),
        version: Some(b"13"),
        key: Some(KEY),
        has_body: false,
    };

    #[test]
    fn the_answer_is_that_of_the_document() {
        assert_eq!(GOOD.accept().as_ref().map(Accept::as_str), Ok(ACCEPT));
    }

    #[test]
    fn each_condition_is_needed() {
        use UpgradeError::*;
        let cases = [
            (UpgradeRequest { get: false, ..GOOD }, Method, 405),
            (UpgradeRequest { http11: false, ..GOOD }, HttpVersion, 400),
            (UpgradeRequest { host: false, ..GOOD }, Host, 400),
            (UpgradeRequest { upgrade: None, ..GOOD }, Upgrade, 400),
            (UpgradeRequest { connection: None, ..GOOD }, Connection, 400),
            (UpgradeRequest { has_body: true, ..GOOD }, Body, 400),
            (UpgradeRequest { version: None, ..GOOD }, MissingVersion, 400),
            (UpgradeRequest { version: Some(b"777"), ..GOOD }, UnsupportedVersion, 426),
            (UpgradeRequest { key: None, ..GOOD }, Key, 400),
        ];
        for (request, error, status) in cases {
            assert_eq!(request.accept(), Err(error));
            assert_eq!(error.status(), status, "{error}");
        }
    }

    #[test]
    fn upgrade_is_websocket_and_nothing_else() {
        for good in ["websocket", "WebSocket", "WEBSOCKET", " websocket\t"] {
            let request = UpgradeRequest { upgrade: Some(good.as_bytes()), ..GOOD };
            assert!(request.accept().is_ok(), "{good:?}");
        }
        for bad in ["", "h2c", "websockets", "websocket, h2c", "h2c, websocket", "web socket", "constructor"]
        {
            let request = UpgradeRequest { upgrade: Some(bad.as_bytes()), ..GOOD };
            assert_eq!(request.accept(), Err(UpgradeError::Upgrade), "{bad:?}");
        }
    }

    #[test]
    fn connection_names_upgrade_among_others() {
        for good in ["Upgrade", "upgrade", "keep-alive, Upgrade", "UPGRADE ,close", ",,upgrade,,"] {
            let request = UpgradeRequest { connection: Some(good.as_bytes()), ..GOOD };
            assert!(request.accept().is_ok(), "{good:?}");
        }
        for bad in ["", "keep-alive", "upgraded", "Upgrade-Insecure", "up grade", "Upgrade;q=1", "close"] {
            let request = UpgradeRequest { connection: Some(bad.as_bytes()), ..GOOD };
            assert_eq!(request.accept(), Err(UpgradeError::Connection), "{bad:?}");
        }
    }

    #[test]
    fn the_version_is_13() {
        for bad in ["", "8", "12", "14", "013", "13, 8", "1 3", "13.0", "+13"] {
            let request = UpgradeRequest { version: Some(bad.as_bytes()), ..GOOD };
            assert_eq!(request.accept(), Err(UpgradeError::UnsupportedVersion), "{bad:?}");
        }
    }

    #[test]
    fn the_key_is_the_base64_form_of_16_bytes() {
        // The last one has bits beyond the 16 bytes, and Node takes it.
        for good in ["AAAAAAAAAAAAAAAAAAAAAA==", "+/+/+/+/+/+/+/+/+/+/+w==", "abcdefghijklmnopqrstuv=="] {
            let request = UpgradeRequest { key: Some(good.as_bytes()), ..GOOD };
            assert!(request.accept().is_ok(), "{good:?}");
        }
        let fifteen = BASE64_STANDARD.encode([7; 15]);
        let seventeen = BASE64_STANDARD.encode([7; 17]);
        let long = "A".repeat(7000);
        for bad in [
            "",
            "abc",
            "==",
            &fifteen,
            &seventeen,
            &long,
            "AAAAAAAAAAAAAAAAAAAAA===",
            "AAAAAAAAAAAAAAAAAAAAAA=A",
            "AAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAA AAAAAAAAAA==",
            "AAAAAAAAAAA-AAAAAAAAAA==",
            "AAAAAAAAAAAéAAAAAAAAA==",
        ] {
            let request = UpgradeRequest { key: Some(bad.as_bytes()), ..GOOD };
            assert_eq!(request.accept(), Err(UpgradeError::Key), "{bad:?}");
        }
    }

    #[test]
    fn values_of_any_size_and_bytes_are_judged() {
        let blanks = format!("b{}x", " ".repeat(70_000));
        let commas = ",".repeat(70_000);
        for value in [blanks.as_bytes(), commas.as_bytes(), &[0xff; 70_000], b"\0"] {
            let odd = Some(value);
            assert_eq!(UpgradeRequest { upgrade: odd, ..GOOD }.accept(), Err(UpgradeError::Upgrade));
            assert_eq!(UpgradeRequest { connection: odd, ..GOOD }.accept(), Err(UpgradeError::Connection));
            assert_eq!(
                UpgradeRequest { version: odd, ..GOOD }.accept(),
                Err(UpgradeError::UnsupportedVersion)
            );
            assert_eq!(UpgradeRequest { key: odd, ..GOOD }.accept(), Err(UpgradeError::Key));
        }
    }
}

mod client {
    use super::*;

    const NO_HEADERS: [(&str, &str); 0] = [];

    fn handshake() -> ClientHandshake {
        ClientHandshake::new(*b"the sample nonce")
    }

    fn request(headers: &[(&str, &str)]) -> Result<String, ClientRequestError> {
        let mut out = Vec::new();
        handshake().encode_request(
            &mut out,
            "localhost:3000",
            "/socket.io/?EIO=4",
            headers.iter().copied(),
        )?;
        Ok(String::from_utf8(out).unwrap())
    }

    /// A response that opens the connection, with `lines` after the status line instead of the usual ones.
    fn response(lines: &[&str]) -> String {
        format!("HTTP/1.1 101 Switching Protocols\r\n{}\r\n\r\n", lines.join("\r\n"))
    }

    const UPGRADE: &str = "Upgrade: websocket";
    const CONNECTION: &str = "Connection: Upgrade";
    const PROOF: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    fn good() -> String {
        response(&[UPGRADE, CONNECTION, PROOF])
    }

    fn answer(response: &str) -> Result<Option<usize>, ClientHandshakeError> {
        handshake().handle_input(response.as_bytes())
    }

    #[test]
    fn the_request_is_complete_to_the_byte() {
        let expected = "GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: localhost:3000\r\nUpgrade: websocket\r\n\
            Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
            Origin: http://a.example\r\nCookie: a=b; c=\u{e9}\r\n\r\n";
        let headers = [("Origin", "http://a.example"), ("Cookie", "a=b; c=\u{e9}")];
        assert_eq!(request(&headers).as_deref(), Ok(expected));
    }

    #[test]
    fn a_header_cannot_break_out_of_its_line() {
        for value in ["a\r\nX: b", "a\nb", "a\rb", "a\0b", "\u{7f}", "\u{1b}"] {
            assert_eq!(request(&[("Cookie", value)]), Err(ClientRequestError::HeaderValue), "{value:?}");
        }
        for name in ["", "a b", "a:", "a\r\nb", "a\0", "\u{e9}", "a(", " a"] {
            assert_eq!(request(&[(name, "x")]), Err(ClientRequestError::HeaderName), "{name:?}");
        }
        assert!(request(&[("X-Tab", "a\tb")]).is_ok());
    }

    #[test]
    fn a_header_of_the_handshake_cannot_be_given() {
        for name in ["Host", "upgrade", "CONNECTION", "Sec-WebSocket-Key", "sec-websocket-version"] {
            assert_eq!(request(&[(name, "x")]), Err(ClientRequestError::ReservedHeader), "{name}");
        }
        for name in
            ["Content-Length", "Transfer-Encoding", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"]
        {
            assert_eq!(request(&[(name, "x")]), Err(ClientRequestError::ReservedHeader), "{name}");
        }
    }

    #[test]
    fn host_and_path_cannot_break_out_of_the_request() {
        let mut out = b"kept".to_vec();
        for host in ["", "a b", "a\r\nb", "a/b", "a?b", "u@a", "a\0", "\u{e9}"] {
            let result = handshake().encode_request(&mut out, host, "/", NO_HEADERS);
            assert_eq!(result, Err(ClientRequestError::Host), "{host:?}");
        }
        for path in ["", "a", "/a b", "/a\r\nb", "/a#b", "/\u{e9}", "/\0", "http://a/"] {
            let result = handshake().encode_request(&mut out, "a", path, NO_HEADERS);
            assert_eq!(result, Err(ClientRequestError::Path), "{path:?}");
        }
        for host in ["a", "a.example:8080", "[::1]:3000", "xn--bcher-kva.example"] {
            assert_eq!(handshake().encode_request(&mut Vec::new(), host, "/", NO_HEADERS), Ok(()), "{host}");
        }
        let late = handshake().encode_request(&mut out, "a", "/", [("A", "good"), ("B", "bad\n")]);
        assert_eq!(late, Err(ClientRequestError::HeaderValue));
        assert_eq!(out, b"kept");
    }

    #[test]
    fn a_response_may_come_in_two_pieces_cut_anywhere_with_frames_behind_it() {
        let head = good();
        let bytes = [head.as_bytes(), b"\x81\x02hi"].concat();
        for cut in 0..bytes.len() {
            let mut handshake = handshake();
            match handshake.handle_input(&bytes[..cut]) {
                Ok(None) => {
                    assert!(cut < head.len());
                    assert_eq!(handshake.handle_input(&bytes[cut..]), Ok(Some(head.len() - cut)), "{cut}");
                }
                done => assert_eq!((done, cut >= head.len()), (Ok(Some(head.len())), true), "{cut}"),
            }
        }
    }

    #[test]
    fn a_response_may_come_byte_by_byte() {
        let head = good();
        let mut handshake = handshake();
        let (last, before) = head.as_bytes().split_last().unwrap();
        for byte in before {
            assert_eq!(handshake.handle_input(&[*byte]), Ok(None));
        }
        assert_eq!(handshake.handle_input(&[*last]), Ok(Some(1)));
        assert_eq!(handshake.handle_input(b"\x81\x00"), Ok(Some(0)));
    }

    #[test]
    fn a_response_head_may_have_16_kib() {
        for len in [MAX_RESPONSE_HEAD_BYTES - 1, MAX_RESPONSE_HEAD_BYTES, MAX_RESPONSE_HEAD_BYTES + 1] {
            let room = len - response(&[UPGRADE, CONNECTION, PROOF, "X: "]).len();
            let filler = format!("X: {}", "y".repeat(room));
            let head = response(&[UPGRADE, CONNECTION, PROOF, &filler]);
            assert_eq!(head.len(), len);
            let too_long = Err(ClientHandshakeError::HeadTooLong { limit: MAX_RESPONSE_HEAD_BYTES });
            let whole = if len <= MAX_RESPONSE_HEAD_BYTES { Ok(len) } else { too_long };
            assert_eq!(answer(&head), whole.map(Some), "{len}");
            let mut dripped = handshake();
            let mut bytes = head.bytes();
            let verdict = bytes.find_map(|byte| dripped.handle_input(&[byte]).transpose());
            // The limit is full one byte before the end that comes too late.
            assert_eq!(bytes.len(), len.saturating_sub(MAX_RESPONSE_HEAD_BYTES), "{len}");
            assert_eq!(verdict, Some(whole.map(|_| 1)), "{len}");
        }
    }

    #[test]
    fn an_endless_head_is_refused_within_the_limit_whatever_it_says() {
        for line in ["X: y\r\n", "\n", "\r", "\r\n ", "HTTP/1.1 100 Continue\r\n"] {
            let mut handshake = handshake();
            let flood = line.repeat(1024 / line.len() + 1);
            let reads = (1..).find(|_| handshake.handle_input(flood.as_bytes()).is_err());
            assert!(reads <= Some(16), "{line:?} was read {reads:?} times");
        }
        let megabyte = "x".repeat(1 << 20);
        assert!(matches!(answer(&megabyte), Err(ClientHandshakeError::HeadTooLong { .. })));
    }

    #[test]
    fn names_and_tokens_ignore_case_and_blanks() {
        let spelt = response(&[
            "SERVER: x",
            "upgrade:WebSocket",
            "CONNECTION:  keep-alive , upgrade ",
            "sec-websocket-accept:\ts3pPLMBiTxaQ9kYGzzhZRbK+xOo= ",
        ]);
        assert_eq!(answer(&spelt), Ok(Some(spelt.len())));
        for twice in [["Connection: keep-alive", CONNECTION], [CONNECTION, "Connection: keep-alive"]] {
            let head = response(&[UPGRADE, twice[0], twice[1], PROOF]);
            assert_eq!(answer(&head), Ok(Some(head.len())), "{twice:?}");
        }
        let bare = good().replace(" Switching Protocols", "");
        assert_eq!(answer(&bare), Ok(Some(bare.len())));
    }

    #[test]
    fn each_header_of_the_response_is_needed() {
        use ClientHandshakeError::*;
        let wrong_proof = "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        let cases: [(&[&str], ClientHandshakeError); 11] = [
            (&["X: y"], Upgrade),
            (&[CONNECTION, PROOF], Upgrade),
            (&["Upgrade: h2c", CONNECTION, PROOF], Upgrade),
            (&["Upgrade: websocket, h2c", CONNECTION, PROOF], Upgrade),
            (&[UPGRADE, PROOF], Connection),
            (&[UPGRADE, "Connection: close", PROOF], Connection),
            (&[UPGRADE, CONNECTION], Accept),
            (&[UPGRADE, CONNECTION, wrong_proof], Accept),
            (&[UPGRADE, CONNECTION, PROOF, PROOF], Accept),
            (
                &[UPGRADE, CONNECTION, PROOF, "Sec-WebSocket-Extensions: permessage-deflate"],
                UnrequestedExtension,
            ),
            (&[UPGRADE, CONNECTION, PROOF, "Sec-WebSocket-Protocol: chat"], UnrequestedProtocol),
        ];
        for (lines, error) in cases {
            assert_eq!(answer(&response(lines)), Err(error), "{lines:?}");
        }
    }

    #[test]
    fn another_status_is_reported() {
        for (line, status) in [
            ("HTTP/1.1 200 OK", 200),
            ("HTTP/1.1 301 Moved Permanently", 301),
            ("HTTP/1.1 400 Bad Request", 400),
            ("HTTP/1.1 426", 426),
            ("HTTP/1.0 502 Bad Gateway", 502),
            ("HTTP/1.1 100 Continue", 100),
        ] {
            let head = format!("{line}\r\n{UPGRADE}\r\n{CONNECTION}\r\n{PROOF}\r\n\r\n");
            assert_eq!(answer(&head), Err(ClientHandshakeError::Status(status)), "{line}");
        }
    }

    #[test]
    fn what_is_not_http_is_refused() {
        for line in
            ["", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 1e1 x", "HTTP/1.1 1010", "HTTP/1.0 101 x", "HTTP/2 101"]
        {
            let head = good().replace("HTTP/1.1 101 Switching Protocols", line);
            assert_eq!(answer(&head), Err(ClientHandshakeError::Malformed), "{line:?}");
        }
        for line in
            ["no colon", ": no name", " folded: x", "blank : x", "X: a\nUpgrade: websocket", "\u{e9}: x"]
        {
            let head = response(&[UPGRADE, CONNECTION, PROOF, line]);
            assert_eq!(answer(&head), Err(ClientHandshakeError::Malformed), "{line:?}");
        }
    }

    #[test]
    fn compression_is_agreed_on_only_where_it_was_offered() {
        use crate::websocket::{DeflateClient, DeflateOfferError};
        use ClientHandshakeError::{Deflate, UnrequestedExtension};
        const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover";
        type Agreed = Result<Option<u8>, ClientHandshakeError>;
        let cases: [(&[&str], Agreed); 6] = [
            (&[], Ok(None)),
            (&[DEFLATE], Ok(Some(15))),
            (
                &[
                    "sec-websocket-extensions:PERMESSAGE-DEFLATE;Server_No_Context_Takeover;client_max_window_bits=9",
                ],
                Ok(Some(9)),
            ),
            (
                &["Sec-WebSocket-Extensions: permessage-deflate"],
                Err(Deflate(DeflateOfferError::ContextTakeover)),
            ),
            (&["Sec-WebSocket-Extensions: mux"], Err(Deflate(DeflateOfferError::Malformed))),
            (&[DEFLATE, DEFLATE], Err(UnrequestedExtension)),
        ];
        for (lines, expected) in cases {
            let mut handshake = handshake().with_deflate(DeflateClient::default());
            let mut request = Vec::new();
            handshake.encode_request(&mut request, "a", "/", std::iter::empty()).unwrap();
            let offer = "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
                client_no_context_takeover; client_max_window_bits\r\n";
            assert!(String::from_utf8(request).unwrap().contains(offer));
            let head = response(&[&[UPGRADE, CONNECTION, PROOF], lines].concat());
            let judged = handshake.handle_input(head.as_bytes());
            let agreed = judged.map(|_| handshake.deflate().map(|agreed| agreed.client_window.get()));
            assert_eq!(agreed, expected, "{lines:?}");
        }
    }

    #[test]
    fn a_refused_response_is_not_forgiven_later() {
        let mut handshake = handshake();
        let refused = Err(ClientHandshakeError::Status(403));
        assert_eq!(handshake.handle_input(b"HTTP/1.1 403 Forbidden\r\n\r\n"), refused);
        assert_eq!(handshake.handle_input(good().as_bytes()), refused);
    }
}

#[test]
fn the_server_accepts_the_key_of_the_client_and_the_client_the_answer() {
    for entropy in [[0; 16], [0xff; 16], *b"0123456789abcdef"] {
        let mut client = ClientHandshake::new(entropy);
        let mut request = Vec::new();
        client.encode_request(&mut request, "a", "/", std::iter::empty()).unwrap();
        let request = String::from_utf8(request).unwrap();
        let value = |name: &str| {
            let line = request.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.map(str::as_bytes)
        };
        let judged = UpgradeRequest {
            get: request.starts_with("GET "),
            http11: request.contains(" HTTP/1.1\r\n"),
            host: value("Host").is_some(),
            upgrade: value("Upgrade"),
            connection: value("Connection"),
            version: value("Sec-WebSocket-Version"),
            key: value("Sec-WebSocket-Key"),
            has_body: false,
        };
        let accept = judged.accept().unwrap();
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            accept.as_str()
        );
        assert_eq!(client.handle_input(response.as_bytes()), Ok(Some(response.len())));
    }
}
