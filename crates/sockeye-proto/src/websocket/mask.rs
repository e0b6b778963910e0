//! Masking (RFC 6455 § 5.3): every byte XOR the key's bytes in turn. The same call masks and unmasks.

/// Masks or unmasks `payload` in place; the key starts at the payload's first byte.
///
/// ```
/// let mut payload = *b"Hello";
/// sockeye_proto::websocket::apply_mask(&mut payload, [0x37, 0xfa, 0x21, 0x3d]);
/// assert_eq!(payload, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
/// ```
#[inline]
pub fn apply_mask(payload: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let wide_key = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, tail) = payload.as_chunks_mut::<8>();
    // The compiler widens this loop to vector registers.
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide_key).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(wide_key.to_ne_bytes()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule as the document states it: octet i is XORed with key octet i mod 4.
    fn by_the_book(payload: &mut [u8], key: [u8; 4]) {
        for (i, byte) in payload.iter_mut().enumerate() {
            *byte ^= key[i % 4];
        }
    }

    #[test]
    fn every_length_and_alignment_is_masked_as_the_book_says() {
        let key = [0x12, 0x00, 0xff, 0x7e];
        for start in 0..8 {
            for len in (0..=200).chain([65_534, 65_535, 65_536, 65_537]) {
                let mut fast: Vec<u8> = (0..start + len).map(|i| (i * 7) as u8).collect();
                let mut plain = fast.clone();
                apply_mask(&mut fast[start..], key);
                by_the_book(&mut plain[start..], key);
                assert_eq!(fast, plain, "{len} bytes from {start}");
            }
        }
    }

    #[test]
    fn masking_twice_is_the_identity() {
        let mut payload: Vec<u8> = (0..=255).collect();
        apply_mask(&mut payload, [1, 2, 3, 4]);
        apply_mask(&mut payload, [1, 2, 3, 4]);
        assert_eq!(payload, (0..=255).collect::<Vec<u8>>());
    }
}
