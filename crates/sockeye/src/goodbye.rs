//! What a client is told of the disconnection that follows: why, and when it may come back.
//!
//! It travels as the data of a noop packet, `6{"reason":"deploy","reconnectAfter":5000}`, in order with everything
//! else and on every transport. Clients of ours show it and obey it; all others skip a noop with whatever it
//! carries. This is an extension of engine.io-protocol v4.

use serde::Serialize;
use sockeye_proto::websocket::{Opcode, encode_frame};
use std::time::Duration;

/// A reason longer than this is cut, at a character.
const MAX_REASON_BYTES: usize = 512;

/// Why a client is disconnected, and when it may come back.
///
/// ```
/// use sockeye::Goodbye;
/// use std::time::Duration;
///
/// let goodbye = Goodbye::new().reason("deploy").reconnect_after(Duration::from_secs(5));
/// # drop(goodbye);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Goodbye {
    reason: Option<String>,
    reconnect_after: Option<Duration>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// In milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    reconnect_after: Option<u64>,
}

impl Goodbye {
    /// Says nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A text for the client's program or its user; of more than 512 bytes the rest is left out.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if reason.len() > MAX_REASON_BYTES {
            let end = (0..=MAX_REASON_BYTES).rev().find(|&end| reason.is_char_boundary(end));
            reason.truncate(end.unwrap_or(0));
        }
        self.reason = Some(reason);
        self
    }

    /// How long the client waits before it connects again, in whole milliseconds. What a client adds to spread a
    /// crowd comes on top.
    pub fn reconnect_after(mut self, after: Duration) -> Self {
        self.reconnect_after = Some(after);
        self
    }

    /// For the `Retry-After` of HTTP: whole seconds, rounded up.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        self.reconnect_after
            .map(|after| after.as_millis().div_ceil(1000))
            .and_then(|after| after.try_into().ok())
    }

    /// The noop as a frame of a queue; `None` when there is nothing to say.
    pub(crate) fn frame(&self) -> Option<Vec<u8>> {
        if *self == Self::default() {
            return None;
        }
        let reconnect_after =
            self.reconnect_after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        let wire = Wire { reason: self.reason.as_deref(), reconnect_after };
        let mut packet = b"6".to_vec();
        serde_json::to_writer(&mut packet, &wire).ok()?;
        let mut frame = Vec::with_capacity(packet.len() + 4);
        encode_frame(&mut frame, Opcode::Text, &packet, None);
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(goodbye: &Goodbye) -> Option<String> {
        goodbye.frame().map(|frame| String::from_utf8_lossy(&frame[2..]).into_owned())
    }

    #[test]
    fn only_what_is_said_travels() {
        let goodbye = Goodbye::new();
        assert_eq!(packet(&goodbye), None);
        let goodbye = goodbye.reconnect_after(Duration::from_micros(1_500_999));
        assert_eq!(packet(&goodbye).as_deref(), Some(r#"6{"reconnectAfter":1500}"#));
        assert_eq!(goodbye.retry_after_seconds(), Some(2));
        let goodbye = goodbye.reason("\"so\"");
        assert_eq!(packet(&goodbye).as_deref(), Some(r#"6{"reason":"\"so\"","reconnectAfter":1500}"#));
    }

    #[test]
    fn a_reason_is_cut_at_a_character_of_512_bytes() {
        for (before, kept) in [(511, 511), (512, 512), (513, 512)] {
            assert_eq!(Goodbye::new().reason("x".repeat(before)).reason.unwrap().len(), kept);
        }
        assert_eq!(Goodbye::new().reason("é".repeat(300)).reason.unwrap().len(), 512);
        assert_eq!(Goodbye::new().reason(format!("x{}", "é".repeat(300))).reason.unwrap().len(), 511);
    }
}
