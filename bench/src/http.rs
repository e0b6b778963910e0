//! Just enough HTTP/1.1 for a load generator: requests with the headers a browser sends, and responses.
//!
//! Browser headers matter: they are half a kilobyte that a server parses at every request, and keeps for
//! every connection if it is not careful.

use memchr::memmem;

/// What a browser adds to every request to a server on `127.0.0.1:port`, about 0.4 KB.
fn browser_headers(port: u16) -> String {
    format!(
        "Origin: http://127.0.0.1:{port}\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/142.0.0.0 Safari/537.36\r\n\
         Accept-Encoding: gzip, deflate, br, zstd\r\n\
         Accept-Language: en-GB,en;q=0.9\r\n\
         Cache-Control: no-cache\r\n\
         Pragma: no-cache\r\n\
         Cookie: sid=s%3A0123456789abcdef0123456789abcdef; theme=dark; locale=en\r\n\
         \r\n"
    )
}

/// A WebSocket opening handshake (RFC 6455 § 4.1) with further `headers`, each with its end of line.
pub fn upgrade_request(port: u16, target: &str, headers: &str) -> Vec<u8> {
    format!(
        "GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}{}",
        browser_headers(port)
    )
    .into_bytes()
}

/// A long-polling GET on a kept-alive connection.
pub fn get_request(port: u16, target: &str) -> Vec<u8> {
    format!(
        "GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: keep-alive\r\nAccept: */*\r\n{}",
        browser_headers(port)
    )
    .into_bytes()
}

/// A long-polling POST on a kept-alive connection.
pub fn post_request(port: u16, target: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: keep-alive\r\nContent-Length: {}\r\n\
         Content-Type: text/plain;charset=UTF-8\r\nAccept: */*\r\n{}{body}",
        body.len(),
        browser_headers(port)
    )
    .into_bytes()
}

/// A complete response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The body, its chunks joined and inflated if it is Brotli, which a server may choose; other codings stay.
    pub body: Vec<u8>,
    /// Bytes that the response took on the wire.
    pub length: usize,
}

/// Reads the response at the start of `bytes`; `None` until all of it is there.
///
/// A response without a length has no body: the connections here are kept alive, so its end cannot be the
/// end of the stream.
///
/// ```
/// let response = sockeye_bench::http::response(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
/// assert_eq!((response.status, response.body.as_slice()), (200, b"ok".as_slice()));
/// ```
pub fn response(bytes: &[u8]) -> Option<Response> {
    let head_end = memmem::find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..head_end]).ok()?;
    let status = head.get(9..12)?.parse().ok()?;
    let body_start = head_end + 4;
    if header(head, "transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        let (body, length) = chunks(&bytes[body_start..])?;
        return Some(Response { status, body: decoded(head, &body), length: body_start + length });
    }
    let body_length: usize = header(head, "content-length").map_or(Some(0), |value| value.parse().ok())?;
    let length = body_start.checked_add(body_length)?;
    Some(Response { status, body: decoded(head, bytes.get(body_start..length)?), length })
}

fn decoded(head: &str, body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let is_brotli = header(head, "content-encoding") == Some("br");
    if is_brotli && brotli::BrotliDecompress(&mut &*body, &mut plain).is_ok() { plain } else { body.to_vec() }
}

/// The value of the first header of this name, in any case.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n")
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Joins the chunks at the start of `bytes` (RFC 9112 § 7.1, no trailers): the body, and what it took.
fn chunks(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    let mut position = 0;
    loop {
        let rest = bytes.get(position..)?;
        let line_end = memmem::find(rest, b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line_end]).ok()?.trim(), 16).ok()?;
        let data_end = (line_end + 2).checked_add(size)?;
        let data = rest.get(line_end + 2..data_end)?;
        rest.get(data_end..data_end.checked_add(2)?)?;
        body.extend_from_slice(data);
        position += data_end + 2;
        if size == 0 {
            return Some((body, position));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_ends_where_its_content_length_says() {
        let bytes = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 3\r\nX: y\r\n\r\nabcHTTP/1.1 200";
        let response = response(bytes).unwrap();
        assert_eq!((response.status, response.body.as_slice()), (400, b"abc".as_slice()));
        assert_eq!(&bytes[response.length..], b"HTTP/1.1 200");
    }

    #[test]
    fn a_response_without_length_has_no_body() {
        let bytes = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(response(bytes), Some(Response { status: 204, body: vec![], length: bytes.len() }));
    }

    #[test]
    fn chunks_are_joined() {
        let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nmore";
        let response = response(bytes).unwrap();
        assert_eq!(response.body, b"abc0123456789");
        assert_eq!(&bytes[response.length..], b"more");
    }

    #[test]
    fn a_body_in_brotli_is_inflated() {
        let mut coded = Vec::new();
        brotli::BrotliCompress(&mut &b"hello hello"[..], &mut coded, &Default::default()).unwrap();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: {}\r\n\r\n", coded.len());
        let response = response(&[head.as_bytes(), &coded].concat()).unwrap();
        assert_eq!(response.body, b"hello hello");
    }

    #[test]
    fn no_prefix_of_a_response_is_a_response() {
        let whole: [&[u8]; 2] = [
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ];
        for bytes in whole {
            assert!(response(bytes).is_some());
            for end in 0..bytes.len() {
                assert_eq!(response(&bytes[..end]), None, "{end} bytes of {}", bytes.escape_ascii());
            }
        }
    }

    #[test]
    fn lengths_beyond_memory_are_never_complete() {
        assert_eq!(response(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n"), None);
        let chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nab";
        assert_eq!(response(chunk), None);
    }

    #[test]
    fn every_request_carries_half_a_kilobyte_of_headers() {
        for request in [upgrade_request(3000, "/", ""), get_request(3000, "/"), post_request(3000, "/", "")] {
            assert!((400..700).contains(&request.len()), "{} bytes", request.len());
            assert!(request.ends_with(b"\r\n\r\n"));
        }
        assert!(post_request(3000, "/", "body").ends_with(b"\r\n\r\nbody"));
    }
}
