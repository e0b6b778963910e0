//! Tests of the engine: tables in wire bytes, the shared vectors, each session alone, and both facing each
//! other in virtual time.

mod client;
mod codec;
mod pair;
mod request;
mod server;
mod vectors;
mod world;

use crate::Timestamp;

/// `millis` after the origin.
fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Xorshift: the same numbers for the same seed, for ever.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
