//! Options that contradict each other or are misspelt: the author of the program is at fault, and told what to write.

use std::fmt;

/// Why no server can be made of some options.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// Any origin, with credentials: every page on the web could act as its visitor.
    CorsAnyWithCredentials,
    /// An entry of the list of origins that is no origin.
    CorsOrigin {
        /// The entry.
        given: String,
    },
    /// A method or the name of a header that is none.
    CorsList {
        /// The text.
        given: String,
    },
    /// The name of a cookie that is no token of RFC 6265.
    CookieName {
        /// The name.
        given: String,
    },
    /// The path or the domain of a cookie that is empty or holds more than visible ASCII without `;`.
    CookieAttribute {
        /// The text.
        given: String,
    },
    /// No transport is allowed, so nobody could connect.
    NoTransport,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CorsAnyWithCredentials => f.write_str(
                "cors: any origin (*) does not go with credentials; list the origins that may send cookies, \
                 as in .cors(Cors::from([\"https://chat.example\"]).credentials())",
            ),
            Self::CorsOrigin { given } => write!(
                f,
                "cors: {given:?} is no origin; write scheme, host and port without a path, as in \
                 https://chat.example, https://*.chat.example or http://localhost:*"
            ),
            Self::CorsList { given } => {
                write!(f, "cors: {given:?} is neither a method nor the name of a header")
            }
            Self::CookieName { given } => {
                write!(f, "cookie: {given:?} is no name; use letters, digits and any of !#$%&'*+-.^_`|~")
            }
            Self::CookieAttribute { given } => {
                write!(f, "cookie: {given:?} is no path or domain; use visible ASCII without ';'")
            }
            Self::NoTransport => f.write_str(
                "transports: none is allowed; allow Transport::Polling, Transport::WebSocket or both",
            ),
        }
    }
}

impl std::error::Error for ConfigError {}
