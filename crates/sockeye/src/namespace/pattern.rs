//! Names of namespaces with parameters in them, as in `/orders/{id}`. Names are compared as they are: Socket.IO
//! knows no percent encoding in them.

use std::fmt;
use std::str::FromStr;

/// A pattern, segment by segment.
#[derive(Debug)]
pub(crate) struct Pattern {
    segments: Box<[Segment]>,
    /// Takes what follows the segments, slashes included.
    rest: Option<Box<str>>,
}

/// What stands between two slashes: text, with at most one parameter in it.
#[derive(Debug)]
struct Segment {
    prefix: Box<str>,
    param: Option<Param>,
}

#[derive(Debug)]
struct Param {
    name: Box<str>,
    suffix: Box<str>,
}

/// Why a pattern for [`Server::of_pattern`](crate::Server::of_pattern) cannot be one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// A brace that does not belong to a parameter, or a parameter without a name.
    Brace {
        /// The part between two slashes where it stands.
        segment: String,
    },
    /// Two parameters between the same two slashes: where one ends cannot be told.
    TwoInSegment {
        /// The part between two slashes.
        segment: String,
    },
    /// `{*rest}` that is not the whole last segment.
    RestNotLast {
        /// The part between two slashes where it stands.
        segment: String,
    },
    /// Two parameters of one name.
    Repeated {
        /// The name.
        name: String,
    },
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Brace { segment } => write!(f, "\"{segment}\" has a brace that is no {{parameter}}"),
            Self::TwoInSegment { segment } => {
                write!(f, "\"{segment}\" has two parameters between two slashes")
            }
            Self::RestNotLast { segment } => write!(f, "\"{segment}\" must be the whole last segment"),
            Self::Repeated { name } => write!(f, "two parameters are called \"{name}\""),
        }
    }
}

impl std::error::Error for PatternError {}

impl Pattern {
    /// The parameters in the order of the pattern, if `name` is one of its names.
    pub(crate) fn matches<'a>(&'a self, name: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        let mut params = Vec::new();
        let mut left = name.strip_prefix('/');
        for segment in &self.segments {
            let (text, behind) = match left?.split_once('/') {
                Some((text, behind)) => (text, Some(behind)),
                None => (left?, None),
            };
            left = behind;
            let text = text.strip_prefix(&*segment.prefix)?;
            match &segment.param {
                Some(param) => {
                    let value = text.strip_suffix(&*param.suffix).filter(|value| !value.is_empty())?;
                    params.push((&*param.name, value));
                }
                None if text.is_empty() => {}
                None => return None,
            }
        }
        match (&self.rest, left) {
            (Some(rest), Some(value)) if !value.is_empty() => params.push((rest, value)),
            (None, None) => {}
            _ => return None,
        }
        Some(params)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let params = self.segments.iter().filter_map(|segment| segment.param.as_ref());
        params.map(|param| &*param.name).chain(self.rest.as_deref())
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(pattern: &str) -> Result<Self, PatternError> {
        let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
        let (head, last) =
            pattern.rsplit_once('/').map_or((None, pattern), |(head, last)| (Some(head), last));
        let rest = last.strip_prefix("{*").and_then(|last| last.strip_suffix('}'));
        let fixed = if rest.is_some() { head } else { Some(pattern) };
        let segments = fixed.map(|fixed| fixed.split('/').map(Segment::from_str).collect()).transpose()?;
        let pattern = Self { segments: segments.unwrap_or_default(), rest: rest.map(Into::into) };
        if pattern.rest.as_deref().is_some_and(|name| name.is_empty() || has_brace(name)) {
            return Err(PatternError::Brace { segment: last.to_owned() });
        }
        let names: Vec<&str> = pattern.names().collect();
        for (at, name) in names.iter().enumerate() {
            if names.iter().take(at).any(|earlier| earlier == name) {
                return Err(PatternError::Repeated { name: (*name).to_owned() });
            }
        }
        Ok(pattern)
    }
}

impl FromStr for Segment {
    type Err = PatternError;

    fn from_str(segment: &str) -> Result<Self, PatternError> {
        let bad_brace = || PatternError::Brace { segment: segment.to_owned() };
        let Some((prefix, behind)) = segment.split_once('{') else {
            if has_brace(segment) {
                return Err(bad_brace());
            }
            return Ok(Self { prefix: segment.into(), param: None });
        };
        let (name, suffix) = behind.split_once('}').ok_or_else(bad_brace)?;
        if name.starts_with('*') {
            return Err(PatternError::RestNotLast { segment: segment.to_owned() });
        }
        if suffix.contains('{') {
            return Err(PatternError::TwoInSegment { segment: segment.to_owned() });
        }
        if name.is_empty() || [prefix, name, suffix].into_iter().any(has_brace) {
            return Err(bad_brace());
        }
        let param = Param { name: name.into(), suffix: suffix.into() };
        Ok(Self { prefix: prefix.into(), param: Some(param) })
    }
}

fn has_brace(text: &str) -> bool {
    text.contains(['{', '}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pattern: &str, name: &str) -> Option<String> {
        let pattern: Pattern = pattern.parse().unwrap();
        let params = pattern.matches(name)?;
        Some(params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_parameter_is_what_stands_between_its_neighbours() {
        for (pattern, name, expected) in [
            ("/orders/{id}", "/orders/7", Some("id=7")),
            ("orders/{id}", "/orders/7", Some("id=7")),
            ("/orders/{id}", "/orders/", None),
            ("/orders/{id}", "/orders", None),
            ("/orders/{id}", "/orders/7/8", None),
            ("/orders/{id}", "/orders/7/", None),
            ("/orders/{id}", "/other/7", None),
            ("/orders/{id}", "/orders/a%20b", Some("id=a%20b")),
            ("/orders/{id}", "/orders/ü{}", Some("id=ü{}")),
            ("/{shop}/orders/{id}", "/tea/orders/7", Some("shop=tea id=7")),
            ("/dynamic-{n}", "/dynamic-101", Some("n=101")),
            ("/dynamic-{n}", "/dynamic-", None),
            ("/v{n}.x", "/v1.2.x", Some("n=1.2")),
            ("/v{n}.x", "/v.x", None),
            ("/files/{*path}", "/files/a/b/c", Some("path=a/b/c")),
            ("/files/{*path}", "/files/", None),
            ("/files/{*path}", "/files", None),
            ("/{*all}", "/a/b", Some("all=a/b")),
            ("{*all}", "/a", Some("all=a")),
            ("/{*all}", "/", None),
            ("/fixed", "/fixed", Some("")),
            ("/fixed", "/fixed/more", None),
            ("/a//b", "/a//b", Some("")),
        ] {
            assert_eq!(params(pattern, name).as_deref(), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_understood_is_refused() {
        let error = |pattern: &str| pattern.parse::<Pattern>().unwrap_err();
        for segment in ["{}", "a}", "{a", "{a{b}}", "{a}}", "}{a}", "{*}"] {
            assert_eq!(error(&format!("/x/{segment}")), PatternError::Brace { segment: segment.to_owned() });
        }
        assert_eq!(error("/{a}{b}"), PatternError::TwoInSegment { segment: "{a}{b}".to_owned() });
        for pattern in ["/{*a}/b", "/x{*a}", "/{*a}x"] {
            assert!(matches!(error(pattern), PatternError::RestNotLast { .. }), "{pattern}");
        }
        assert_eq!(error("/{a}/{*a}"), PatternError::Repeated { name: "a".to_owned() });
    }
}
