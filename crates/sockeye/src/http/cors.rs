//! Who may use the server from a web page. A browser sends the page's origin with every request that could
//! be somebody else's, WebSockets included; it is checked on each of them, not only on the handshake.
//!
//! [`Cors`] is what a user writes, `Policy` what it comes to once its parts are known to be right.

use super::Answer;
use super::hooks::guarded;
use super::origins::{OriginPattern, is_same};
use crate::config::ConfigError;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A policy about web pages: which origins may use the server, and what their browsers are told. It holds for
/// every request under the server's path, the client files included. The default lets in the pages of the
/// server's own host and port, whatever their scheme (TLS may end at a proxy), and everybody who is no browser.
///
/// An origin is `scheme://host[:port]`. `https://*.chat.example` stands for every sub-domain at any depth,
/// `http://localhost:*` for every port, `*` alone for all origins.
///
/// ```
/// use sockeye::{Cors, Server};
/// use std::time::Duration;
///
/// let cors = Cors::from(["https://chat.example", "https://*.chat.example", "http://localhost:*"])
///     .credentials()
///     .allowed_headers(["content-type", "x-token"])
///     .exposed_headers(["x-request-id"])
///     .max_age(Duration::from_secs(600));
/// let io = Server::builder().cors(cors).build();
/// ```
///
/// Source: the `cors` option in Node. Its `preflightContinue` and `optionsSuccessStatus` are absent: a
/// preflight is answered with 204.
#[derive(Clone)]
pub struct Cors {
    origins: Origins,
    credentials: bool,
    methods: Vec<String>,
    allowed_headers: Option<Vec<String>>,
    exposed_headers: Vec<String>,
    max_age: Option<Duration>,
}

type Predicate = Arc<dyn Fn(&str) -> bool + Send + Sync>;

#[derive(Clone)]
enum Origins {
    Same,
    Listed(Vec<String>),
    Matching(Predicate),
}

impl Cors {
    pub(crate) fn same_origin() -> Self {
        Self::of(Origins::Same)
    }

    pub(crate) fn any() -> Self {
        Self::from(["*"])
    }

    /// Lets in the pages whose origin the predicate accepts, beside those of the own host. It is asked on every
    /// request that names an origin, must not block, and refuses the request when it panics.
    ///
    /// ```
    /// use sockeye::{Cors, Server};
    ///
    /// let tenants = Cors::matching(|origin| origin.ends_with(".chat.example")).credentials();
    /// let io = Server::builder().cors(tenants).build();
    /// ```
    ///
    /// Source: `cors.origin` as a function or a regular expression in Node.
    pub fn matching(allows: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self::of(Origins::Matching(Arc::new(allows)))
    }

    /// Lets pages of the allowed origins send cookies. Not with `*`: such a server does not start.
    pub fn credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// The methods that a preflight allows: `GET,HEAD,PUT,PATCH,POST,DELETE` by default.
    pub fn methods(mut self, methods: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.methods = collect(methods);
        self
    }

    /// The request headers that a preflight allows. By default those that it asks for.
    pub fn allowed_headers(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.allowed_headers = Some(collect(names));
        self
    }

    /// The response headers that a page may read beside the usual ones: none by default.
    pub fn exposed_headers(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.exposed_headers = collect(names);
        self
    }

    /// How long a browser may remember a preflight, in whole seconds. By default it is not said.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    fn of(origins: Origins) -> Self {
        let methods = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];
        Self {
            origins,
            credentials: false,
            methods: collect(methods),
            allowed_headers: None,
            exposed_headers: Vec::new(),
            max_age: None,
        }
    }
}

