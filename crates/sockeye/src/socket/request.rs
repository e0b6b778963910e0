//! What a socket's request said, in the words of the official server.

use super::Socket;
use serde_json::{Map, Value, json};
use std::time::{Duration, UNIX_EPOCH};

impl Socket {
    /// The handshake as JSON, as a stock server shows it to its clients and to `fetchSockets` of other nodes: `headers`,
    /// `time`, `address`, `xdomain`, `secure`, `issued` (milliseconds), `url`, `query` and `auth`. It holds the client's
    /// credentials.
    ///
    /// A header that came twice is one text with commas, a query parameter that came twice is an array.
    ///
    /// Source: mirrors `socket.handshake` in Node.
    pub fn handshake_json(&self) -> Value {
        let handshake = self.handshake();
        let since_epoch = handshake.time().duration_since(UNIX_EPOCH).unwrap_or_default();
        let auth = self.0.auth.as_deref().and_then(|auth| serde_json::from_str(auth).ok());
        let headers = handshake.headers().map(|(name, value)| (name, String::from_utf8_lossy(value)));
        json!({
            "headers": headers.fold(Map::new(), |mut headers, (name, value)| {
                match headers.get_mut(name) {
                    Some(Value::String(text)) => {
                        let separator = if name == "cookie" { "; " } else { ", " };
                        text.push_str(separator);
                        text.push_str(&value);
                    }
                    _ => drop(headers.insert(name.to_owned(), Value::from(value.into_owned()))),
                }
                headers
            }),
            "time": date(since_epoch),
            "address": handshake.address().map(|address| address.ip().to_string()),
            "xdomain": handshake.cross_domain(),
            "secure": handshake.secure(),
            "issued": u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
            "url": handshake.url(),
            "query": handshake.query().fold(Map::new(), |mut query, (key, value)| {
                match query.get_mut(&key) {
                    Some(Value::Array(values)) => values.push(Value::from(value)),
                    Some(first) => *first = json!([first.take(), value]),
                    None => drop(query.insert(key, Value::from(value))),
                }
                query
            }),
            "auth": auth.unwrap_or_else(|| json!({})),
        })
    }
}

/// What `String(new Date())` gives in UTC.
fn date(since_epoch: Duration) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = since_epoch.as_secs();
    let (day, time) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so that the leap day is the last one. 719 468 days lie before 1970.
    let day_of_era = (day + 719_468) % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let year = (day + 719_468) / 146_097 * 400 + year_of_era + u64::from(month >= 10);
    let name =
        |names: &[&'static str], at: u64| names.get(at as usize % names.len()).copied().unwrap_or_default();
    format!(
        "{} {} {day_of_month:02} {year} {:02}:{:02}:{:02} GMT+0000 (Coordinated Universal Time)",
        name(&DAYS, day),
        name(&MONTHS, month + 2),
        time / 3_600,
        time / 60 % 60,
        time % 60,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_that_of_javascript() {
        for (seconds, expected) in [
            (0, "Thu Jan 01 1970 00:00:00"),
            (951_782_399, "Mon Feb 28 2000 23:59:59"),
            (951_782_400, "Tue Feb 29 2000 00:00:00"),
            (951_868_800, "Wed Mar 01 2000 00:00:00"),
            (1_795_743_606, "Fri Nov 27 2026 01:40:06"),
            (4_107_542_400, "Mon Mar 01 2100 00:00:00"),
            (4_107_542_399, "Sun Feb 28 2100 23:59:59"),
        ] {
            let date = date(Duration::from_secs(seconds));
            assert_eq!(date, format!("{expected} GMT+0000 (Coordinated Universal Time)"));
        }
    }
}
