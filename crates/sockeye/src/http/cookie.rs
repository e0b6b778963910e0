//! The cookie that a handshake may set, by which a load balancer finds the server of a session again.

use crate::config::ConfigError;
use http::HeaderValue;
use sockeye_proto::SessionId;
use std::time::Duration;

/// The cookie of a session: its value is the session's id, and it is set by the answer to a polling handshake.
/// By default it is `io`, for `/`, `HttpOnly` and `SameSite=Lax`, and ends with the browser's session.
///
/// ```
/// use sockeye::{Cookie, SameSite, Server};
///
/// let io = Server::builder().cookie(Cookie::new("node").same_site(SameSite::Strict).secure()).build();
/// ```
///
/// Source: the `cookie` option in Node.
#[derive(Clone, Debug)]
pub struct Cookie {
    name: String,
    path: String,
    domain: Option<String>,
    max_age: Option<Duration>,
    http_only: bool,
    secure: bool,
    partitioned: bool,
    same_site: SameSite,
}

/// Whether a browser sends a cookie along with requests of other sites' pages (RFC 6265bis § 4.1.2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// Only when its user follows a link.
    Lax,
    /// Always; browsers want [`Cookie::secure`] with it.
    None,
}

impl Cookie {
    /// The cookie of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            path: "/".to_owned(),
            domain: None,
            max_age: None,
            http_only: true,
            secure: false,
            partitioned: false,
            same_site: SameSite::Lax,
        }
    }

    /// The paths it is for, `/` by default.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The hosts it is for: by default the one that set it.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// How long a browser keeps it, in whole seconds.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Lets scripts of the page read it, and with it the id of the session.
    pub fn readable_by_scripts(mut self) -> Self {
        self.http_only = false;
        self
    }

    /// Sends it over TLS only.
    pub fn secure(mut self) -> Self {
        self.secure = true;
        self
    }

    /// Keeps it apart for each site that embeds the page (CHIPS).
    pub fn partitioned(mut self) -> Self {
        self.partitioned = true;
        self
    }

    /// Whether it goes along with requests of other sites' pages: `Lax` by default.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Everything that can be wrong with it is found when the server is made.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if self.name.is_empty() || !self.name.bytes().all(token) {
            return Err(ConfigError::CookieName { given: self.name.clone() });
        }
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b';';
        for attribute in [Some(&self.path), self.domain.as_ref()].into_iter().flatten() {
            if attribute.is_empty() || !attribute.bytes().all(plain) {
                return Err(ConfigError::CookieAttribute { given: attribute.clone() });
            }
        }
        Ok(())
    }

    /// The `Set-Cookie` of a session.
    pub(super) fn header(&self, sid: &SessionId) -> Option<HeaderValue> {
        let mut text = format!("{}={}", self.name, sid.as_str());
        if let Some(age) = self.max_age {
            text.push_str(&format!("; Max-Age={}", age.as_secs()));
        }
        if let Some(domain) = &self.domain {
            text.push_str(&format!("; Domain={domain}"));
        }
        text.push_str(&format!("; Path={}", self.path));
        for (name, wanted) in
            [("HttpOnly", self.http_only), ("Secure", self.secure), ("Partitioned", self.partitioned)]
        {
            if wanted {
                text.push_str(&format!("; {name}"));
            }
        }
        text.push_str(match self.same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        HeaderValue::from_str(&text).ok()
    }
}

impl Default for Cookie {
    fn default() -> Self {
        Self::new("io")
    }
}

impl From<&str> for Cookie {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cookie: &Cookie) -> String {
        cookie.check().unwrap();
        cookie.header(&SessionId::from_entropy([0; 15])).unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn attributes_stand_in_the_order_of_the_official_server() {
        assert_eq!(text(&Cookie::default()), "io=AAAAAAAAAAAAAAAAAAAA; Path=/; HttpOnly; SameSite=Lax");
        let all = Cookie::new("node")
            .path("/chat")
            .domain("chat.example")
            .max_age(Duration::from_secs(3600))
            .readable_by_scripts()
            .secure()
            .partitioned()
            .same_site(SameSite::None);
        let attributes = "Max-Age=3600; Domain=chat.example; Path=/chat; Secure; Partitioned; SameSite=None";
        assert_eq!(text(&all), format!("node=AAAAAAAAAAAAAAAAAAAA; {attributes}"));
    }

    #[test]
    fn what_would_not_be_one_cookie_is_an_error() {
        for name in ["", "a b", "a=b", "a;b", "a\r\nb", "ä"] {
            assert!(Cookie::new(name).check().is_err(), "{name}");
        }
        for path in ["", "/a;b", "/a b", "/\r\nSet-Cookie:"] {
            assert!(Cookie::default().path(path).check().is_err(), "{path}");
        }
        assert!(Cookie::default().domain("a;b").check().is_err());
    }
}