fn collect(texts: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

impl<O: Into<String>> From<Vec<O>> for Cors {
    fn from(origins: Vec<O>) -> Self {
        Self::of(Origins::Listed(collect(origins)))
    }
}

impl<O: Into<String>, const N: usize> From<[O; N]> for Cors {
    fn from(origins: [O; N]) -> Self {
        Self::of(Origins::Listed(collect(origins)))
    }
}

impl fmt::Debug for Cors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Cors");
        match &self.origins {
            Origins::Same => debug.field("origins", &"same"),
            Origins::Listed(origins) => debug.field("origins", origins),
            Origins::Matching(_) => debug.field("origins", &"predicate"),
        };
        debug.field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

/// A [`Cors`] whose parts are right, in the form that answers need.
pub(crate) struct Policy {
    allowed: Allowed,
    credentials: bool,
    methods: HeaderValue,
    /// `None` allows what a preflight asks for.
    allowed_headers: Option<HeaderValue>,
    exposed_headers: Option<HeaderValue>,
    max_age: Option<HeaderValue>,
}

enum Allowed {
    Same,
    Any,
    Listed(Vec<OriginPattern>),
    Matching(Predicate),
}

impl Cors {
    pub(crate) fn compile(&self) -> Result<Policy, ConfigError> {
        let allowed = match &self.origins {
            Origins::Same => Allowed::Same,
            Origins::Matching(allows) => Allowed::Matching(allows.clone()),
            Origins::Listed(origins) if origins.iter().any(|origin| origin == "*") => Allowed::Any,
            Origins::Listed(origins) => {
                let refused = |origin: &String| ConfigError::CorsOrigin { given: origin.clone() };
                let parsed = origins
                    .iter()
                    .map(|origin| OriginPattern::parse(origin).ok_or_else(|| refused(origin)))
                    .collect::<Result<_, _>>();
                Allowed::Listed(parsed?)
            }
        };
        if self.credentials && matches!(allowed, Allowed::Any) {
            return Err(ConfigError::CorsAnyWithCredentials);
        }
        let exposed = header_names(&self.exposed_headers)?;
        Ok(Policy {
            allowed,
            credentials: self.credentials,
            methods: list(&self.methods, |method| Method::from_bytes(method.as_bytes()).is_ok())?,
            allowed_headers: self.allowed_headers.as_ref().map(|names| header_names(names)).transpose()?,
            exposed_headers: (!self.exposed_headers.is_empty()).then_some(exposed),
            max_age: self.max_age.map(|age| HeaderValue::from(age.as_secs())),
        })
    }
}

fn header_names(names: &[String]) -> Result<HeaderValue, ConfigError> {
    list(names, |name| HeaderName::from_bytes(name.as_bytes()).is_ok())
}

/// The texts as one header value, if each of them is what it should be.
fn list(texts: &[String], valid: impl Fn(&str) -> bool) -> Result<HeaderValue, ConfigError> {
    if let Some(bad) = texts.iter().find(|text| !valid(text)) {
        return Err(ConfigError::CorsList { given: bad.clone() });
    }
    let joined = texts.join(",");
    HeaderValue::from_str(&joined).map_err(|_| ConfigError::CorsList { given: joined })
}

impl Policy {
    /// What becomes of a request. `host` tells where the client thinks it is.
    pub(super) fn check<'a>(&self, headers: &HeaderMap, host: impl FnOnce() -> Option<&'a str>) -> Access {
        let Some(origin) = headers.get(header::ORIGIN) else { return Access::Granted(self.grant_without()) };
        let Ok(text) = origin.to_str() else { return Access::Malformed };
        let allowed = match &self.allowed {
            Allowed::Any => return Access::Granted(self.grant_without()),
            Allowed::Same => false,
            Allowed::Listed(patterns) => patterns.iter().any(|pattern| pattern.matches(text)),
            Allowed::Matching(allows) => guarded("cors", || allows(text)).unwrap_or(false),
        };
        if allowed {
            Access::Granted(Grant(Some(origin.clone())))
        } else if host().is_some_and(|host| is_same(text, host)) {
            Access::Granted(Grant::default())
        } else {
            Access::Refused
        }
    }

    /// A star is said to everybody: an answer may be cached and used again for a page.
    fn grant_without(&self) -> Grant {
        Grant(matches!(self.allowed, Allowed::Any).then(|| HeaderValue::from_static("*")))
    }

    /// Tells the browser what its page may do with an answer.
    pub(super) fn apply(&self, grant: &Grant, answer: &mut Answer) {
        let headers = answer.headers_mut();
        if matches!(self.allowed, Allowed::Listed(_) | Allowed::Matching(_)) {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        let Some(allow) = &grant.0 else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allow.clone());
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if let Some(exposed) = &self.exposed_headers {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }

    /// The answer to a preflight, unless nothing but the own origin is allowed.
    pub(super) fn preflight(&self, headers: &HeaderMap) -> Option<Answer> {
        if matches!(self.allowed, Allowed::Same) {
            return None;
        }
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        let into = answer.headers_mut();
        into.insert(header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
        let wanted = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        if self.allowed_headers.is_none() {
            into.append(header::VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
        }
        if let Some(names) = self.allowed_headers.as_ref().or(wanted) {
            into.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        if let Some(age) = &self.max_age {
            into.insert(header::ACCESS_CONTROL_MAX_AGE, age.clone());
        }
        Some(answer)
    }
}

pub(super) enum Access {
    Granted(Grant),
    Refused,
    /// The header holds what no origin can.
    Malformed,
}

/// The origin that the answer is for; `None` where the browser needs no word of ours.
#[derive(Default)]
pub(super) struct Grant(Option<HeaderValue>);

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(cors: &Cors, origin: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        let policy = cors.compile().unwrap();
        matches!(policy.check(&headers, || Some("chat.example:3000")), Access::Granted(_))
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
    fn a_listed_origin_is_let_in_beside_the_own_one() {
        let listed = Cors::from(["http://localhost:5173"]);
        assert!(granted(&listed, "http://localhost:5173"));
        assert!(granted(&listed, "http://chat.example:3000"));
        assert!(!granted(&listed, "http://localhost:5174"));
    }

    #[test]
    fn a_predicate_decides_and_its_panic_refuses() {
        let matching = Cors::matching(|origin| match origin {
            "http://bug.example" => panic!("a bug of the user's"),
            origin => origin == "http://pages.example",
        });
        assert!(granted(&matching, "http://pages.example"));
        assert!(granted(&matching, "http://chat.example:3000"));
        assert!(!granted(&matching, "http://other.example"));
        assert!(!granted(&matching, "http://bug.example"));
    }

    #[test]
    fn no_browser_no_origin_no_check() {
        let policy = Cors::same_origin().compile().unwrap();
        assert!(matches!(policy.check(&HeaderMap::new(), || None), Access::Granted(_)));
    }

    #[test]
    fn a_policy_that_contradicts_itself_or_is_misspelt_is_an_error() {
        let error = |cors: Cors| cors.compile().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error(Cors::any().credentials()).contains("list the origins"));
        assert!(error(Cors::from(["https://chat.example/"])).contains("https://chat.example/"));
        assert!(error(Cors::from(["chat.example"])).contains("chat.example"));
        assert!(error(Cors::any().methods(["GET\r\n"])).contains("GET"));
        assert!(error(Cors::any().exposed_headers(["x y"])).contains("x y"));
        assert!(error(Cors::any().allowed_headers(["x:y"])).contains("x:y"));
    }
}
