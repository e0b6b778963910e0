//! Which coding of a body a client prefers, and bodies in that coding: payloads for each answer anew, files of the
//! browser client once. Messages on a WebSocket are not its matter, nor what the routes behind a layer answer.
//! Source: RFC 9110 § 12.5.3; `httpCompression` in Node.

use super::{Answer, single};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{self, HeaderMap, HeaderValue};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

/// The codings we make; where a client likes several equally, the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Brotli,
    Gzip,
    /// The format of RFC 1950, as RFC 9110 has it.
    Deflate,
}

const CODINGS: [Coding; 3] = [Coding::Brotli, Coding::Gzip, Coding::Deflate];

/// What a request lets us do with the body of its answer. There is none where the server compresses nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Compressed {
    /// What the client likes best, if it likes any.
    coding: Option<Coding>,
    /// Bodies of fewer bytes stay as they are.
    threshold: usize,
}

impl Compressed {
    pub(super) fn for_request(headers: &HeaderMap, threshold: Option<usize>) -> Option<Self> {
        threshold.map(|threshold| Self { coding: preferred(headers), threshold })
    }

    /// The coding for a body of `len` bytes.
    fn coding(self, len: usize) -> Option<Coding> {
        self.coding.filter(|_| len >= self.threshold)
    }

    /// An answer with the payload of a poll in the coding, unless it is short or gains nothing. Nobody stores such an
    /// answer, so it does not say what it varies with.
    pub(super) fn payload(self, mut answer: Answer) -> Answer {
        let Some(coding) = self.coding(answer.body().len()) else { return answer };
        if let Some(body) = coding.encode(answer.body(), Effort::Quick) {
            *answer.body_mut() = body;
            answer.headers_mut().insert(header::CONTENT_ENCODING, coding.name());
        }
        answer
    }

    /// An answer with a whole file, whose codings are kept in `encoded`.
    pub(super) fn file(self, mut answer: Answer, encoded: &Encoded) -> Answer {
        let Some(coding) = self.coding(answer.body().len()) else { return answer };
        if let Some(body) = encoded.get(coding, answer.body()) {
            *answer.body_mut() = body;
            answer.headers_mut().insert(header::CONTENT_ENCODING, coding.name());
        }
        answer
    }
}

/// One file in the codings that were asked for so far.
pub(super) struct Encoded([OnceLock<Option<Bytes>>; CODINGS.len()]);

impl Encoded {
    pub(super) const fn new() -> Self {
        Self([const { OnceLock::new() }; CODINGS.len()])
    }

    fn get(&self, coding: Coding, content: &[u8]) -> Option<Bytes> {
        let kept = self.0.get(coding as usize)?;
        kept.get_or_init(|| coding.encode(content, Effort::Thorough)).clone()
    }
}

#[derive(Clone, Copy)]
enum Effort {
    /// For what is sent once.
    Quick,
    /// For what is sent again and again.
    Thorough,
}

impl Coding {
    fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        })
    }

    /// `None` when the content does not get smaller.
    fn encode(self, content: &[u8], effort: Effort) -> Option<Bytes> {
        encoded(content, || self.write(content, effort))
    }

    fn write(self, content: &[u8], effort: Effort) -> io::Result<Vec<u8>> {
        let into = Vec::with_capacity(content.len() / 3);
        let level = match effort {
            Effort::Quick => Compression::new(1),
            Effort::Thorough => Compression::new(7),
        };
        match self {
            Self::Brotli => brotli(content, into, effort),
            Self::Gzip => write_all(GzEncoder::new(into, level), content).and_then(GzEncoder::finish),
            Self::Deflate => write_all(ZlibEncoder::new(into, level), content).and_then(ZlibEncoder::finish),
        }
    }
}

/// What a library made of the content, if that is shorter. One that fails, or panics, costs the compression of this
/// content and no more.
fn encoded(content: &[u8], write: impl FnOnce() -> io::Result<Vec<u8>>) -> Option<Bytes> {
    let written = catch_unwind(AssertUnwindSafe(write)).ok()?.ok()?;
    (written.len() < content.len()).then(|| Bytes::from(written))
}

fn write_all<W: Write>(mut encoder: W, content: &[u8]) -> io::Result<W> {
    encoder.write_all(content)?;
    Ok(encoder)
}

fn brotli(mut content: &[u8], mut into: Vec<u8>, effort: Effort) -> io::Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: match effort {
            Effort::Quick => 1,
            Effort::Thorough => 6,
        },
        // The window is memory of the encoder: no more than the content fills.
        lgwin: content.len().next_power_of_two().trailing_zeros().clamp(10, 20).cast_signed(),
        size_hint: content.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut content, &mut into, &params)?;
    Ok(into)
}

