//! Which tables may hash without a key of their own. A client that knows the hash of a table fills one bucket of it.

use crate::source::{imports, sources};

/// The tables of `hashbrown` with its own, fast hasher, and who chooses their keys.
const FAST: [(&str, &str); 3] = [
    ("registry.rs", "session ids: made here, or by the application"),
    ("handler/table.rs", "names of events: the application's; clients only look them up"),
    ("ack/table.rs", "ids of acknowledgements: counted here"),
];

#[test]
fn only_tables_whose_keys_no_client_chooses_hash_without_a_random_key() {
    let mut fast = Vec::new();
    for folder in ["crates/sockeye-proto", "crates/sockeye-adapter", "crates/sockeye"] {
        for source in sources(folder) {
            let named = imports(&source.code);
            let without_key = |path: &String| {
                path.starts_with("hashbrown::HashMap")
                    || path.starts_with("hashbrown::HashSet")
                    || path.contains("foldhash")
                    || path.contains("fxhash")
                    || path.contains("rustc_hash")
            };
            if named.iter().any(without_key) {
                fast.push(source.path);
            }
        }
    }
    fast.sort();
    let mut allowed = FAST.map(|(path, _)| path);
    allowed.sort_unstable();
    // Everything else is std's HashMap, SipHash with random keys, or has a `RandomState`, as the table of rooms has.
    assert_eq!(fast, allowed);
}
