//! The cases that `cargo xtask test` plays: all of the protocol itself, and of each setting of compression the quick ones.

/// Sections 1 to 7 and 10.
const CORE: &[&str] = &["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"];

/// Texts and bytes of several kinds and sizes, fragmented and not, with each offer that section 13 makes. Among them are
/// those whose messages get longer by compression.
const COMPRESSED: &[&str] = &[
    "12.1.1", "12.1.4", "12.1.7", "12.2.4", "12.2.6", "12.2.8", "12.3.5", "12.4.4", "12.5.5", "12.5.6",
    "12.5.8", "13.1.3", "13.2.5", "13.3.4", "13.4.3", "13.5.6", "13.6.5", "13.7.4", "13.7.7",
];

/// The sample in parts that can be played at the same time.
pub(super) fn chunks() -> Vec<Vec<String>> {
    [CORE, COMPRESSED].map(|cases| cases.iter().map(|case| (*case).to_owned()).collect()).to_vec()
}