/// The coding that the client likes best, unless it likes the plain body better.
fn preferred(headers: &HeaderMap) -> Option<Coding> {
    if single(headers, &header::ACCEPT_ENCODING).is_some_and(|value| OF_BROWSERS.contains(&value)) {
        return Some(Coding::Brotli);
    }
    let mut said = [None; CODINGS.len()];
    let (mut others, mut plain) = (None, None);
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for element in value.as_bytes().split(|byte| *byte == b',') {
            let mut parts = element.split(|byte| *byte == b';');
            let name = parts.next().unwrap_or_default().trim_ascii();
            let weight = parts.next().map_or(MAX_WEIGHT, weight);
            let place = match name {
                _ if name.eq_ignore_ascii_case(b"br") => &mut said[Coding::Brotli as usize],
                _ if name.eq_ignore_ascii_case(b"gzip") => &mut said[Coding::Gzip as usize],
                _ if name.eq_ignore_ascii_case(b"x-gzip") => &mut said[Coding::Gzip as usize],
                _ if name.eq_ignore_ascii_case(b"deflate") => &mut said[Coding::Deflate as usize],
                _ if name.eq_ignore_ascii_case(b"identity") => &mut plain,
                b"*" => &mut others,
                _ => continue,
            };
            *place = Some(weight);
        }
    }
    let mut best = None;
    let mut highest = plain.unwrap_or(1).max(1);
    for (coding, said) in CODINGS.into_iter().zip(said) {
        let weight = said.or(others).unwrap_or(0);
        if weight > highest || (weight == highest && best.is_none()) {
            (best, highest) = (Some(coding), weight);
        }
    }
    best
}

/// What browsers send with each poll, which need not be read anew each time.
const OF_BROWSERS: [&[u8]; 2] = [b"gzip, deflate, br", b"gzip, deflate, br, zstd"];

const MAX_WEIGHT: u16 = 1000;

/// `q=0.5` in thousandths; what cannot be read is no wish.
fn weight(parameter: &[u8]) -> u16 {
    let digits = match parameter.trim_ascii() {
        [b'q' | b'Q', b'=', digits @ ..] => digits,
        _ => return 0,
    };
    let (whole, fraction) = match digits {
        [whole @ (b'0' | b'1')] => (whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return 0,
    };
    let mut thousandths = u16::from(whole - b'0');
    for place in 0..3 {
        let digit = fraction.get(place).copied().unwrap_or(b'0');
        if !digit.is_ascii_digit() {
            return 0;
        }
        thousandths = thousandths * 10 + u16::from(digit - b'0');
    }
    thousandths.min(MAX_WEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn the_client_chooses_by_weight_and_we_among_equals() {
        for (said, coding) in [
            ("", None),
            ("identity", None),
            ("zstd", None),
            ("gzip, deflate, br, zstd", Some(Coding::Brotli)),
            ("gzip, deflate", Some(Coding::Gzip)),
            ("GZIP", Some(Coding::Gzip)),
            ("x-gzip", Some(Coding::Gzip)),
            ("deflate", Some(Coding::Deflate)),
            ("deflate;q=1.0, gzip;q=0.8, br;q=0.9", Some(Coding::Deflate)),
            ("br;q=0, gzip ; q=0.001", Some(Coding::Gzip)),
            ("*", Some(Coding::Brotli)),
            ("br;q=0, *;q=0.5", Some(Coding::Gzip)),
            ("*;q=0", None),
            ("gzip;q=0", None),
            ("identity;q=1, gzip;q=0.5", None),
            ("identity;q=0.5, gzip;q=0.6", Some(Coding::Gzip)),
            ("identity;q=0.5, *;q=0.5", Some(Coding::Brotli)),
            ("identity;q=0", None),
        ] {
            assert_eq!(preferred(&headers(&[said])), coding, "{said}");
        }
        assert_eq!(preferred(&HeaderMap::new()), None);
        assert_eq!(preferred(&headers(&["br;q=0.1", "gzip"])), Some(Coding::Gzip));
    }

    #[test]
    fn a_weight_that_cannot_be_read_is_none() {
        for bad in ["q=2", "q=0.0001", "q=-1", "q=.5", "q=0.x", "q", "level=9", "q=+1", "q=1.5\u{80}"] {
            let said = format!("gzip;{bad}");
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_bytes(said.as_bytes()).unwrap());
            assert_eq!(preferred(&headers), None, "{bad}");
        }
        assert_eq!(
            ["q=0.5", "q=0.05", "q=1.000", "q=1.999"].map(|q| weight(q.as_bytes())),
            [500, 50, 1000, 1000]
        );
    }

    fn decode(coding: Coding, body: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        match coding {
            Coding::Brotli => brotli::Decompressor::new(body, 4096).read_to_end(&mut plain),
            Coding::Gzip => flate2::read::GzDecoder::new(body).read_to_end(&mut plain),
            Coding::Deflate => flate2::read::ZlibDecoder::new(body).read_to_end(&mut plain),
        }
        .unwrap();
        plain
    }

    #[test]
    fn every_coding_gives_back_what_went_in() {
        for size in [100, 1024, 70_000] {
            let content = "42[\"event\",{\"ünïcode\":1}]\u{1e}".repeat(size / 20);
            for coding in CODINGS {
                for effort in [Effort::Quick, Effort::Thorough] {
                    let encoded = coding.encode(content.as_bytes(), effort).unwrap();
                    assert_eq!(decode(coding, &encoded), content.as_bytes(), "{coding:?} {size}");
                }
            }
        }
    }

    #[test]
    fn what_gains_nothing_stays_as_it_is() {
        for coding in CODINGS {
            assert_eq!(coding.encode(b"0123456789", Effort::Quick), None, "{coding:?}");
            assert_eq!(coding.encode(b"", Effort::Quick), None, "{coding:?}");
        }
    }

    #[test]
    fn a_library_that_fails_or_panics_leaves_the_body_as_it_is() {
        assert_eq!(encoded(b"content", || Err(io::ErrorKind::Other.into())), None);
        assert_eq!(encoded(b"content", || panic!("as a library would")), None);
        assert_eq!(encoded(b"content", || Ok(b"short".to_vec())), Some(Bytes::from_static(b"short")));
    }
}
