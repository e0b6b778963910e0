//! Origins of web pages (RFC 6454): comparing one with the host of a request, and with the patterns of a list.

/// An origin as a list may name it: exact, any sub-domain, any port.
pub(super) enum OriginPattern {
    /// Pages without an origin of their own, such as local files.
    Null,
    Web {
        scheme: String,
        /// With a leading dot when it stands for its sub-domains.
        host: String,
        port: Port,
    },
}

pub(super) enum Port {
    Any,
    Exactly(Option<String>),
}

impl OriginPattern {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        if text == "null" {
            return Some(Self::Null);
        }
        let (scheme, authority) = text.split_once("://")?;
        let (host, port) = match authority.strip_suffix(":*") {
            Some(host) => (host, Port::Any),
            None => {
                let (host, port) = split_port(authority);
                (host, Port::Exactly(port.map(str::to_owned)))
            }
        };
        let bare = host.strip_prefix("*.");
        let named = bare.unwrap_or(host);
        let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        if scheme.is_empty() || !scheme.bytes().all(in_scheme) || !is_host(named) {
            return None;
        }
        let host = if bare.is_some() { format!(".{named}") } else { named.to_owned() };
        Some(Self::Web { scheme: scheme.to_owned(), host, port })
    }

    pub(super) fn matches(&self, origin: &str) -> bool {
        let Self::Web { scheme, host, port } = self else { return origin == "null" };
        let Some((given_scheme, authority)) = origin.split_once("://") else { return false };
        let (given_host, given_port) = split_port(authority);
        let host_fits = if host.starts_with('.') {
            given_host.strip_suffix(host.as_str()).is_some_and(is_host)
        } else {
            given_host == host
        };
        let port_fits = match port {
            Port::Any => true,
            Port::Exactly(port) => port.as_deref() == given_port,
        };
        given_scheme == scheme && host_fits && port_fits
    }
}

/// Whether the origin's host and port are those of the request. A port that is not said is the scheme's.
pub(super) fn is_same(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let (ours, theirs) = (bare(host, default_port), bare(authority, default_port));
    !authority.is_empty() && (ours == theirs || ours.eq_ignore_ascii_case(theirs))
}

fn bare<'a>(name: &'a str, default_port: &str) -> &'a str {
    name.strip_suffix(default_port).unwrap_or(name)
}

/// The host, and the digits behind its last colon.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, Some(port))
        }
        _ => (authority, None),
    }
}

/// Names, IPv4 and IPv6 in brackets: what can stand in an origin, and nothing that ends its host.
fn is_host(text: &str) -> bool {
    if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return !inner.is_empty()
            && inner.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte));
    }
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_port_may_be_said_or_not() {
        assert!(is_same("https://chat.example", "chat.example"));
        assert!(is_same("https://chat.example", "chat.example:443"));
        assert!(is_same("http://chat.example:80", "chat.example"));
        assert!(!is_same("http://chat.example", "chat.example:443"));
    }

    #[test]
    fn a_pattern_matches_what_it_says_and_nothing_near_it() {
        for (pattern, origin, fits) in [
            ("https://chat.example", "https://chat.example", true),
            ("https://CHAT.example", "https://chat.example", true),
            ("https://chat.example", "http://chat.example", false),
            ("https://chat.example", "https://chat.example:8443", false),
            ("https://chat.example", "https://a.chat.example", false),
            ("https://chat.example", "https://chat.example.evil", false),
            ("https://*.chat.example", "https://a.chat.example", true),
            ("https://*.chat.example", "https://a.b.chat.example", true),
            ("https://*.chat.example", "https://chat.example", false),
            ("https://*.chat.example", "https://.chat.example", false),
            ("https://*.chat.example", "https://evilchat.example", false),
            ("https://*.chat.example", "https://a.chat.example:1", false),
            ("https://*.chat.example", "https://evil/a.chat.example", false),
            ("https://*.chat.example", "https://u@a.chat.example", false),
            ("http://localhost:*", "http://localhost", true),
            ("http://localhost:*", "http://localhost:5173", true),
            ("http://localhost:*", "http://localhost:x", false),
            ("http://localhost:*", "http://localhost.evil:1", false),
            ("http://[::1]:3000", "http://[::1]:3000", true),
            ("http://[::1]:3000", "http://[::1]:3001", false),
            ("capacitor://localhost", "capacitor://localhost", true),
            ("null", "null", true),
            ("https://chat.example", "null", false),
        ] {
            assert_eq!(OriginPattern::parse(pattern).unwrap().matches(origin), fits, "{pattern} {origin}");
        }
    }

    #[test]
    fn what_is_no_origin_is_no_pattern() {
        for text in [
            "",
            "chat.example",
            "https://",
            "https://a/",
            "https://a/b",
            "https://*",
            "https://a.*.b",
            "://a",
            "a b://c",
        ] {
            assert!(OriginPattern::parse(text).is_none(), "{text}");
        }
    }
}
