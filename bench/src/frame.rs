//! WebSocket frames as both ends of the kit need them (RFC 6455 § 5.2): the load generator sends masked
//! frames made once, the limit sends unmasked ones; each reads the other's.
//!
//! Only whole messages in one frame, as all servers under test send them. No check of reserved bits, of
//! UTF-8 or of limits: the kit measures, it does not judge conformance.

/// Opcode of a text message.
pub const TEXT: u8 = 1;
/// Opcode of a binary message.
pub const BINARY: u8 = 2;
/// Opcode of the closing handshake.
pub const CLOSE: u8 = 8;

/// The key of every masked frame here. Fixed, so that a frame is encoded once and sent a million times.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Where a frame's payload lies in the bytes it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// What the frame carries: [`TEXT`], [`BINARY`], [`CLOSE`] or another of the RFC's opcodes.
    pub opcode: u8,
    /// The bit that permessage-deflate sets (RFC 7692).
    pub compressed: bool,
    /// Bytes before the payload, masking key included.
    pub header: usize,
    /// Bytes of the payload.
    pub payload: usize,
}

impl Layout {
    /// Bytes of the whole frame.
    #[inline]
    pub fn total(&self) -> usize {
        self.header + self.payload
    }
}

/// A final masked frame, as a client sends it.
///
/// ```
/// let ping_answer = sockeye_bench::frame::masked(sockeye_bench::frame::TEXT, b"3");
/// assert_eq!(ping_answer, [0x81, 0x81, 0x37, 0xfa, 0x21, 0x3d, b'3' ^ 0x37]);
/// ```
pub fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    push_header(&mut frame, opcode, payload.len());
    frame[1] |= 0x80;
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// Appends a final unmasked frame, as a server sends it.
#[inline]
pub fn push(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    push_header(out, opcode, payload.len());
    out.extend_from_slice(payload);
}

/// Appends the header of a final unmasked frame of `payload` bytes.
#[inline]
pub fn push_header(out: &mut Vec<u8>, opcode: u8, payload: usize) {
    out.push(0x80 | opcode);
    if payload < 126 {
        out.push(payload as u8);
    } else if payload <= usize::from(u16::MAX) {
        out.push(126);
        out.extend_from_slice(&(payload as u16).to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(payload as u64).to_be_bytes());
    }
}

/// The first frame of what a server sent; `None` until all of it is there.
#[inline]
pub fn unmasked_layout(bytes: &[u8]) -> Option<Layout> {
    layout::<0>(bytes)
}

/// The first frame of what a client sent; `None` until all of it is there. Its payload is still masked.
#[inline]
pub fn masked_layout(bytes: &[u8]) -> Option<Layout> {
    layout::<4>(bytes)
}

#[inline]
fn layout<const KEY: usize>(bytes: &[u8]) -> Option<Layout> {
    let &[first, second, ..] = bytes else { return None };
    let (length, payload) = match second & 127 {
        126 => (4, usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).ok()?),
        short => (2, usize::from(short)),
    };
    let compressed = first & 0x40 != 0;
    let frame = Layout { opcode: first & 15, compressed, header: length + KEY, payload };
    (bytes.len().checked_sub(frame.header)? >= payload).then_some(frame)
}

/// Unmasks the payload of a complete frame in place and returns it. `frame` starts with the header.
#[inline]
pub fn unmask(frame: &mut [u8], layout: Layout) -> &[u8] {
    let (header, payload) = frame[..layout.total()].split_at_mut(layout.header);
    let key: [u8; 4] = *header.last_chunk().unwrap_or(&[0; 4]);
    let wide = u64::from_ne_bytes([key[0], key[1], key[2], key[3], key[0], key[1], key[2], key[3]]);
    let (words, tail) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (index, byte) in tail.iter_mut().enumerate() {
        *byte ^= key[index & 3];
    }
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_field_grows_at_126_and_at_65536_bytes() {
        for (payload, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut bytes = Vec::new();
            push(&mut bytes, BINARY, &vec![7; payload]);
            assert_eq!(
                unmasked_layout(&bytes),
                Some(Layout { opcode: BINARY, compressed: false, header, payload })
            );
        }
    }

    #[test]
    fn a_masked_frame_of_any_length_unmasks_to_its_payload() {
        for length in [0, 1, 3, 4, 5, 7, 8, 9, 12, 13, 15, 125, 126, 1031, 70_000] {
            let payload: Vec<u8> = (0..length).map(|i| (i * 31) as u8).collect();
            let mut bytes = masked(TEXT, &payload);
            let layout = masked_layout(&bytes).unwrap();
            assert_eq!((layout.opcode, layout.payload, layout.total()), (TEXT, length, bytes.len()));
            assert_eq!(unmask(&mut bytes, layout), payload, "{length} bytes");
        }
    }

    #[test]
    fn no_prefix_of_a_frame_is_a_frame() {
        for length in [0, 5, 200, 66_000] {
            let bytes = masked(TEXT, &vec![b'x'; length]);
            for end in (0..bytes.len()).step_by(1 + length / 50) {
                assert_eq!(masked_layout(&bytes[..end]), None, "{end} of {} bytes", bytes.len());
            }
        }
    }

    #[test]
    fn a_length_beyond_memory_is_never_complete() {
        let mut bytes = vec![0x82, 127];
        bytes.extend_from_slice(&u64::MAX.to_be_bytes());
        bytes.extend_from_slice(&[0; 64]);
        assert_eq!(unmasked_layout(&bytes), None);
        assert_eq!(masked_layout(&bytes), None);
    }

    #[test]
    fn bytes_behind_a_frame_are_left_alone() {
        let mut bytes = masked(TEXT, b"first");
        bytes.extend_from_slice(b"second");
        let layout = masked_layout(&bytes).unwrap();
        assert_eq!(unmask(&mut bytes, layout), b"first");
        assert_eq!(&bytes[layout.total()..], b"second");
    }
}
