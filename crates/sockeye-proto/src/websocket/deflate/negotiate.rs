//! Who may compress how: the parameters of `permessage-deflate` in `Sec-WebSocket-Extensions` (RFC 7692 § 7.1).
//!
//! The server takes the first offer it can keep; one with a parameter that is unknown, double, or has a value
//! it must not have is passed over (§ 5.1), and so are other extensions. A client judges the answer just as
//! strictly, and fails the connection if it is not one to its offer.

use super::WindowBits;
use std::fmt;

const NAME: &[u8] = b"permessage-deflate";
const SERVER_NO_CONTEXT_TAKEOVER: &[u8] = b"server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &[u8] = b"client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &[u8] = b"server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &[u8] = b"client_max_window_bits";

/// What both ends agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateAgreement {
    /// The largest window that the server may compress with.
    pub server_window: WindowBits,
    /// The largest window that the client may compress with.
    pub client_window: WindowBits,
}

/// What a server is ready to agree to.
///
/// ```
/// use sockeye_proto::websocket::{DeflateServer, WindowBits};
///
/// let server = DeflateServer::default();
/// let (agreement, answer) = server.accept(b"permessage-deflate; client_max_window_bits").expect("is offered");
/// assert_eq!(agreement.server_window, WindowBits::Fifteen);
/// assert_eq!(answer, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
/// assert_eq!(server.accept(b"x-webkit-deflate-frame"), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeflateServer {
    /// The largest window that the server compresses with. Default 15 bits.
    pub server_window: WindowBits,
    /// The largest window that clients are asked to compress with; one that does not let itself be asked may
    /// use 15 bits. Default 15 bits.
    pub client_window: WindowBits,
}

impl DeflateServer {
    /// Answers a `Sec-WebSocket-Extensions` header, several lines of it joined with commas: the agreement and
    /// the header of the response. `None` if no offer can be kept; the connection is then a plain one.
    ///
    /// `client_no_context_takeover` is in the answer whether or not the client offered it (§ 7.1.1.2 allows
    /// that): no window is kept for a client.
    pub fn accept(&self, offers: &[u8]) -> Option<(DeflateAgreement, String)> {
        elements(offers, b',').filter_map(Parameters::of).find_map(|offer| self.answer(&offer))
    }

    fn answer(&self, offer: &Parameters) -> Option<(DeflateAgreement, String)> {
        let mut answer =
            String::from("permessage-deflate; server_no_context_takeover; client_no_context_takeover");
        let mut agreement =
            DeflateAgreement { server_window: self.server_window, client_window: WindowBits::Fifteen };
        match offer.server_max_window_bits {
            Some(Bits::Any) => return None,
            Some(Bits::AtMost(window)) => agreement.server_window = window.min(self.server_window),
            None => {}
        }
        if offer.server_max_window_bits.is_some() || agreement.server_window < WindowBits::Fifteen {
            answer += &format!("; server_max_window_bits={}", agreement.server_window.get());
        }
        match offer.client_max_window_bits {
            Some(Bits::Any) => agreement.client_window = self.client_window,
            Some(Bits::AtMost(window)) => agreement.client_window = window.min(self.client_window),
            None => {}
        }
        if agreement.client_window < WindowBits::Fifteen {
            answer += &format!("; client_max_window_bits={}", agreement.client_window.get());
        }
        Some((agreement, answer))
    }
}

/// What a client offers.
///
/// ```
/// use sockeye_proto::websocket::DeflateClient;
///
/// let client = DeflateClient::default();
/// let answer = b"permessage-deflate; server_no_context_takeover; client_max_window_bits=12";
/// let agreement = client.judge(answer)?;
/// assert_eq!(agreement.client_window.get(), 12);
/// # Ok::<_, sockeye_proto::websocket::DeflateOfferError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeflateClient {
    /// The largest window that the server may compress with. Default 15 bits.
    pub server_window: WindowBits,
    /// The largest window that the client compresses with. Default 15 bits.
    pub client_window: WindowBits,
}

impl DeflateClient {
    /// The value of `Sec-WebSocket-Extensions` in the request.
    pub fn offer(&self) -> String {
        let mut offer =
            String::from("permessage-deflate; server_no_context_takeover; client_no_context_takeover");
        if self.server_window < WindowBits::Fifteen {
            offer += &format!("; server_max_window_bits={}", self.server_window.get());
        }
        offer += "; client_max_window_bits";
        if self.client_window < WindowBits::Fifteen {
            offer += &format!("={}", self.client_window.get());
        }
        offer
    }

