//! Who may use the server from a web page. A browser sends the page's origin with every request that could
//! be somebody else's, WebSockets included; it is checked on each of them, not only on the handshake.

use super::Answer;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};

/// A policy about origins. The default lets in the pages of the server's own host and port, whatever their
/// scheme (TLS may end at a proxy), and everybody who is no browser.
///
/// ```
/// use sockeye::{Cors, Server};
///
/// let io = Server::builder().cors(Cors::from(["https://chat.example"]).credentials()).build();
/// ```
///
/// Source: the `cors` option in Node.
#[derive(Clone, Debug)]
pub struct Cors {
    origins: Origins,
    credentials: bool,
}

#[derive(Clone, Debug)]
enum Origins {
    Same,
    Listed(Vec<String>),
    Any,
}

impl Cors {
    pub(crate) fn same_origin() -> Self {
        Self { origins: Origins::Same, credentials: false }
    }

    pub(crate) fn any() -> Self {
        Self { origins: Origins::Any, credentials: false }
    }

    /// Lets pages of the listed origins send cookies.
    pub fn credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// What becomes of a request. `host` tells where the client thinks it is.
    pub(super) fn check<'a>(&self, headers: &HeaderMap, host: impl FnOnce() -> Option<&'a str>) -> Access {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Access::Granted(Grant::default());
        };
        let Ok(text) = origin.to_str() else { return Access::Malformed };
        let grant = |allow: HeaderValue, vary| {
            let credentials = self.credentials && matches!(self.origins, Origins::Listed(_));
            Access::Granted(Grant { allow: Some(allow), vary, credentials })
        };
        match &self.origins {
            Origins::Any => grant(HeaderValue::from_static("*"), false),
            Origins::Listed(origins) if origins.iter().any(|listed| listed == text) => {
                grant(origin.clone(), true)
            }
            _ if host().is_some_and(|host| is_same(text, host)) => Access::Granted(Grant::default()),
            _ => Access::Refused,
        }
    }

    /// The answer to a preflight, unless nothing but the own origin is allowed.
    pub(super) fn preflight(&self, headers: &HeaderMap, grant: &Grant) -> Option<Answer> {
        if matches!(self.origins, Origins::Same) {
            return None;
        }
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        let into = answer.headers_mut();
        into.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE"),
        );
        if let Some(wanted) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            into.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        into.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        Some(grant.apply(answer))
    }
}

impl<O: Into<String>> From<Vec<O>> for Cors {
    fn from(origins: Vec<O>) -> Self {
        Self { origins: Origins::Listed(origins.into_iter().map(Into::into).collect()), credentials: false }
    }
}

impl<O: Into<String>, const N: usize> From<[O; N]> for Cors {
    fn from(origins: [O; N]) -> Self {
        Vec::from(origins).into()
    }
}

pub(super) enum Access {
    Granted(Grant),
    Refused,
    /// The header holds what no origin can.
    Malformed,
}

/// The headers that tell a browser that its page may read the answer.
#[derive(Default)]
pub(super) struct Grant {
    allow: Option<HeaderValue>,
    vary: bool,
    credentials: bool,
}

impl Grant {
    pub(super) fn apply(&self, mut answer: Answer) -> Answer {
        let Some(allow) = &self.allow else { return answer };
        let headers = answer.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allow.clone());
        if self.vary {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        answer
    }
}

/// Whether the origin's host and port are those of the request. A port that is not said is the scheme's.
fn is_same(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |name: &str| name.strip_suffix(default_port).unwrap_or(name).to_ascii_lowercase();
    !authority.is_empty() && bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(cors: &Cors, origin: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        matches!(cors.check(&headers, || Some("chat.example:3000")), Access::Granted(_))
    }

    #[test]
    fn by_default_host_and_port_must_be_those_of_the_request() {
        let same = Cors::same_origin();
        for own in ["http://chat.example:3000", "https://chat.example:3000", "http://CHAT.example:3000"] {
            assert!(granted(&same, own), "{own}");
        }
        for foreign in [
            "http://chat.example",
            "http://chat.example:3001",
            "http://evil.example:3000",
            "null",
            "chat.example:3000",
            "ftp://chat.example:3000",
            "http://",
        ] {
            assert!(!granted(&same, foreign), "{foreign}");
        }
    }

    #[test]
    fn a_default_port_may_be_said_or_not() {
        assert!(is_same("https://chat.example", "chat.example"));
        assert!(is_same("https://chat.example", "chat.example:443"));
        assert!(is_same("http://chat.example:80", "chat.example"));
        assert!(!is_same("http://chat.example", "chat.example:443"));
    }

    #[test]
    fn a_listed_origin_is_let_in_beside_the_own_one() {
        let listed = Cors::from(["http://localhost:5173"]);
        assert!(granted(&listed, "http://localhost:5173"));
        assert!(granted(&listed, "http://chat.example:3000"));
        assert!(!granted(&listed, "http://localhost:5174"));
    }

    #[test]
    fn no_browser_no_origin_no_check() {
        assert!(matches!(Cors::same_origin().check(&HeaderMap::new(), || None), Access::Granted(_)));
    }

    #[test]
    fn any_origin_never_goes_with_credentials() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static("http://evil.example"));
        let Access::Granted(grant) = Cors::any().credentials().check(&headers, || None) else { panic!() };
        let answer = grant.apply(Response::new(Bytes::new()));
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }
}