    /// Judges the `Sec-WebSocket-Extensions` of the response, which is not there if the server compresses
    /// nothing.
    ///
    /// # Errors
    /// It is no answer to [`offer`](Self::offer): the connection must be failed (§ 5.1).
    pub fn judge(&self, answer: &[u8]) -> Result<DeflateAgreement, DeflateOfferError> {
        let mut answers = elements(answer, b',');
        let answer = answers.next().and_then(Parameters::of).ok_or(DeflateOfferError::Malformed)?;
        if answers.next().is_some() {
            return Err(DeflateOfferError::Malformed);
        }
        if !answer.server_no_context_takeover {
            return Err(DeflateOfferError::ContextTakeover);
        }
        let window = |bits, most: WindowBits| match bits {
            None => Ok(most),
            Some(Bits::AtMost(window)) if window <= most => Ok(window),
            Some(_) => Err(DeflateOfferError::WindowBits),
        };
        if answer.server_max_window_bits.is_none() && self.server_window < WindowBits::Fifteen {
            return Err(DeflateOfferError::WindowBits);
        }
        Ok(DeflateAgreement {
            server_window: window(answer.server_max_window_bits, self.server_window)?,
            client_window: window(answer.client_max_window_bits, self.client_window)?,
        })
    }
}

/// Why an answer is none to the offer that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeflateOfferError {
    /// Another extension, more than one, or a parameter that is unknown, double or has no such value.
    Malformed,
    /// The server wants to take its window over from message to message, though it was asked not to.
    ContextTakeover,
    /// A window larger than offered, or of 8 bits.
    WindowBits,
}

impl fmt::Display for DeflateOfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DeflateOfferError::Malformed => "the server chose an extension that was not offered",
            DeflateOfferError::ContextTakeover => {
                "the server takes its compression window over though it was asked not to"
            }
            DeflateOfferError::WindowBits => "the server chose a compression window that was not offered",
        })
    }
}

impl std::error::Error for DeflateOfferError {}

/// The parameters of one `permessage-deflate`, each valid in itself.
#[derive(Default)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<Bits>,
    client_max_window_bits: Option<Bits>,
}

#[derive(Clone, Copy)]
enum Bits {
    /// No value: whatever the other end says.
    Any,
    AtMost(WindowBits),
}

impl Parameters {
    /// The parameters of an element of the header. `None` if it is another extension, or not a valid one.
    fn of(element: &[u8]) -> Option<Parameters> {
        let mut parts = elements(element, b';');
        if !parts.next()?.eq_ignore_ascii_case(NAME) {
            return None;
        }
        let mut parameters = Parameters::default();
        for part in parts {
            let (name, value) = match part.iter().position(|byte| *byte == b'=') {
                Some(at) => (part.get(..at)?.trim_ascii_end(), Some(unquoted(part.get(at + 1..)?)?)),
                None => (part, None),
            };
            let double = match (name.to_ascii_lowercase().as_slice(), value) {
                (SERVER_NO_CONTEXT_TAKEOVER, None) => {
                    std::mem::replace(&mut parameters.server_no_context_takeover, true)
                }
                (CLIENT_NO_CONTEXT_TAKEOVER, None) => {
                    std::mem::replace(&mut parameters.client_no_context_takeover, true)
                }
                (SERVER_MAX_WINDOW_BITS, value) => {
                    parameters.server_max_window_bits.replace(bits(value)?).is_some()
                }
                (CLIENT_MAX_WINDOW_BITS, value) => {
                    parameters.client_max_window_bits.replace(bits(value)?).is_some()
                }
                _ => return None,
            };
            if double {
                return None;
            }
        }
        Some(parameters)
    }
}

/// 9–15 in decimal without a leading zero. 8 is valid too, but no library of ours can keep it.
fn bits(value: Option<&[u8]>) -> Option<Bits> {
    let Some(digits) = value else { return Some(Bits::Any) };
    let window = WindowBits::ALL.into_iter().find(|window| window.get().to_string().as_bytes() == digits)?;
    Some(Bits::AtMost(window))
}

/// A value without its quotes, if it has them. One with an escape is none that is known here.
fn unquoted(value: &[u8]) -> Option<&[u8]> {
    match value.trim_ascii() {
        [b'"', inner @ .., b'"'] => Some(inner),
        [] | [b'"', ..] => None,
        token => Some(token),
    }
}

/// The parts of a header value between separators, trimmed. A separator in quotes is none; quotes that do not
/// end take the rest with them.
fn elements(value: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    value
        .split(move |byte| {
            let literal = std::mem::take(&mut escaped);
            match byte {
                b'\\' if quoted && !literal => escaped = true,
                b'"' if !literal => quoted = !quoted,
                _ => {}
            }
            !quoted && *byte == separator
        })
        .map(<[u8]>::trim_ascii)
}
